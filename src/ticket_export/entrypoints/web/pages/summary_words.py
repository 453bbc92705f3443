"""The one-line summary of a view, as an export has it, in words."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from markupsafe import Markup, escape
from pydantic import ValidationError

from ticket_export.application.dto import ColumnDto
from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.entrypoints.web.pages.language import Language, msgid
from ticket_export.entrypoints.web.pages.view_words import words_of

# As `view_summary` writes it: parts between "; ", and quoted texts as in Python.
_COLUMNS: Final = re.compile(r"columns (?P<names>[^;]+)(?:; |$)")
_QUOTED: Final = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_PART: Final = re.compile(
    rf"""(?:sort\ (?P<sort>\S+)\ (?P<direction>asc|desc)
      | file\ (?P<file>\S+)
      | (?P<name>[^\s;'"]+)(?:\ (?P<operator>\w+))?(?:\ (?P<value>{_QUOTED}))?
    )(?:;\ |$)""",
    re.VERBOSE,
)


@attrs.frozen
class SummaryWords:
    """`restrictions` tell an export from others; `columns` is empty if the summary is a fixed text."""

    restrictions: Markup
    columns: Markup = attrs.field(factory=Markup)


def summary_words(summary: str, columns: Sequence[ColumnDto], language: Language) -> SummaryWords:
    """Return the summary in words, with the labels of those `columns` that it names.

    What is not such a summary, or was cut, is shown as it is.
    """
    begin = _COLUMNS.match(summary)
    if begin is None:
        return SummaryWords(_isolated(language.message(summary) or summary))
    labels = {each.name.lower(): each.label for each in columns}
    shown = [_isolated(labels.get(name.lower(), name)) for name in begin["names"].split(", ")]
    names = escape(language.gettext(msgid(", "))).join(shown)
    rest = summary[begin.end() :]
    try:
        view = _view(list(_parts(rest)))
    except ValueError:
        return SummaryWords(_isolated(rest), names)
    words = words_of(view, columns, language) or [escape(language.gettext(msgid("All tickets")))]
    return SummaryWords(escape(language.gettext(msgid("; "))).join(words), names)


def _isolated(text: str) -> Markup:
    """Return the text with the direction of its own script."""
    return Markup("<bdi>{}</bdi>").format(text)


def _parts(text: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            raise ValueError("not a summary of a view")
        yield match
        place = match.end()


def _view(parts: Sequence[re.Match[str]]) -> ExportSnapshotPayload:
    view = ExportSnapshotPayload(columns=("any",))
    for part in parts:
        if part["name"] is None:
            continue
        value = literal_eval(part["value"]) if part["value"] else None
        try:
            view = view.model_copy(update=_changes(view, part["name"], part["operator"], value))
        except (ValidationError, SyntaxError) as error:
            raise ValueError("not a summary of a view") from error
    return view


def _changes(view: ExportSnapshotPayload, name: str, operator: str | None, value: str | None) -> dict[str, object]:
    if operator is not None:
        return {"filters": (*view.filters, ExportFilter(field=name, operator=operator, value=value))}
    scope = view.scope or ExportScope()
    match name:
        case "search":
            return {"search_term": value}
        case "team":
            return {"scope": scope.model_copy(update={"team_id": value})}
        case "assignee":
            return {"scope": scope.model_copy(update={"assigned_to_user_id": value})}
        case "delimiter":
            return {}
    raise ValueError("not a summary of a view")
