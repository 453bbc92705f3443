"""XLSX: COPY writes plain cells between control characters; the reader makes worksheet XML out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import attrs
from sqlalchemy import Float

from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.number_text import float_text
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.postgresql.moments import SerialText
from ticket_export.infrastructure.tickets.postgresql.rows.block_cells import (
    DELIMITER,
    END,
    ReadColumn,
    found_cells,
    is_number,
    read_columns,
    split_cells,
)
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import RowSpelling, Tickets
from ticket_export.infrastructure.tickets.postgresql.zones import unabbreviated
from ticket_export.infrastructure.tickets.sql_functions import TimeText
from ticket_export.infrastructure.tickets.sql_types import underlying
from ticket_export.infrastructure.tickets.ticket_select import select_tickets

# COPY writes it around a text that holds a delimiter, a line end or the quote itself, which it doubles.
_QUOTE: Final = b"\x1e"
_CELL: Final = re.compile(rb"(\x1e(?:[^\x1e]++|\x1e\x1e)*+\x1e|[^\x1e\x1f\0]*+)[\x1f\0]")
_NO_STRUCTURE: Final = bytes(set(range(256)) - {*_QUOTE, *DELIMITER, *END})
_TEXT: Final = b'<c t="inlineStr"><is><t xml:space="preserve">%b</t></is></c>'
# `rows` marks a text of more bytes than Excel takes UTF-16 units: it may be too long.
_LONG_TEXT: Final = b'<c t="inlineStr" s="0"><is><t xml:space="preserve">%b</t></is></c>'
_SAFE_BYTES: Final = 32_767
# A spreadsheet keeps as many digits of a number.
_SAFE_DIGITS: Final = 15
# Excel has the day before it twice.
_FIRST_DAY: Final = b"1900-03-01"
_ORIGIN: Final = date(1899, 12, 30)
_DAY: Final = len("YYYY-MM-DD")
_MOMENT: Final = len("YYYY-MM-DD HH:MM:SS")


def xlsx_rows(_format: XlsxFormat, tickets: Tickets) -> RowSpelling:
    """Return the spelling of XLSX."""
    query = attrs.evolve(tickets.query, time_zone=unabbreviated(tickets.query.time_zone))
    return RowSpelling(
        select=select_tickets(tickets.catalog, query, tickets.rows, finish=_with_serials),
        copy_options=f"FORMAT csv, DELIMITER E'\\x{DELIMITER.hex()}', QUOTE E'\\x{_QUOTE.hex()}'",
        end=END,
        finish=_Finish(query.columns, tickets.catalog),
    )


def _with_serials(_column: TicketColumn, cell: Expression) -> Expression:
    return SerialText(*cell.clauses) if isinstance(cell, TimeText) else cell


class _Finish:
    """Makes the rows of a block."""

    def __init__(self, columns: Sequence[TicketColumn], catalog: TicketCatalog) -> None:
        last = len(columns) - 1
        self._columns = [
            _column(column, catalog, b"" if place else b"<row>", b"</row>" if place == last else b"")
            for place, column in enumerate(columns)
        ]
        self._structure = DELIMITER * last + END

    def __call__(self, block: bytes) -> bytes:
        structure = block.translate(None, _NO_STRUCTURE)
        block = block.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
        separators = structure.replace(_QUOTE, b"")
        # Between two separators there are no quotes or two, unless a text holds one.
        if separators == self._structure * separators.count(END) and _QUOTE * 3 not in structure:
            return read_columns(split_cells(block.replace(_QUOTE, b"")), self._columns)
        return read_columns([_unquoted(cell) for cell in found_cells(block, _CELL)], self._columns)


def _unquoted(cell: bytes) -> bytes:
    return cell[1:-1].replace(_QUOTE * 2, _QUOTE) if cell.startswith(_QUOTE) else cell


def _column(column: TicketColumn, catalog: TicketCatalog, before: bytes, after: bytes) -> ReadColumn:
    """Return what makes cells of worksheet XML, with these bytes in front of and behind each."""
    form = _Form(before, after)
    if column.kind is ColumnKind.BOOLEAN:
        cells = {b"": form.empty, b"true": form.value(b' t="b"') % b"1", b"false": form.value(b' t="b"') % b"0"}
        return lambda texts: [cells[text] for text in texts]
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        return _numbers(form, is_float=isinstance(underlying(catalog.expression(column).type), Float))
    if column.kind is ColumnKind.DATE:
        return _moments(form)
    if column.kind is ColumnKind.DAY:
        return _days(form)
    return form.texts


class _Form:
    """The cells of a column: an empty one, and templates of the others."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before, self._after = before, after
        self.empty = before + b"<c/>" + after
        self.text = before + _TEXT + after
        self._long_text = before + _LONG_TEXT + after

    def value(self, attributes: bytes = b"") -> bytes:
        """Return the template of a value with these attributes."""
        return self._before + b"<c" + attributes + b"><v>%b</v></c>" + self._after

    def texts(self, texts: Sequence[bytes]) -> list[bytes]:
        """Return the cells of escaped texts."""
        template, empty = self.text, self.empty
        if len(max(texts, key=len, default=b"")) > _SAFE_BYTES:
            return [self._marked(text) % text if text else empty for text in texts]
        return [template % text if text else empty for text in texts]

    def _marked(self, text: bytes) -> bytes:
        raw = text.replace(b"&lt;", b"<").replace(b"&amp;", b"&")
        return self._long_text if len(raw) > _SAFE_BYTES else self.text


def _numbers(form: _Form, *, is_float: bool) -> ReadColumn:
    value = form.value()

    def other(text: bytes) -> bytes:
        if not text:
            return form.empty
        digits = text.replace(b"-", b"").replace(b".", b"").lstrip(b"0")
        return (value if is_number(text) and (is_float or len(digits) <= _SAFE_DIGITS) else form.text) % text

    return lambda texts: [
        value % text if text.isdigit() and len(text) <= _SAFE_DIGITS else other(text) for text in texts
    ]


def _moments(form: _Form) -> ReadColumn:
    value = form.value(b' s="1"')

    def other(text: bytes) -> bytes:
        if len(text) != _MOMENT or text < _FIRST_DAY:
            return form.text % text if text else form.empty
        since_1970 = datetime.fromisoformat(text.decode()) - datetime(1970, 1, 1)  # noqa: DTZ001 - local times
        return value % float_text(since_1970.total_seconds() / 86400 + 25569).encode()

    # A serial number, unless there is more than a point between its digits.
    return lambda texts: [value % text if text.replace(b".", b"").isdigit() else other(text) for text in texts]


def _days(form: _Form) -> ReadColumn:
    value = form.value(b' s="2"')

    # A help desk has few days.
    @lru_cache(maxsize=10_000)
    def cell(text: bytes) -> bytes:
        if len(text) != _DAY or text < _FIRST_DAY:
            return form.text % text if text else form.empty
        return value % b"%d" % (date.fromisoformat(text.decode()) - _ORIGIN).days

    return lambda texts: list(map(cell, texts))
