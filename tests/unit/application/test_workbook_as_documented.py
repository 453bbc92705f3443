"""What docs/reference/views.md says of workbooks, read by a program that did not write them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ticket_export.application.formats import xlsx_format
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import Cell, RowBlock
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

BERLIN = ZoneInfo("Europe/Berlin")


def workbook(kind: ColumnKind, cells: Sequence[Cell]) -> tuple[Worksheet, dict[str, int]]:
    """The sheet with one column of these cells, and the changes that are counted."""
    columns = [TicketColumn(name="x", label="Label", kind=kind)]
    container = XlsxFormat().container(columns)
    rows = XlsxFormat().rows(columns, [[cell] for cell in cells])
    file = container.begin() + container.add(RowBlock(rows, len(cells))) + container.end()
    (sheet,) = openpyxl.load_workbook(io.BytesIO(file)).worksheets
    return sheet, dict(container.changes)


def read_back(kind: ColumnKind, *cells: Cell) -> list[tuple[str, object]]:
    sheet, _ = workbook(kind, cells)
    return [(cell.data_type, cell.value) for (cell,) in sheet.iter_rows(min_row=2)]


def test_header_is_bold_stays_in_view_and_has_a_filter() -> None:
    sheet, changes = workbook(ColumnKind.TEXT, ["a"])
    assert (sheet["A1"].value, sheet["A1"].font.bold, sheet["A2"].font.bold) == ("Label", True, False)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:A2")
    assert changes == {"cutTexts": 0, "replacedTexts": 0}


@pytest.mark.parametrize("text", ["00123", "1E5", "12345678901234567890", "2024-01-02", "=1+1", "'=1", " a\t\n", "<&>"])
def test_text_is_the_same_text_and_never_a_formula(text: str) -> None:
    assert read_back(ColumnKind.TEXT, text) == [("s", text)]


def test_cells_have_the_type_of_their_column() -> None:
    assert read_back(ColumnKind.NUMBER, 7, Decimal("1.50"), -0.5) == [("n", 7), ("n", 1.5), ("n", -0.5)]
    assert read_back(ColumnKind.BOOLEAN, True, False) == [("b", True), ("b", False)]
    assert read_back(ColumnKind.DAY, date(2026, 3, 1)) == [("d", datetime(2026, 3, 1))]  # noqa: DTZ001 - as it is read
    shown = datetime(2026, 3, 1, 10, 30, 15)  # noqa: DTZ001 - a workbook knows no zones
    assert read_back(ColumnKind.DATE, shown.replace(tzinfo=BERLIN)) == [("d", shown)]
    assert read_back(ColumnKind.TEXT, None, "") == [("n", None), ("n", None)]


def test_number_of_more_than_15_digits_and_what_is_no_number_are_texts() -> None:
    cells: list[Cell] = [123456789012345, 1234567890123456, Decimal("0.1234567890123456"), float("nan"), float("inf")]
    assert read_back(ColumnKind.NUMBER, *cells) == [
        ("n", 123456789012345),
        ("s", "1234567890123456"),
        ("s", "0.1234567890123456"),
        ("s", "NaN"),
        ("s", "Infinity"),
    ]


def test_date_before_march_1900_is_a_text() -> None:
    early = datetime(1900, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert read_back(ColumnKind.DATE, early, "infinity") == [("s", "1900-02-28 23:59:59"), ("s", "infinity")]
    assert read_back(ColumnKind.DAY, date(1900, 2, 28)) == [("s", "1900-02-28")]


def test_texts_that_excel_cannot_hold_are_cut_or_replaced_and_counted() -> None:
    sheet, changes = workbook(ColumnKind.TEXT, ["x" * 32_768, "a\x00b\x1b", "\ufffe", "x" * 32_767, "fine"])
    read = [cell.value for (cell,) in sheet.iter_rows(min_row=2)]
    assert read == ["x" * 32_767, "a\ufffdb\ufffd", "\ufffd", "x" * 32_767, "fine"]
    assert changes == {"cutTexts": 1, "replacedTexts": 2}


def test_full_sheet_is_followed_by_another_one_with_the_header_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_format, "SHEET_ROWS", 2)
    columns = [TicketColumn(name="x", label="Label", kind=ColumnKind.TEXT)]
    container = XlsxFormat().container(columns)
    rows = XlsxFormat().rows(columns, [["a"], ["b"], ["c"], ["d"], ["e"]])
    file = container.begin() + container.add(RowBlock(rows, 5)) + container.end()
    sheets = openpyxl.load_workbook(io.BytesIO(file)).worksheets
    assert [[cell.value for (cell,) in sheet.iter_rows()] for sheet in sheets] == [
        ["Label", "a", "b"],
        ["Label", "c", "d"],
        ["Label", "e"],
    ]
