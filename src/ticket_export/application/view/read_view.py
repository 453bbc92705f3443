"""The entry point for a view from a host's code, a file or a stored job."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ticket_export.application.safe_text import quoted
from ticket_export.application.view.file_options import FileOptions, OfferedFormats
from ticket_export.application.view.json_text import is_surely_small, parse_json, require_short, require_small
from ticket_export.application.view.payload_model import Location, PayloadModel, message_of
from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.view_context import ViewContext
from ticket_export.errors import ConfigurationError, InvalidPayloadError

_NESTED: dict[str, type[PayloadModel]] = {"filters": ExportFilter, "scope": ExportScope, "file": FileOptions}


def read_view(
    payload: object,
    columns: TicketColumns | None = None,
    *,
    formats: OfferedFormats | None = None,
    selections: Callable[[str], None] | None = None,
) -> ExportSnapshotPayload:
    """Check a view, which is a model, a mapping or JSON text, against the columns and the formats.

    `selections` is the check of `selection_check`; without it, the columns are those of tickets without selections.

    The result has the catalog's spelling of column names, the full names of operators, and every option of its file.
    What is None is not compared, and then only the shape is checked. For every payload the time is linear within
    `limits`.

    Raises:
        InvalidPayloadError: with every problem and its place, or the first ones of many.
        ConfigurationError: the function of selections of the host failed.
    """
    is_small = isinstance(payload, str) and is_surely_small(payload)
    if isinstance(payload, (str, bytes)):
        payload = parse_json(payload)
    if not isinstance(payload, (Mapping, ExportSnapshotPayload)):
        raise InvalidPayloadError([f"payload: must be an object with keys, not {type(payload).__name__}"])
    if not is_small:
        require_small(payload)
    try:
        view = ExportSnapshotPayload.model_validate(payload, context=ViewContext(columns, formats, selections))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for each in errors:
            # A function of the host failed. That is not a mistake of the view.
            if isinstance(cause := each.get("ctx", {}).get("error"), ConfigurationError):
                raise cause from None
        told = [_describe(each) for each in errors[: InvalidPayloadError.MOST]]
        raise InvalidPayloadError(told, more=len(errors) - len(told)) from None
    # A worker reads the stored text under the same limits.
    require_short(view.to_json())
    return view


def _describe(error: ErrorDetails) -> str:
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        outer = str(location[0]).lower() if len(location) > 1 else ""
        model = _NESTED.get(outer, ExportSnapshotPayload)
        return f"{_location_text(location)}: unknown or repeated key; the keys here are {', '.join(model.keys())}"
    return f"{_location_text(location)}: {message_of(error)}"


def _location_text(location: Location) -> str:
    """Return ``filters[0].value`` for ``('filters', 0, 'value')``, and ``payload`` for the whole payload."""
    text = ""
    for part in location:
        is_plain = isinstance(part, str) and part.isascii() and part.isidentifier()
        name = part if is_plain else quoted(str(part))
        text += f"[{part}]" if isinstance(part, int) else f".{name}"
    return text.removeprefix(".") or "payload"
