"""The border where a view comes in, from a host's code, a file or a stored job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from ticket_export.application.payload_model import Location, PayloadModel, message_of
from ticket_export.application.safe_text import quoted
from ticket_export.application.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.errors import InvalidPayloadError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ticket_export.application.ticket_column import TicketColumns

_NESTED: dict[object, type[PayloadModel]] = {"filters": ExportFilter, "scope": ExportScope}


def read_view(payload: object, columns: TicketColumns | None = None) -> ExportSnapshotPayload:
    """Check a view, given as a model, a mapping or JSON text, against the columns there are.

    Names of columns come back in the catalog's spelling, operators in their own. Without `columns`
    only the payload's shape is checked.

    Raises:
        InvalidPayloadError: naming every problem and where it is.
    """
    if isinstance(payload, (str, bytes)):
        payload = _parse_json(payload)
    if not isinstance(payload, (Mapping, ExportSnapshotPayload)):
        raise InvalidPayloadError([f"payload: must be an object with keys, not {type(payload).__name__}"])
    try:
        return ExportSnapshotPayload.model_validate(payload, context=columns)
    except ValidationError as error:
        raise InvalidPayloadError([_describe(each) for each in error.errors(include_url=False)]) from None


def _parse_json(text: str | bytes) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except InvalidPayloadError:
        raise
    except json.JSONDecodeError as error:
        raise InvalidPayloadError([f"payload: line {error.lineno} column {error.colno}: {error.msg}"]) from None
    except (ValueError, RecursionError):
        raise InvalidPayloadError(["payload: not JSON that can be read"]) from None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # JSON leaves open which of two values under one key counts; none of a view's may vanish unseen.
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise InvalidPayloadError([f"payload: the key {quoted(repeated)} is repeated in one object"])
    return members


def _describe(error: ErrorDetails) -> str:
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        model = _NESTED.get(location[0], ExportSnapshotPayload) if len(location) > 1 else ExportSnapshotPayload
        keys = ", ".join(to_camel(name) for name in model.model_fields)
        return f"{_location_text(location)}: unknown or repeated key; the keys here are {keys}"
    return f"{_location_text(location)}: {message_of(error)}"


def _location_text(location: Location) -> str:
    """``('filters', 0, 'value')`` as ``filters[0].value``; the whole payload as ``payload``."""
    text = ""
    for part in location:
        name = part if isinstance(part, str) and part.isascii() and part.isidentifier() else quoted(str(part))
        text += f"[{part}]" if isinstance(part, int) else f".{name}"
    return text.removeprefix(".") or "payload"
