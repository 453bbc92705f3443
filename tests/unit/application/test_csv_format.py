from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.application.columns import ID, TITLE
from ticket_export.application.formats.csv_format import CsvFormat, encode_rows
from ticket_export.application.view.local_time import time_text

BOM = b"\xef\xbb\xbf"
cells = st.one_of(st.text(), st.text(st.sampled_from([",", '"', "\r", "\n", " ", "'", ";", "a", "\\", "\x00", "\x85"])))
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)
)


def written(row: list[str]) -> str:
    """A record by RFC 4180, with LF for its end, and quotes only where they are needed."""
    if row == [""]:
        return '""\n'
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell for cell in row]
    return ",".join(quoted) + "\n"


@given(tables)
@example([[""]])
@example([["", ""]])
@example([["a\rb", "a\nb", "a\r\nb", ","]])
@example([[" a ", "'", ";", "\\."]])
def test_quotes_stand_only_where_they_are_needed(table: list[list[str]]) -> None:
    assert encode_rows(table) == "".join(map(written, table)).encode()


@given(tables)
def test_rows_come_back_cell_by_cell(table: list[list[str]]) -> None:
    assert list(csv.reader(io.StringIO(encode_rows(table).decode(), newline=""))) == table


def test_nothing_and_empty_are_both_empty_and_numbers_are_plain() -> None:
    assert encode_rows([[None, "", -5, 1.5, 2**63, "-5"]]) == b",,-5,1.5,9223372036854775808,-5\n"
    assert encode_rows([[None], [""]]) == b'""\n""\n'
    assert encode_rows([]) == b""


# What every reader takes for text of one cell: no NUL, and no line break but LF.
sane = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), min_size=1).filter(
    lambda text: not text.startswith("\ufeff")
)
sane_tables = st.lists(st.tuples(sane, sane, sane), min_size=1, max_size=10)


def with_csv(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def with_pandas(path: Path) -> list[tuple[str, ...]]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    return [tuple(map(str, row)) for row in frame.itertuples(index=False, name=None)]


def with_polars(path: Path) -> list[tuple[str, ...]]:
    return pl.read_csv(path, infer_schema=False).rows()


def with_duckdb(path: Path) -> list[tuple[str, ...]]:
    options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false"
    names = "columns = {'A': 'VARCHAR', 'B': 'VARCHAR', 'C': 'VARCHAR'}"
    return duckdb.execute(f"SELECT * FROM read_csv(?, {options}, {names})", [str(path)]).fetchall()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "tickets.csv"


@pytest.mark.parametrize("read", [with_csv, with_pandas, with_polars, with_duckdb], ids=lambda read: read.__name__)
@settings(max_examples=max(settings().max_examples // 4, 50))
@given(table=sane_tables)
def test_every_reader_gives_the_cells_back(
    read: Callable[[Path], list[tuple[str, ...]]], file: Path, table: list[tuple[str, str, str]]
) -> None:
    file.write_bytes(BOM + b"A,B,C\n" + encode_rows(table))
    assert read(file) == table


def test_a_header_is_one_record_of_labels_behind_the_mark() -> None:
    assert CsvFormat().container([ID, TITLE]).begin() == BOM + b"Ticket ID,Title\n"
    assert CsvFormat(bom=False).container([TITLE]).begin() == b"Title\n"
    assert CsvFormat().content_type == "text/csv; charset=utf-8"


@pytest.mark.parametrize("formula_guard", [True, False])
@pytest.mark.parametrize("label", ["ID", "IDENT", "ID;x"])
def test_file_without_a_mark_does_not_begin_like_a_sylk_file(label: str, formula_guard: bool) -> None:
    plain = CsvFormat(bom=False, formula_guard=formula_guard)
    first = attrs.evolve(ID, label=label)
    assert plain.container([first, TITLE]).begin() == f'"{label}",Title\n'.encode()
    assert plain.container([first]).begin() == f'"{label}"\n'.encode()
    assert plain.container([TITLE, first]).begin() == f"Title,{label}\n".encode()
    assert CsvFormat(formula_guard=formula_guard).container([first]).begin() == BOM + f"{label}\n".encode()


def test_label_that_has_quotes_already_is_not_quoted_twice() -> None:
    label = attrs.evolve(ID, label="ID, of course")
    assert CsvFormat(bom=False).container([label]).begin() == b'"ID, of course"\n'


@pytest.mark.parametrize("formula_guard", [True, False])
@pytest.mark.parametrize("text", ["00123", "1E5", "12345678901234567890", "2024-01-02"])
def test_text_that_looks_like_a_number_or_a_date_keeps_its_bytes(text: str, formula_guard: bool) -> None:
    assert encode_rows([(text, text)], formula_guard=formula_guard) == f"{text},{text}\n".encode()


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (datetime(2026, 3, 1, 12, 5, 9, 999_999, tzinfo=UTC), UTC, "2026-03-01 12:05:09"),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"), "2026-03-02 00:30:00"),
        (datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), UTC, "2026-02-28 23:00:00"),
        (datetime(33, 4, 3, tzinfo=UTC), UTC, "0033-04-03 00:00:00"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), ZoneInfo("Asia/Kathmandu"), "9999-12-31 23:59:00"),
        (datetime(1, 1, 1, tzinfo=UTC), ZoneInfo("America/Havana"), "0001-01-01 00:00:00"),
    ],
)
def test_a_time_is_shown_to_the_second_in_the_zone(moment: datetime, zone: ZoneInfo, text: str) -> None:
    assert time_text(moment, zone) == text


def test_guarded_records_guard_texts_and_leave_numbers_alone() -> None:
    rows = [("=1+1", -5, None, "a"), ("plain", 2.5, "@x", ""), ("", 0, " +1", "-")]
    guarded = encode_rows(rows, formula_guard=True).decode().splitlines()
    assert guarded == ["'=1+1,-5,,a", "plain,2.5,'@x,", ",0,' +1,'-"]
    assert encode_rows(rows).decode().splitlines() == ["=1+1,-5,,a", "plain,2.5,@x,", ",0, +1,-"]


def test_of_no_rows_there_are_no_bytes() -> None:
    assert encode_rows([]) == b""
