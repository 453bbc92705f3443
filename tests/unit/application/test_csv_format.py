from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
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
from ticket_export.application.formula_guard import unguard
from ticket_export.application.ports.file_format import Cell, RowBlock
from ticket_export.application.view.local_time import time_text
from ticket_export.application.view.ticket_column import TicketColumn

BOM = b"\xef\xbb\xbf"
delimiters = st.sampled_from([",", ";", "\t"])
cells = st.one_of(st.text(), st.text(st.sampled_from([",", '"', "\r", "\n", " ", "'", ";", "a", "\\", "\x00", "\x85"])))
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)
)


def written(row: list[str], delimiter: str) -> str:
    """A record by RFC 4180, with LF for its end, and quotes only where they are needed."""
    if row == [""]:
        return '""\n'
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & {delimiter, *'"\r\n'} else cell for cell in row]
    return delimiter.join(quoted) + "\n"


@given(tables, delimiters)
@example([[""]], ",")
@example([["", ""]], "\t")
@example([["a\rb", "a\nb", "a\r\nb", ","]], ",")
@example([[" a ", "'", ";", "\\."]], ",")
@example([[" a ", "\t", ";", ","]], ";")
@example([[" a ", "\t", ";", ","]], "\t")
def test_quotes_stand_only_where_they_are_needed(table: list[list[str]], delimiter: str) -> None:
    assert encode_rows(table, delimiter=delimiter) == "".join(written(row, delimiter) for row in table).encode()


@given(tables, delimiters)
def test_rows_come_back_cell_by_cell(table: list[list[str]], delimiter: str) -> None:
    data = encode_rows(table, delimiter=delimiter).decode()
    assert list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter)) == table


def test_nothing_and_empty_are_both_empty_and_numbers_are_plain() -> None:
    assert encode_rows([[None, "", -5, 1.5, 2**63, "-5"]]) == b",,-5,1.5,9223372036854775808,-5\n"
    assert encode_rows([[None], [""]]) == b'""\n""\n'
    assert encode_rows([]) == b""


# What every reader takes for text of one cell: no NUL, and no line break but LF.
sane = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), min_size=1).filter(
    lambda text: not text.startswith("\ufeff")
)
sane_tables = st.lists(st.tuples(sane, sane, sane), min_size=1, max_size=10)


def with_csv(path: Path, delimiter: str) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row) for row in csv.reader(file, delimiter=delimiter)][1:]


def with_pandas(path: Path, delimiter: str) -> list[tuple[str, ...]]:
    frame = pd.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False, na_filter=False)
    return [tuple(map(str, row)) for row in frame.itertuples(index=False, name=None)]


def with_polars(path: Path, delimiter: str) -> list[tuple[str, ...]]:
    return pl.read_csv(path, separator=delimiter, infer_schema=False).rows()


def with_duckdb(path: Path, delimiter: str) -> list[tuple[str, ...]]:
    options = (
        f"header = true, all_varchar = true, delim = '{delimiter}', quote = '\"', escape = '\"', auto_detect = false"
    )
    names = "columns = {'A': 'VARCHAR', 'B': 'VARCHAR', 'C': 'VARCHAR'}"
    return duckdb.execute(f"SELECT * FROM read_csv(?, {options}, {names})", [str(path)]).fetchall()


def file_of(csv_format: CsvFormat, columns: list[TicketColumn], rows: Sequence[Sequence[Cell]]) -> bytes:
    """A whole file."""
    container = csv_format.container(columns)
    block = RowBlock(csv_format.rows(columns, rows), len(rows))
    return container.begin() + container.add(block) + container.end()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "tickets.csv"


@pytest.mark.parametrize("read", [with_csv, with_pandas, with_polars, with_duckdb], ids=lambda read: read.__name__)
@settings(max_examples=max(settings().max_examples // 4, 50))
@given(table=sane_tables, delimiter=delimiters, has_mark=st.booleans())
def test_every_reader_gives_the_cells_back(
    read: Callable[[Path, str], list[tuple[str, ...]]],
    file: Path,
    table: list[tuple[str, str, str]],
    delimiter: str,
    has_mark: bool,
) -> None:
    columns = [attrs.evolve(TITLE, label=label) for label in "ABC"]
    file.write_bytes(file_of(CsvFormat(delimiter=delimiter, bom=has_mark), columns, table))
    assert [tuple(unguard(cell, delimiter=delimiter) for cell in row) for row in read(file, delimiter)] == table


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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=ascii)
@pytest.mark.parametrize(
    "cells", [("IDEA", "x"), ("ID", "ID"), ("ID;a", "ID"), ("ID\t,", ""), ("\ufeffx", "y")], ids=ascii
)
def test_file_without_header_and_mark_does_not_begin_like_another_kind_either(
    cells: tuple[str, str], delimiter: str
) -> None:
    plain = CsvFormat(bom=False, header=False, delimiter=delimiter)
    data = file_of(plain, [ID, TITLE], [cells, cells])
    assert data.startswith(b'"')
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)) == [list(cells)] * 2
    _, _, second = data.partition(b"\n")
    assert second == encode_rows([cells], delimiter=delimiter)


def test_mark_is_in_front_of_the_first_record_alone() -> None:
    container = CsvFormat(header=False).container([TITLE])
    blocks = [container.add(RowBlock(data, data.count(b"\n"))) for data in (b"", b"ID\n", b"ID\n")]
    assert [container.begin(), *blocks, container.end()] == [b"", b"", BOM + b"ID\n", b"ID\n", b""]


def test_without_header_rows_are_all_that_is_written() -> None:
    plain = CsvFormat(bom=False, header=False)
    assert file_of(plain, [TITLE], []) == b""
    assert file_of(plain, [ID, TITLE], [(1, "x")]) == b"1,x\n"


def test_label_that_has_quotes_already_is_not_quoted_twice() -> None:
    label = attrs.evolve(ID, label="ID, of course")
    assert CsvFormat(bom=False).container([label]).begin() == b'"ID, of course"\n'


@pytest.mark.parametrize("formula_guard", [True, False])
@pytest.mark.parametrize("text", ["00123", "1E5", "12345678901234567890", "2024-01-02"])
def test_text_that_looks_like_a_number_or_a_date_keeps_its_bytes(text: str, formula_guard: bool) -> None:
    assert CsvFormat(formula_guard=formula_guard).rows([TITLE, TITLE], [(text, text)]) == f"{text},{text}\n".encode()


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
    columns = [TITLE, ID, TITLE, TITLE]
    guarded = CsvFormat().rows(columns, rows).decode().splitlines()
    assert guarded == ["'=1+1,-5,,a", "plain,2.5,'@x,", ",0,' +1,'-"]
    assert encode_rows(rows).decode().splitlines() == ["=1+1,-5,,a", "plain,2.5,@x,", ",0, +1,-"]


def test_every_kind_of_cell_is_written_in_its_way() -> None:
    moment = datetime(2026, 3, 1, 10, 5, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    row: list[Cell] = ["a", 7, 1.5, Decimal("1.50"), True, False, moment, moment.date(), None, "infinity"]
    record = b"a,7,1.5,1.50,true,false,2026-03-01 10:05:09,2026-03-01,,infinity\n"
    assert CsvFormat().rows([TITLE] * len(row), [row]) == record


def test_of_no_rows_there_are_no_bytes() -> None:
    assert encode_rows([]) == b""
