"""The formats of the library keep the contract of formats, as independent readers see them."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest

from ticket_export import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.infrastructure.formats.xlsx import FastXlsxFormat
from ticket_export.testing import FileFormatContract


class TestCsv(FileFormatContract[CsvFormat]):
    @pytest.fixture(params=[",", ";", "\t"], ids=["comma", "semicolon", "tab"])
    def file_format(self, request: pytest.FixtureRequest) -> CsvFormat:
        return CsvFormat(delimiter=request.param)

    def read_behind(self, file_format: CsvFormat, data: bytes) -> list[list[object]]:
        csv.field_size_limit(10**6)
        text = data.decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=file_format.delimiter, strict=True)
        return [[*row] for row in [*rows][1:]]


class TestCsvWithoutHeaderAndGuard(FileFormatContract[CsvFormat]):
    @pytest.fixture
    def file_format(self) -> CsvFormat:
        return CsvFormat(header=False, bom=False, formula_guard=False)

    def read_behind(self, file_format: CsvFormat, data: bytes) -> list[list[object]]:
        csv.field_size_limit(10**6)
        return [[*row] for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True)]


class TestNdjson(FileFormatContract[NdjsonFormat]):
    @pytest.fixture
    def file_format(self) -> NdjsonFormat:
        return NdjsonFormat()

    def read_behind(self, file_format: NdjsonFormat, data: bytes) -> list[list[object]]:
        assert data.endswith(b"\n") or not data
        return [list(json.loads(line).values()) for line in data.decode().split("\n")[:-1]]


class TestXlsx(FileFormatContract[XlsxFormat]):
    @pytest.fixture(params=[XlsxFormat, FastXlsxFormat], ids=["zlib", "isal"])
    def file_format(self, request: pytest.FixtureRequest) -> XlsxFormat:
        made: XlsxFormat = request.param()
        return made

    def read_behind(self, file_format: XlsxFormat, data: bytes) -> list[list[object]]:
        (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
        return [[*row] for row in sheet.iter_rows(min_row=2, values_only=True)]
