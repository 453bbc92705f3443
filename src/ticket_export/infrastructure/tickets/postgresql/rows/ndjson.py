"""NDJSON: COPY's text format escapes nearly as JSON does; the reader adds quotation marks and names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

import attrs

from ticket_export.application.formats.ndjson_format import NdjsonFormat, in_whole_minutes, json_text
from ticket_export.application.view.local_time import shown_moment
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.postgresql.moments import OffsetText
from ticket_export.infrastructure.tickets.postgresql.rows.block_cells import (
    DELIMITER,
    END,
    ReadColumn,
    controls_of,
    found_cells,
    is_number,
    read_columns,
    split_cells,
)
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import RowSpelling, Tickets
from ticket_export.infrastructure.tickets.postgresql.zones import unabbreviated
from ticket_export.infrastructure.tickets.sql_functions import TimeText
from ticket_export.infrastructure.tickets.ticket_select import select_tickets, zone_name

# COPY doubles a backslash, so this is no text.
_NULL: Final = rb"\N"
# A cell and its end; COPY writes a backslash in front of a delimiter in a text.
_CELL: Final = re.compile(rb"((?:[^\\\x1f\0]++|\\.)*+)[\x1f\0]", re.DOTALL)
# What COPY writes in another way than JSON: a vertical tab as \v, a delimiter with a backslash, other controls as they
# are. A backslash that begins another escape is found too, with its second character.
_ESCAPED: Final = re.compile(rb"\\.|[\x01-\x1f]", re.DOTALL)
_UTC: Final = b"+00:00"
_DAY: Final = len("YYYY-MM-DD")
_TIME: Final = len("YYYY-MM-DD ")
_MOMENT: Final = len("YYYY-MM-DD HH:MM:SS")


def ndjson_rows(_format: NdjsonFormat, tickets: Tickets) -> RowSpelling:
    """Return the spelling of NDJSON."""
    query = tickets.query
    in_zone = attrs.evolve(query, time_zone=unabbreviated(query.time_zone))
    return RowSpelling(
        select=select_tickets(tickets.catalog, in_zone, tickets.rows, finish=_with_offset, shown=tickets.shown),
        copy_options=f"FORMAT text, DELIMITER E'\\x{DELIMITER.hex()}'",
        end=END,
        finish=_Finish(query),
    )


def _with_offset(_column: TicketColumn, cell: Expression) -> Expression:
    # In UTC all have the same offset.
    return OffsetText(*cell.clauses) if isinstance(cell, TimeText) and len(cell.clauses) > 1 else cell


class _Finish:
    """Makes the lines of a block."""

    def __init__(self, query: TicketQuery) -> None:
        last = len(query.columns) - 1
        self._columns = [
            _column(column, query, b"" if place else b"{", b"}\n" if place == last else b",")
            for place, column in enumerate(query.columns)
        ]
        self._controls = DELIMITER * last + END

    def __call__(self, block: bytes) -> bytes:
        controls = controls_of(block)
        block = block.replace(b'"', rb"\"")
        if controls == self._controls * controls.count(END) and rb"\v" not in block:
            return read_columns(split_cells(block), self._columns)
        cells = [_ESCAPED.sub(_escape, cell) for cell in found_cells(block, _CELL)]
        return read_columns(cells, self._columns)


def _escape(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    if escape == rb"\v":
        return rb"\u000b"
    code = escape[-1]
    return rb"\u%04x" % code if code < ord(" ") else escape


def _column(column: TicketColumn, query: TicketQuery, before: bytes, after: bytes) -> ReadColumn:
    """Return what makes members of an object, with these bytes in front of and behind each."""
    key = before + json_text(column.name).encode() + b":"
    null = key + b"null" + after
    # Templates of a plain value, a string and a moment.
    value, text, moment = (
        key.replace(b"%", b"%%") + form + after for form in (b"%b", b'"%b"', b'"%bT%b' + _UTC + b'"')
    )
    if column.kind is ColumnKind.BOOLEAN:
        members = {_NULL: null, b"true": value % b"true", b"false": value % b"false"}
        return lambda cells: [members[cell] for cell in cells]
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        # NaN, Infinity and a number that is too long for Python are strings.
        return lambda cells: [(value if is_number(cell) else text) % cell if cell != _NULL else null for cell in cells]
    if column.kind is ColumnKind.DATE and zone_name(query) == "UTC":
        # No other moment is as long, and no text of another kind is in the column.
        return lambda cells: [
            moment % (cell[:_DAY], cell[_TIME:]) if len(cell) == _MOMENT else null if cell == _NULL else text % cell
            for cell in cells
        ]
    if column.kind is ColumnKind.DATE:
        moments = _Moments(query.time_zone)
        return lambda cells: [null if cell == _NULL else text % moments(cell) for cell in cells]
    return lambda cells: [null if cell == _NULL else text % cell for cell in cells]


class _Moments:
    """Converts an `OffsetText`."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._offsets: dict[bytes, bytes] = {}

    def __call__(self, cell: bytes) -> bytes:
        if cell[_MOMENT : _MOMENT + 1] == b"+":
            offset = self._offsets.get(cell[_MOMENT + 1 :])
            if offset:
                return cell[:_DAY] + b"T" + cell[_TIME:_MOMENT] + offset
            return self._new(cell)
        if len(cell) != _MOMENT:
            return cell
        in_utc = datetime.fromisoformat(cell.decode()).replace(tzinfo=UTC)
        return in_whole_minutes(shown_moment(in_utc, self._zone)).isoformat().encode()

    def _new(self, cell: bytes) -> bytes:
        seconds = timedelta(seconds=float(cell[_MOMENT + 1 :]))
        local = datetime.fromisoformat(cell[:_MOMENT].decode())
        shown = in_whole_minutes(local.replace(tzinfo=timezone(seconds)))
        text = shown.isoformat().encode()
        if shown.utcoffset() == seconds:
            self._offsets[cell[_MOMENT + 1 :]] = text[_MOMENT:]
        return text
