"""CSV: RFC 4180 with ``\\n`` ends, in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Self

import attrs

from ticket_export.application.formula_guard import guard
from ticket_export.application.guarded_records import need_guard
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
from ticket_export.application.view.ticket_column import TicketColumn

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
        """Return whole records; every text is guarded, in whatever column it is."""
        return encode_rows(cells, delimiter=self.delimiter, formula_guard=self.formula_guard)

    def container(self, columns: Sequence[TicketColumn]) -> FileContainer:
        """Return the container of one file."""
        labels = [[column.label for column in columns]] if self.header else []
        return _Container(self, encode_rows(labels, delimiter=self.delimiter, formula_guard=self.formula_guard))


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


def encode_rows(rows: Sequence[Sequence[Cell]], *, delimiter: str = ",", formula_guard: bool = False) -> bytes:
    """Return records of cells as CSV: ``"`` doubled, quotes only where needed, ``\\n`` at each end.

    A record of one empty cell is ``""``, since a reader skips an empty line. `formula_guard` guards every text, but not
    numbers.
    """
    if not rows:
        return b""
    # Column by column: most columns of a block need no quotes, and one search shows that. The csv module reads every
    # character of every cell and takes several times as long.
    columns: Iterable[Sequence[Cell]] = zip(*rows, strict=True)
    if formula_guard:
        columns = (_guarded_column(column, delimiter) for column in columns)
    quoted = [_quoted_column(column, delimiter) for column in columns]
    if len(quoted) == 1:
        quoted = [[cell or '""' for cell in quoted[0]]]
    records = map(delimiter.join, zip(*quoted, strict=True))
    return ("\n".join(records) + "\n").encode()


def _guarded_column(cells: Sequence[Cell], delimiter: str) -> Sequence[Cell]:
    if not need_guard((cell for cell in cells if isinstance(cell, str)), delimiter=delimiter):
        return cells
    return [guard(cell, delimiter=delimiter) if isinstance(cell, str) else cell for cell in cells]


def _quoted_column(cells: Sequence[Cell], delimiter: str) -> Sequence[str]:
    texts = [cell if isinstance(cell, str) else _shown(cell) for cell in cells]
    if not _needs_quotes("".join(texts), delimiter):
        return texts
    return ['"' + text.replace('"', '""') + '"' if _needs_quotes(text, delimiter) else text for text in texts]


def _needs_quotes(text: str, delimiter: str) -> bool:
    return delimiter in text or '"' in text or "\n" in text or "\r" in text


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int() | float() | Decimal():
            return number_text(cell)
        case datetime():
            return cell.isoformat(" ", "seconds")[:_MOMENT]
    return str(cell)
