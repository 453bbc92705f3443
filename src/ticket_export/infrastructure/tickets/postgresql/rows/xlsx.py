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
from ticket_export.application.formats.xlsx_rows import (
    MARKED_BYTES,
    MARKED_TEXT,
    MOMENT_STYLE,
    ROW_END,
    SAFE_DIGITS,
    TEXT,
    TEXT_END,
    worksheet_rows,
)
from ticket_export.application.ports.file_format import Cell
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
from ticket_export.infrastructure.tickets.typed_cells import number_reader

# COPY writes it around a text that holds a delimiter, a line end or the quote itself, which it doubles.
_QUOTE: Final = b"\x1e"
_CELL: Final = re.compile(rb"(\x1e(?:[^\x1e]++|\x1e\x1e)*+\x1e|[^\x1e\x1f\0]*+)[\x1f\0]")
_NO_STRUCTURE: Final = bytes(set(range(256)) - {*_QUOTE, *DELIMITER, *END})
_TEXT: Final = f"{TEXT}%b{TEXT_END}".encode()
_MARKED_TEXT: Final = f"{MARKED_TEXT}%b{TEXT_END}".encode()
_ROW: Final = b"<row>"
_ROW_END: Final = ROW_END.encode()
_DAY: Final = len("YYYY-MM-DD")
_MOMENT: Final = len("YYYY-MM-DD HH:MM:SS")


def xlsx_rows(_format: XlsxFormat, tickets: Tickets) -> RowSpelling:
    """Return the spelling of XLSX."""
    query = attrs.evolve(tickets.query, time_zone=unabbreviated(tickets.query.time_zone))
    return RowSpelling(
        select=select_tickets(tickets.catalog, query, tickets.rows, finish=_with_serials, shown=tickets.shown),
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
            _column(column, catalog, b"" if place else _ROW, _ROW_END if place == last else b"")
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
        cells = {b"": form.empty, b"true": form.cell(True), b"false": form.cell(False)}
        return lambda texts: [cells[text] for text in texts]
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        return _numbers(form, column, catalog)
    if column.kind is ColumnKind.DATE:
        return _moments(form)
    if column.kind is ColumnKind.DAY:
        return _days(form)
    return form.texts


class _Form:
    """The cells of a column: an empty one, templates, and those that `XlsxFormat` writes itself."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before, self._after = before, after
        self.empty = before + b"<c/>" + after
        self._text, self._marked_text = before + _TEXT + after, before + _MARKED_TEXT + after

    def value(self, attribute: str = "") -> bytes:
        """Return the template of a value."""
        return self._before + f"<c{attribute}><v>%b</v></c>".encode() + self._after

    def cell(self, cell: Cell) -> bytes:
        """Return any cell; it takes microseconds."""
        return self._before + worksheet_rows([[cell]])[len(_ROW) : -len(_ROW_END)] + self._after

    def texts(self, texts: Sequence[bytes]) -> list[bytes]:
        """Return the cells of escaped texts."""
        template, empty = self._text, self.empty
        if len(max(texts, key=len)) > MARKED_BYTES:
            return [self._template(text) % text if text else empty for text in texts]
        return [template % text if text else empty for text in texts]

    def _template(self, text: bytes) -> bytes:
        raw = text.replace(b"&lt;", b"<").replace(b"&amp;", b"&")
        return self._marked_text if len(raw) > MARKED_BYTES else self._text


def _numbers(form: _Form, column: TicketColumn, catalog: TicketCatalog) -> ReadColumn:
    value, read = form.value(), number_reader(catalog, column)
    is_float = isinstance(underlying(catalog.expression(column).type), Float)

    def other(text: bytes) -> bytes:
        if is_float and is_number(text):
            return value % text
        return form.cell(read(text.decode())) if text else form.empty

    return lambda texts: [
        value % text if len(text) <= SAFE_DIGITS and text.translate(None, b"-.").isdigit() else other(text)
        for text in texts
    ]


def _moments(form: _Form) -> ReadColumn:
    value = form.value(f' s="{MOMENT_STYLE}"')

    def other(text: bytes) -> bytes:
        if not text:
            return form.empty
        shown = text.decode()
        return form.cell(datetime.fromisoformat(shown) if len(text) == _MOMENT else shown)

    # A serial number, unless there is more than a point between its digits.
    return lambda texts: [value % text if text.translate(None, b".").isdigit() else other(text) for text in texts]


def _days(form: _Form) -> ReadColumn:
    # A help desk has few days.
    @lru_cache(maxsize=10_000)
    def cell(text: bytes) -> bytes:
        shown = text.decode()
        return form.cell(date.fromisoformat(shown) if len(text) == _DAY else shown)

    return lambda texts: list(map(cell, texts))
