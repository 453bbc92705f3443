"""Every cell of the real tickets comes back through independent readers of each format."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pytest

from tests.integration.formats.desks import Desk, admin_of
from tests.integration.formats.readers import READERS
from tests.integration.real_tickets.support_tickets import PHYSICAL_LINES, TICKETS, SupportTickets, cell, read_back
from tests.libreoffice import LibreOffice
from tests.programs import require_program
from ticket_export import TicketExportContainer
from ticket_export.testing.entities import AN_ACTOR


@pytest.fixture(scope="session")
def desk(container: TicketExportContainer, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(container, admin_of(container), tmp_path_factory.mktemp("download"))


@pytest.fixture(scope="session")
def labels(container: TicketExportContainer) -> dict[str, str]:
    """By the names of the columns."""
    return {column.name: column.label for column in container.ticket_source().columns(AN_ACTOR)}


@pytest.fixture(scope="session")
def files(desk: Desk, labels: dict[str, str]) -> Callable[[str], Path]:
    """The file of each format, made once."""

    @cache
    def made(file_format: str) -> Path:
        file = desk.export(list(labels), {"format": file_format})
        assert file.rows == TICKETS
        return file.path

    return made


@pytest.fixture
def exported(files: Callable[[str], Path]) -> Path:
    return files("csv")


@pytest.fixture(scope="session")
def expected(container: TicketExportContainer, tickets: SupportTickets) -> list[list[str]]:
    columns = list(container.ticket_source().columns(AN_ACTOR))
    header = [column.label for column in columns]
    return [header, *([cell(ticket[column.name]) for column in columns] for ticket in tickets.plain)]


def test_the_file_has_as_many_lines_as_the_descriptions_make(exported: Path, tickets: SupportTickets) -> None:
    breaks = sum(ticket["description"].count("\n") for ticket in tickets.plain)
    assert exported.read_bytes().count(b"\n") == breaks + TICKETS + 1 == PHYSICAL_LINES


def test_python_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    with exported.open(newline="", encoding="utf-8-sig") as file:
        assert read_back(csv.reader(file)) == expected


def test_pandas_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    frame = pd.read_csv(exported, dtype=str, keep_default_na=False)
    assert read_back([list(frame.columns), *frame.to_numpy().tolist()]) == expected


def test_polars_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    frame = pl.read_csv(exported, infer_schema=False, empty_string_is_null=False)
    assert read_back([frame.columns, *frame.rows()]) == expected


def test_duckdb_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    found = duckdb.read_csv(str(exported), all_varchar=True, header=True)
    rows = [[value or "" for value in row] for row in found.fetchall()]
    assert read_back([list(found.columns), *rows]) == expected


@pytest.mark.parametrize(
    ("file_format", "reader"), [(name, reader) for name in ("ndjson", "xlsx") for reader in READERS[name]]
)
def test_every_reader_of_another_format_finds_every_cell(
    files: Callable[[str], Path], tickets: SupportTickets, labels: dict[str, str], file_format: str, reader: str
) -> None:
    found = READERS[file_format][reader](files(file_format), labels)
    # Python's reader of JSON and DuckDB find types; what is a number or a time to all of them is so to each.
    shown = _SHOWN[file_format]
    expected = {name: [shown(ticket[name]) for ticket in tickets.plain] for name in labels}
    assert {name: [shown(cell) for cell in cells] for name, cells in found.items()} == expected


def _in_json(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value
        case str() if re.fullmatch(_MOMENT, value):
            return datetime.fromisoformat(value)
    return value


def _in_a_worksheet(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.replace(tzinfo=None)
        case date():
            # Some readers take the first second of a day for the day.
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - as a cell has it
        case "":
            return None
    return value


_MOMENT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}[+]00(:00)?"
_SHOWN: Final[Mapping[str, Callable[[object], object]]] = {"ndjson": _in_json, "xlsx": _in_a_worksheet}


def test_libreoffice_finds_no_formula_in_a_workbook(
    files: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    libreoffice = LibreOffice(require_program("soffice"), tmp_path_factory.mktemp("libreoffice"))
    sheet = libreoffice.as_flat_xml(files("xlsx"))
    assert "table:formula=" not in sheet
    assert len(re.findall(r'office:value-type="date"', sheet)) > TICKETS
