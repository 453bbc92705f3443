"""Independent readers of files: the cells of each column by its name, the label or the key in front of them gone.

None of them is told the types of columns, except where it would guess from the first rows alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

import duckdb
import openpyxl
import pandas as pd
import polars as pl
from python_calamine import CalamineWorkbook

from tests.integration.formats.expected import Cells

#: Reads a file whose columns have these names and labels.
Reader: TypeAlias = Callable[[Path, Mapping[str, str]], Mapping[str, Cells]]


def _columns(
    labels: Mapping[str, str], header: Sequence[object], cells: Iterable[Iterable[object]]
) -> dict[str, Cells]:
    assert [_unguarded_label(each) for each in header] == list(labels.values())
    return dict(zip(labels, map(list, cells), strict=True))


def _unguarded_label(label: object) -> str:
    return str(label).removeprefix("'") if str(label).startswith("'=") else str(label)


def csv_by_python(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    return _columns(labels, header, zip(*rows, strict=True))


def csv_by_pandas(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    return _columns(labels, list(frame.columns), [frame[name].tolist() for name in frame.columns])


def csv_by_polars(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    frame = pl.read_csv(path, infer_schema=False, empty_string_is_null=False)
    # It leaves doubled quotation marks in names of columns.
    header = [name.replace('""', '"') for name in frame.columns]
    return _columns(labels, header, [each.to_list() for each in frame.get_columns()])


def csv_by_duckdb(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    found = duckdb.read_csv(str(path), all_varchar=True, header=True, delimiter=",", quotechar='"', escapechar='"')
    cells = zip(*found.fetchall(), strict=True)
    return _columns(labels, found.columns, [[each or "" for each in column] for column in cells])


def ndjson_by_python(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    # Not `splitlines`: other line breaks than \n are text.
    *lines, last = path.read_bytes().decode().split("\n")
    assert last == ""
    rows = [json.loads(line, parse_float=Decimal) for line in lines]
    assert all(list(row) == list(labels) for row in rows)
    return {name: [row[name] for row in rows] for name in labels}


def ndjson_by_duckdb(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    found = duckdb.read_json(str(path), format="newline_delimited", sample_size=-1)
    # Python needs one more package for moments with a zone.
    asked = [f'CAST("{name}" AS VARCHAR)' if "TIME ZONE" in str(kind) else f'"{name}"' for name, kind in _kinds(found)]
    cells = zip(*found.project(", ".join(asked)).fetchall(), strict=True)
    return dict(zip(labels, map(list, cells), strict=True))


def _kinds(found: duckdb.DuckDBPyRelation) -> Iterable[tuple[str, object]]:
    return zip(found.columns, found.types, strict=True)


def ndjson_by_polars(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    frame = pl.read_ndjson(path, infer_schema_length=None)
    assert frame.columns == list(labels)
    return {name: frame[name].to_list() for name in labels}


def ndjson_by_pandas(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    frame = pd.read_json(path, lines=True, dtype=False, precise_float=True)
    assert list(frame.columns) == list(labels)
    return {name: [None if pd.isna(cell) else cell for cell in frame[name].tolist()] for name in labels}


def xlsx_by_openpyxl(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    book = openpyxl.load_workbook(path, read_only=True)
    header, *rows = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return _columns(labels, header, [[_decoded(cell) for cell in column] for column in zip(*rows, strict=True)])


def _decoded(cell: object) -> object:
    # It leaves the escapes of ST_Xstring as they are: ECMA-376 part 1, 22.9.2.19.
    return cell.replace("_x005F_", "_") if isinstance(cell, str) else cell


def xlsx_by_calamine(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return _columns(labels, header, zip(*rows, strict=True))


def xlsx_by_pandas(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    frame = pd.read_excel(path, engine="calamine", keep_default_na=False, na_filter=False, dtype=object)
    return _columns(labels, list(frame.columns), [frame[name].tolist() for name in frame.columns])


def xlsx_by_polars(path: Path, labels: Mapping[str, str]) -> Mapping[str, Cells]:
    # It writes nine decimals of a number at most where a column has a text.
    rate = {labels["rate"]: pl.Float64()} if "rate" in labels else None
    frame = pl.read_excel(path, engine="calamine", infer_schema_length=None, schema_overrides=rate)
    return _columns(labels, frame.columns, [each.to_list() for each in frame.get_columns()])


READERS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "csv": {"python": csv_by_python, "pandas": csv_by_pandas, "polars": csv_by_polars, "duckdb": csv_by_duckdb},
    "ndjson": {
        "python": ndjson_by_python,
        "pandas": ndjson_by_pandas,
        "polars": ndjson_by_polars,
        "duckdb": ndjson_by_duckdb,
    },
    "xlsx": {
        "openpyxl": xlsx_by_openpyxl,
        "calamine": xlsx_by_calamine,
        "pandas": xlsx_by_pandas,
        "polars": xlsx_by_polars,
    },
}
