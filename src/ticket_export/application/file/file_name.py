"""The name under which a user saves a file: by a template, or by a function of the host."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from ticket_export.application.file.download import MAX_NAME_LENGTH, safe_name
from ticket_export.application.safe_text import quoted
from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)

#: Returns the name of the job's file without extension. It must return the same name at each call for the same job.
FileNaming: TypeAlias = Callable[[ExportJob], str]

#: The template of the settings' default.
DEFAULT_TEMPLATE: Final = "tickets-{requested_at}"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_NAMES: Final = "{requested_at}, {requested_at:%Y-%m-%d}, {requester} and {id}"
_FORMS: Final = "requested_at takes %Y %y %m %d %j %H %M %S, the others take none"
# A parser of its own, because str.format would give a template every attribute of every object.
_PART: Final = re.compile(r"\{(?P<name>[^{}:]*)(?P<form>:[^{}]*)?\}|(?P<brace>[{}])")
_UNKNOWN_DIRECTIVE: Final = re.compile(r"%(?![YmdHMSyj])")


@attrs.frozen
class FileNameTemplate:
    """A text with the placeholders ``{requested_at}``, ``{requester}`` and ``{id}``.

    `requested_at` is the time of the request in UTC; ``{requested_at:%Y-%m-%d}`` formats it with the directives
    ``%Y %y %m %d %j %H %M %S``. `requester` is the requester's name, else the e-mail address, else the id of the user.
    `id` is the id of the export.

    Raises:
        ValueError: the text has another placeholder, another directive, or a brace alone.
    """

    text: str = DEFAULT_TEMPLATE

    def __attrs_post_init__(self) -> None:
        for part in _PART.finditer(self.text):
            form = part["form"] or ""
            if part["brace"] or part["name"] not in {"requested_at", "requester", "id"}:
                raise ValueError(f"unknown placeholder {quoted(part[0])}; use {_NAMES}")
            if (form and part["name"] != "requested_at") or form == ":" or _UNKNOWN_DIRECTIVE.search(form):
                raise ValueError(f"{quoted(part[0])} has an unknown format; {_FORMS}")

    def __call__(self, job: ExportJob) -> str:
        """Return the name of the job's file, without extension."""
        user = job.requester
        names = {
            "id": str(job.id),
            "requester": (user and (user.full_name or user.email_address)) or str(job.requester_user_id),
        }

        def value(part: re.Match[str]) -> str:
            return names.get(part["name"]) or job.requested_at.strftime((part["form"] or f":{_TIME}")[1:])

        return _PART.sub(value, self.text)


def file_name(naming: FileNaming, job: ExportJob, *, extension: str = ".csv") -> str:
    """Return the user's name of the file: safe for a header and for every file system, with its `extension`.

    A function of the host that fails, or that returns no name, is logged,
    and the file has the default name: its rows are worth more than its name.
    """
    try:
        stem = _stem(naming(job), extension)
    except Exception:  # noqa: BLE001 - as the docstring says
        _log.exception("the file of export %s gets the default name", job.id, extra={"job_id": str(job.id)})
        stem = FileNameTemplate()(job)
    return stem + extension


def _stem(name: object, extension: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the function of the file name returned {type(name).__name__}, not a text")
    stem = name.removesuffix(extension).removesuffix(_format_of(extension)).strip(". ")
    if not stem:
        raise ValueError("the function of the file name returned no name")
    return safe_name(stem[: MAX_NAME_LENGTH - len(extension)])


def _format_of(extension: str) -> str:
    # A compression has an extension of its own behind that of the format.
    return "." + extension.removeprefix(".").partition(".")[0]
