"""NDJSON: one JSON object (RFC 8259) a line, in UTF-8; the keys are the names of the columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.number_text import number_text
from ticket_export.application.ports.file_format import Cell
from ticket_export.application.view.ticket_column import TicketColumn

_MINUTE: Final = timedelta(minutes=1)
#: JSON text as it is, except for what JSON must escape. It is a method of the C encoder's class, so that no call makes
#: an encoder of its own.
json_text: Final[Callable[[object], str]] = json.JSONEncoder(ensure_ascii=False).encode


class NdjsonFormat(PlainFormat):
    """Newline-delimited JSON for programs.

    An empty text is ``""``, and a cell without a value is ``null``. A number is written as in CSV, with all its digits.
    A moment is text of RFC 3339 with the zone's offset, such as ``2026-03-01T10:30:15+01:00``; if the offset is not of
    whole minutes, as before 1900, the same moment is in UTC. What JSON or the calendar does not have, such as ``NaN``
    and ``infinity``, is a text.
    """

    name = "ndjson"
    extension = ".ndjson"
    content_type = "application/x-ndjson"

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        """Return one object for each row."""
        if not cells:
            return b""
        keys = [f"{json_text(column.name)}:" for column in columns]
        values = zip(*cells, strict=True)
        members = [[key + _value(cell) for cell in column] for key, column in zip(keys, values, strict=True)]
        return "".join(f"{{{','.join(row)}}}\n" for row in zip(*members, strict=True)).encode()


def _value(cell: Cell) -> str:
    match cell:
        case None:
            return "null"
        case str():
            return json_text(cell)
        case bool():
            return "true" if cell else "false"
        case datetime():
            return f'"{in_whole_minutes(cell).isoformat()}"'
        case date():
            return f'"{cell}"'
        case int() | float() | Decimal():  # pragma: no branch - there are no others
            number = number_text(cell)
            return number if number[-1].isdigit() else f'"{number}"'


def in_whole_minutes(moment: datetime) -> datetime:
    """Return the aware moment, in UTC if its offset is not of whole minutes: RFC 3339 has no seconds in an offset."""
    return moment.astimezone(UTC) if (moment.utcoffset() or _MINUTE) % _MINUTE else moment
