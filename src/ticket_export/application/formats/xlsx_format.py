"""XLSX: workbooks of Excel, LibreOffice and Google Sheets (ECMA-376)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Self

import attrs

from ticket_export.application.formats.xlsx_parts import (
    CONTENT_TYPES,
    PACKAGE_RELATIONS,
    STYLES,
    sheet_end,
    sheet_part,
    sheet_start,
    workbook,
    workbook_relations,
)
from ticket_export.application.formats.xlsx_rows import ROW_END, worksheet_rows
from ticket_export.application.formats.xlsx_texts import WorksheetTexts
from ticket_export.application.formats.xlsx_zip import ZLIB, Deflate, ZipStream
from ticket_export.application.ports.file_format import (
    HEADER,
    Cell,
    FileContainer,
    FileFormat,
    FormatOptions,
    RowBlock,
)
from ticket_export.application.view.ticket_column import TicketColumn

#: Excel's limit is 1,048,576 rows, that of the header included.
SHEET_ROWS: Final = 1_048_575


@attrs.frozen(kw_only=True)
class XlsxFormat(FileFormat):
    """A workbook with typed cells: numbers, booleans, days, and date-times in the view's zone. Texts are exact.

    A text is never run as a formula, so that nothing is guarded. Every sheet has at most `SHEET_ROWS` tickets, below
    the labels if `header` is set; more tickets are on further sheets. `deflate` packs the file.

    A number of more than 15 digits and a date before March 1900 are texts. A text of more than 32,767 UTF-16 code units
    is cut, and a character that XML 1.0 forbids becomes U+FFFD; `FileContainer.changes` counts the cells of both as
    ``cutTexts`` and ``replacedTexts``.
    """

    name = "xlsx"
    extension = ".xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    is_packed = True
    options = frozenset({HEADER})

    header: bool = True
    deflate: Deflate = ZLIB

    @classmethod
    def of(cls, options: FormatOptions, /) -> Self:
        """Return the format with these options."""
        return cls(header=options.header)

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        """Return whole rows of a worksheet, before the container repairs their texts."""
        return worksheet_rows(cells)

    def container(self, columns: Sequence[TicketColumn]) -> FileContainer:
        """Return the container of one file."""
        return _Workbook(columns, ZipStream(self.deflate), header=self.header)


class _Workbook(FileContainer):
    def __init__(self, columns: Sequence[TicketColumn], archive: ZipStream, *, header: bool) -> None:
        self._columns = columns
        self._archive = archive
        self._header = header
        self._texts = WorksheetTexts()
        # The tickets on each sheet.
        self._sheets: list[int] = []

    def begin(self) -> bytes:
        return (
            self._archive.store("[Content_Types].xml", CONTENT_TYPES)
            + self._archive.store("_rels/.rels", PACKAGE_RELATIONS)
            + self._archive.store("xl/styles.xml", STYLES)
            + self._open_sheet()
        )

    def add(self, block: RowBlock) -> bytes:
        rows, number = self._texts(block.data), block.rows
        packed = []
        while number > (free := SHEET_ROWS - self._sheets[-1]):
            here, rows = _split(rows, free)
            number -= free
            packed += [self._write(here, free), self._close_sheet(), self._open_sheet()]
        packed.append(self._write(rows, number))
        return b"".join(packed)

    def end(self) -> bytes:
        rows = [tickets + self._header for tickets in self._sheets]
        return (
            self._close_sheet()
            + self._archive.store("xl/_rels/workbook.xml.rels", workbook_relations(len(rows)))
            + self._archive.store("xl/workbook.xml", workbook(self._columns, rows=rows, header=self._header))
            + self._archive.end()
        )

    @property
    def changes(self) -> Mapping[str, int]:
        return {"cutTexts": self._texts.cut, "replacedTexts": self._texts.replaced}

    def _write(self, rows: bytes, number: int) -> bytes:
        self._sheets[-1] += number
        return self._archive.write(rows)

    def _open_sheet(self) -> bytes:
        self._sheets.append(0)
        number = len(self._sheets)
        start = sheet_start(self._columns, number=number, header=self._header)
        return self._archive.open(sheet_part(number)) + self._archive.write(start)

    def _close_sheet(self) -> bytes:
        end = sheet_end(self._columns, rows=self._sheets[-1] + self._header, header=self._header)
        return self._archive.write(end) + self._archive.close()


def _split(rows: bytes, number: int) -> tuple[bytes, bytes]:
    end = ROW_END.encode()
    place = 0
    for _ in range(number):
        place = rows.index(end, place) + len(end)
    return rows[:place], rows[place:]
