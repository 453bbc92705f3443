"""CSV: RFC 4180 with ``\\n`` ends, in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Self

import attrs

from ticket_export.application.guarded_records import guard_records
from ticket_export.application.number_text import number_text
from ticket_export.application.ports.file_format import (
    BOM,
    DELIMITER,
    HEADER,
    Cell,
    FileContainer,
    FileFormat,
    FormatOptions,
    RowBlock,
)
from ticket_export.application.view.ticket_column import IdType, TicketColumn

_MARK: Final = b"\xef\xbb\xbf"
# What the first cell of a file without a mark must not begin with: a spreadsheet takes a file that begins with ID for
# a SYLK file, and a reader drops U+FEFF as a mark.
_QUOTED_FIRST: Final = (b"ID", _MARK)
_MOMENT: Final = len("YYYY-MM-DD HH:MM:SS")


@attrs.frozen(kw_only=True)
class CsvFormat(FileFormat):
    """Comma-separated values, or those of another `delimiter`: ``;`` or a tab.

    `bom` writes a UTF-8 byte order mark, without which Excel reads the file in the machine's code page. `header` writes
    a record of labels. `formula_guard` guards every text: see `unguard`.
    """

    name = "csv"
    extension = ".csv"
    content_type = "text/csv; charset=utf-8"
    options = frozenset({DELIMITER, BOM, HEADER})

    bom: bool = True
    formula_guard: bool = True
    delimiter: str = ","
    header: bool = True

    @classmethod
    def of(cls, options: FormatOptions, /) -> Self:
        """Return the format with these options."""
        return cls(
            bom=options.bom,
            formula_guard=options.formula_guard,
            delimiter=options.delimiter,
            header=options.header,
        )

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        """Return whole records, guarded."""
        return self.guarded(encode_rows(cells, delimiter=self.delimiter), columns)

    def guarded(self, records: bytes, columns: Sequence[TicketColumn]) -> bytes:
        """Return whole records with the guard in every cell that needs it; a negative number needs none."""
        return self._guarded(records, list(map(may_hold_any_text, columns)))

    def container(self, columns: Sequence[TicketColumn]) -> FileContainer:
        """Return the container of one file."""
        labels = [[column.label for column in columns]] if self.header else []
        return _Container(self, self._guarded(encode_rows(labels, delimiter=self.delimiter), [True] * len(columns)))

    def _guarded(self, records: bytes, is_text: Sequence[bool]) -> bytes:
        return guard_records(records, is_text, delimiter=self.delimiter) if self.formula_guard else records


@attrs.define
class _Container(FileContainer):
    _format: CsvFormat
    _header: bytes
    _is_empty: bool = attrs.field(default=True, init=False)

    def begin(self) -> bytes:
        return self._first(self._header)

    def add(self, block: RowBlock) -> bytes:
        return self._first(block.data)

    def end(self) -> bytes:
        return b""

    @property
    def changes(self) -> Mapping[str, int]:
        return MappingProxyType({})

    def _first(self, records: bytes) -> bytes:
        """Return the records, changed if they are the first of the file."""
        if not self._is_empty or not records:
            return records
        self._is_empty = False
        if self._format.bom:
            return _MARK + records
        if records.startswith(_QUOTED_FIRST):
            delimiter = re.escape(self._format.delimiter.encode())
            return re.sub(b"[^%b\\n]*" % delimiter, rb'"\g<0>"', records, count=1)
        return records


def may_hold_any_text(column: TicketColumn) -> bool:
    """Return whether a database may store any text in the column; one of UUIDs may be stored as text."""
    return column.is_text or column.id_type is IdType.UUID


def encode_rows(rows: Sequence[Sequence[Cell]], *, delimiter: str = ",") -> bytes:
    """Return records of cells as CSV: ``"`` doubled, quotes only where needed, ``\\n`` at each end.

    A record of one empty cell is ``""``, since a reader skips an empty line.
    """
    if not rows:
        return b""
    # Column by column: most columns of a block need no quotes, and one search shows that. The csv module reads every
    # character of every cell and takes several times as long.
    quoted = [_quoted_column(column, delimiter) for column in zip(*rows, strict=True)]
    if len(quoted) == 1:
        quoted = [[cell or '""' for cell in quoted[0]]]
    records = map(delimiter.join, zip(*quoted, strict=True))
    return ("\n".join(records) + "\n").encode()


def _quoted_column(cells: Sequence[Cell], delimiter: str) -> Sequence[str]:
    texts = [cell if type(cell) is str else "" if cell is None else _shown(cell) for cell in cells]
    every = "".join(texts)
    needing = [each for each in (delimiter, '"', "\n", "\r") if each in every]
    if not needing:
        return texts
    if len(needing) == 1:
        (one,) = needing
        return [_quoted(text) if one in text else text for text in texts]
    return [
        _quoted(text) if delimiter in text or '"' in text or "\n" in text or "\r" in text else text for text in texts
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _shown(cell: str | float | Decimal | date) -> str:
    if type(cell) is int:
        return str(cell)
    match cell:
        case bool():
            return "true" if cell else "false"
        case int() | float() | Decimal():
            return number_text(cell)
        case datetime():
            return cell.isoformat(" ", "seconds")[:_MOMENT]
    return str(cell)
