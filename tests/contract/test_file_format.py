"""Every format keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence

import openpyxl
import pytest

from ticket_export import unguard
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import Cell, FormatOptions
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.infrastructure.formats.xlsx import FastXlsxFormat
from ticket_export.testing import FileFormatContract


def records_of(file_format: CsvFormat, data: bytes) -> list[list[object]]:
    text = data.decode("utf-8-sig" if file_format.bom else "utf-8")
    records = csv.reader(io.StringIO(text, newline=""), delimiter=file_format.delimiter, strict=True)
    rows: list[list[object]] = [[unguard(cell, delimiter=file_format.delimiter) for cell in row] for row in records]
    return rows[1:] if file_format.header else rows


class TestCsvFormat(FileFormatContract[CsvFormat]):
    @pytest.fixture(params=[",", ";", "\t"], ids=["comma", "semicolon", "tab"])
    def file_format(self, request: pytest.FixtureRequest) -> CsvFormat:
        return CsvFormat(delimiter=request.param)

    def read_behind(self, file_format: CsvFormat, data: bytes) -> list[list[object]]:
        return records_of(file_format, data)


class TestNdjsonFormat(FileFormatContract[NdjsonFormat]):
    @pytest.fixture
    def file_format(self) -> NdjsonFormat:
        return NdjsonFormat()

    def read_behind(self, file_format: NdjsonFormat, data: bytes) -> list[list[object]]:
        *lines, rest = data.decode().split("\n")
        assert rest == ""
        return [list(json.loads(line).values()) for line in lines]


class TestXlsxFormat(FileFormatContract[XlsxFormat]):
    @pytest.fixture(params=[XlsxFormat, FastXlsxFormat])
    def file_format(self, request: pytest.FixtureRequest) -> XlsxFormat:
        made: XlsxFormat = request.param.of(FormatOptions())
        return made

    def read_behind(self, file_format: XlsxFormat, data: bytes) -> list[list[object]]:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        try:
            _header, *rows = book.worksheets[0].iter_rows()
            return [[_unescaped(cell.value) for cell in row] for row in rows]
        finally:
            book.close()


def _unescaped(value: object) -> object:
    """ECMA-376, ST_Xstring: openpyxl leaves the escapes of inline texts as they are."""
    if not isinstance(value, str):
        return value
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value)


class Joined(PlainFormat):
    """Puts line ends between rows only."""

    name, extension, content_type = "joined", ".txt", "text/plain"

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return b"\n".join(",".join(str(cell) for cell in row).encode() for row in cells)


class Misnamed(Joined):
    name = "Joined Text"


class JoinedContract(FileFormatContract[Joined]):
    def read_behind(self, file_format: Joined, data: bytes) -> list[list[object]]:
        return [list(line.split(",")) for line in data.decode().split("\n")]


_contract = JoinedContract()


def test_contract_notices_rows_that_run_into_each_other() -> None:
    with pytest.raises(AssertionError):
        _contract.test_blocks_of_any_length_are_one_file(Joined())


def test_contract_notices_a_name_that_no_view_can_have() -> None:
    with pytest.raises(AssertionError):
        _contract.test_format_has_names_that_go_into_views_files_and_headers(Misnamed())
