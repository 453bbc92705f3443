"""The benchmark of Django's models compares cells by value, and fails when one differs."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.django.cells import CellsDifferError, compare_files
from benchmarks.django.view import Column, Kind

_HEADER = "a,b\n"
_ROW = "1,x\n"
_NUMBER_AND_TEXT = (Column("cost", Kind.NUMBER), Column("title", Kind.TEXT))


def _written(folder: Path, ours: str, theirs: str) -> tuple[Path, Path]:
    files = (folder / "ours.csv", folder / "theirs.csv")
    for file, text in zip(files, (ours, theirs), strict=True):
        file.write_text(text, encoding="utf-8", newline="")
    return files


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        (Kind.NUMBER, "12.50", "12.5"),
        (Kind.NUMBER, '""', '""'),
        (Kind.FLAG, "true", "1"),
        (Kind.FLAG, "false", "0"),
        (Kind.TEXT, "'=1+1", "=1+1"),
        (Kind.TEXT, "12.50", "12.50"),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.MOMENT, "2024-02-29 12:00:00", "2024-02-29T12:00:00"),
        (Kind.LIST, '"tag 1, tag 2"', '"tag 2, tag 1"'),
    ],
)
def test_cells_of_the_same_value_are_equal(tmp_path: Path, kind: Kind, ours: str, theirs: str) -> None:
    files = _written(tmp_path, f"a\n{ours}\n", f"b\n{theirs}\n")
    found = compare_files(*files, [Column("cell", kind)])
    assert found.records == 1
    assert found.forms == ({} if ours == theirs else {"cell": 1})


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        (Kind.NUMBER, "12.50", "12.51"),
        (Kind.NUMBER, "0", '""'),
        (Kind.NUMBER, "1", "one"),
        (Kind.FLAG, "true", "0"),
        (Kind.FLAG, "false", '""'),
        (Kind.FLAG, "true", "yes"),
        (Kind.TEXT, "=1+1", "'=1+1"),
        (Kind.TEXT, "12.50", "12.5"),
        (Kind.TEXT, "a", "A"),
        (Kind.DATE, "2024-02-29", "2024-03-01"),
        (Kind.MOMENT, "2024-02-29 12:00:00", "2024-02-29 13:00:00"),
        (Kind.LIST, '"tag 1, tag 2"', "tag 1"),
    ],
)
def test_cells_of_different_values_are_reported_with_row_and_column(
    tmp_path: Path, kind: Kind, ours: str, theirs: str
) -> None:
    files = _written(tmp_path, f"a\n{ours}\n", f"b\n{theirs}\n")
    with pytest.raises(CellsDifferError, match="row 1, cell: "):
        compare_files(*files, [Column("cell", kind)])


def test_a_byte_order_mark_and_the_kind_of_line_break_do_not_matter(tmp_path: Path) -> None:
    files = _written(tmp_path, f"\ufeff{_HEADER}{_ROW}", "c,d\r\n1,x\r\n")
    assert compare_files(*files, _NUMBER_AND_TEXT).records == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (_HEADER + _ROW, _HEADER + _ROW * 2, "row 2: ours has no such row"),
        (_HEADER + _ROW * 2, _HEADER + _ROW, "row 2: theirs has no such row"),
        (_HEADER + "1,x\n2,y\n", _HEADER + "2,y\n1,x\n", "row 1, cost"),
        (_HEADER + _ROW, _HEADER + "1,x,3\n", "row 1: theirs has 3 cells, not 2"),
        ("a\n" + _ROW, _HEADER + _ROW, "row 0: ours has 1 cells, not 2"),
        (_HEADER, _HEADER, "no rows"),
        ("", "", "no rows"),
    ],
)
def test_missing_long_and_moved_rows_are_reported(tmp_path: Path, ours: str, theirs: str, message: str) -> None:
    with pytest.raises(CellsDifferError, match=message):
        compare_files(*_written(tmp_path, ours, theirs), _NUMBER_AND_TEXT)
