"""One view of tickets with every kind of column: the same cells in every format, from every database, for every reader.

On CI it has 40,000 tickets; with `make cells`, 200,000.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from math import isclose
from pathlib import Path
from typing import Any, Final, TypeAlias
from xml.etree import ElementTree as ET
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.integration.formats.desks import Desk, ExportedFile, desk_of_every_kind
from tests.integration.formats.every_kind import LABELS, NAMES, Row, rows
from tests.integration.formats.expected import Cells, changes, columns_of, csv_cell, ndjson_cell, xlsx_cell
from tests.integration.formats.readers import READERS
from tests.libreoffice import CSV_FILTER, LibreOffice
from tests.postgresql_server import PostgresqlServer
from tests.programs import require_program
from ticket_export import unguard
from ticket_export.application.formula_guard import guard

pytestmark = pytest.mark.no_cover

#: Changes a cell, of the column with that name, to what two readers have in common.
Loosely: TypeAlias = Callable[[str, Any], object]

FORMATS: Final = tuple(READERS)
FEW: Final = 2_000
COUNT: Final = FEW if os.environ.get("TICKET_EXPORT_TEST_SAMPLE") else int(os.environ.get("CELLS_TICKETS", "40000"))
ZONE: Final = "Europe/Berlin"
#: The offset of the second is not of whole minutes before 1937, that of the third not of whole hours.
OTHER_ZONES: Final = ("UTC", "Europe/Amsterdam", "Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati")
TEXTS: Final = ("title", "note", "tags", "state", "phase", "owner", "code")
CELLS: Final = {"csv": csv_cell, "ndjson": ndjson_cell, "xlsx": xlsx_cell}
# The same texts again and again; but not every number of a file.
_remembered = lru_cache(maxsize=100_000)
_guard, _unguard = _remembered(guard), _remembered(unguard)


@pytest.fixture(scope="module")
def tickets() -> list[Row]:
    return rows(COUNT)


@pytest.fixture(scope="module")
def desk(tickets: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("sqlite")
    with desk_of_every_kind(f"sqlite:///{folder}/desk.db", folder, tickets) as desk:
        yield desk


@pytest.fixture(scope="module")
def small_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("small")
    with desk_of_every_kind(f"sqlite:///{folder}/desk.db", folder, rows(FEW)) as desk:
        yield desk


@pytest.fixture(scope="module")
def files(desk: Desk) -> Callable[[str], ExportedFile]:
    """The file of each format, made once."""
    return cache(lambda name: desk.export(NAMES, {"format": name}, ZONE))


@pytest.fixture(scope="module")
def expected(tickets: list[Row]) -> Callable[[str], Mapping[str, Cells]]:
    """The cells of each format; those of the last one are kept."""
    return lru_cache(maxsize=1)(lambda name: columns_of(tickets, CELLS[name](ZoneInfo(ZONE))))


@pytest.fixture(scope="module")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> LibreOffice:
    return LibreOffice(require_program("soffice"), tmp_path_factory.mktemp("libreoffice"))


def claim_equal(found: Mapping[str, Cells], expected: Mapping[str, Cells], loosely: Loosely) -> None:
    """Say of each column which cells differ, and not more: there are millions."""
    assert list(found) == list(expected)
    for name, cells in expected.items():
        wanted = [loosely(name, cell) for cell in cells]
        read = [loosely(name, cell) for cell in found[name]]
        # True is equal to 1.
        if read != wanted or [*map(is_bool, found[name])] != [*map(is_bool, cells)]:
            assert len(read) == len(wanted)
            pairs = zip(found[name], cells, read, wanted, strict=True)
            different = [
                (row, f"{a!r:.80}", f"{b!r:.80}")
                for row, (a, b, c, d) in enumerate(pairs)
                if c != d or is_bool(a) != is_bool(b)
            ]
            raise AssertionError(f"{name}: {len(different)} cells differ: {different[:5]}")


def unguarded(found: Mapping[str, Cells]) -> Mapping[str, Cells]:
    """Return the cells of CSV, as `unguard` returns all of them."""
    return {name: [_unguard(str(cell)) for cell in cells] for name, cells in found.items()}


def is_bool(cell: object) -> bool:
    return cell is True or cell is False


def exactly(name: str, cell: Any) -> object:
    return cell


def of_csv(name: str, cell: Any) -> object:
    return float(cell) if name == "rate" and cell != "" else cell


def of_json_as_numbers(name: str, cell: Any) -> object:
    """Numbers are floats; where some are texts, a reader may make all of them texts."""
    if cell is None:
        return None
    match name:
        case "score":
            return float(cell)
        case "rate":
            return float(str(cell).strip('"'))
        case "due" | "created":
            return datetime.fromisoformat(str(cell))
        case "day" | "owner":
            return str(cell)
    return cell


def of_worksheet(name: str, cell: Any) -> object:
    """An empty cell may be read as an empty text, a day as its first second, and that as a day."""
    if cell is None or cell == "":
        return None
    return datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell  # noqa: DTZ001 - as a cell has it


def of_polars(name: str, cell: Any) -> object:
    """A column with a text in it is one of texts, but for that of rates."""
    cell = of_worksheet(name, cell)
    if cell is None:
        return None
    match name:
        case "rate":
            return float(cell)
        case "big":
            return str(cell if isinstance(cell, str) else int(cell))
        case "due" | "day":
            return str(cell)
    return cell


LOOSELY: Final[Mapping[tuple[str, str], Loosely]] = {
    **{("csv", reader): of_csv for reader in READERS["csv"]},
    **{("ndjson", reader): of_json_as_numbers for reader in READERS["ndjson"]},
    **{("xlsx", reader): of_worksheet for reader in READERS["xlsx"]},
    ("ndjson", "python"): exactly,
    ("xlsx", "polars"): of_polars,
}


@pytest.mark.parametrize(
    ("file_format", "reader"), [(name, reader) for name, readers in READERS.items() for reader in readers]
)
def test_every_reader_finds_every_cell(
    files: Callable[[str], ExportedFile],
    expected: Callable[[str], Mapping[str, Cells]],
    file_format: str,
    reader: str,
) -> None:
    file = files(file_format)
    assert file.rows == COUNT
    found = READERS[file_format][reader](file.path, dict(zip(NAMES, LABELS, strict=True)))
    if file_format == "csv":
        found = unguarded(found)
    claim_equal(found, expected(file_format), LOOSELY[file_format, reader])


@pytest.mark.parametrize("server", ["postgresql_server", "installed_postgresql_server"])
def test_every_database_gives_the_same_files(
    files: Callable[[str], ExportedFile],
    tickets: list[Row],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    server: str,
) -> None:
    postgresql: PostgresqlServer = request.getfixturevalue(server)
    with postgresql.database(migrated=False) as url, desk_of_every_kind(url, tmp_path, tickets) as desk:
        for name in FORMATS:
            file = desk.export(NAMES, {"format": name}, ZONE)
            assert file.contents() == files(name).contents(), name
            assert file.manifest.changes == files(name).manifest.changes


def test_manifest_counts_what_a_worksheet_cannot_hold(files: Callable[[str], ExportedFile], tickets: list[Row]) -> None:
    counted = changes(tickets, ZoneInfo(ZONE))
    assert min(counted.values()) > 0
    assert files("xlsx").manifest.changes == counted
    assert files("csv").manifest.changes == files("ndjson").manifest.changes == {}


def test_duckdb_finds_the_types_of_ndjson(files: Callable[[str], ExportedFile]) -> None:
    found = duckdb.read_json(str(files("ndjson").path), format="newline_delimited", sample_size=-1)
    assert dict(zip(found.columns, map(str, found.types), strict=True)) == {
        **dict.fromkeys(TEXTS, "VARCHAR"),
        **dict.fromkeys(("id", "team"), "BIGINT"),
        **dict.fromkeys(("due", "created"), "TIMESTAMP WITH TIME ZONE"),
        "score": "DOUBLE",
        # JSON has no number for infinity.
        "rate": "JSON",
        "big": "HUGEINT",
        "urgent": "BOOLEAN",
        "day": "DATE",
        "owner": "UUID",
    }


@pytest.mark.parametrize("zone", OTHER_ZONES)
@pytest.mark.parametrize("file_format", FORMATS)
def test_times_are_those_of_the_views_zone(small_desk: Desk, file_format: str, zone: str) -> None:
    names = ["due", "created"]
    file = small_desk.export(names, {"format": file_format}, zone)
    reader = {"csv": "python", "ndjson": "python", "xlsx": "openpyxl"}[file_format]
    labels = dict(zip(NAMES, LABELS, strict=True))
    found = READERS[file_format][reader](file.path, {name: labels[name] for name in names})
    expected = columns_of(rows(FEW), CELLS[file_format](ZoneInfo(zone)))
    claim_equal(found, {name: expected[name] for name in names}, LOOSELY[file_format, reader])


def test_no_cell_of_a_workbook_is_a_formula(files: Callable[[str], ExportedFile]) -> None:
    with ZipFile(files("xlsx").path) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        # In a text, < is escaped.
        assert [name for name in sheets if re.search(rb"<f[\s/>]", book.read(name))] == []
        assert sheets


# Column by column, as text.
_CSV: Final = f"CSV:{CSV_FILTER},{'/'.join(f'{number}/2' for number in range(1, len(NAMES) + 1))}"


def test_libreoffice_shows_every_cell_of_csv(
    files: Callable[[str], ExportedFile], expected: Callable[[str], Mapping[str, Cells]], libreoffice: LibreOffice
) -> None:
    found = shown(libreoffice.as_csv(files("csv").path, read_as=_CSV), [guard(label) for label in LABELS])
    for name, cells in expected("csv").items():
        if name not in TEXTS:
            assert [of_csv(name, cell) for cell in found[name]] == cells, name
            continue
        # It makes CR a line feed, so that `unguard` does not see why there is an apostrophe in front of it.
        guarded = [_one_line_break(_guard(str(cell))) for cell in cells]
        assert first_different(map(_one_line_break, found[name]), guarded) == [], name
        plain = [(shown, cell) for shown, cell in zip(found[name], cells, strict=True) if "\r" not in str(cell)]
        assert first_different([_unguard(shown) for shown, _ in plain], [cell for _, cell in plain]) == [], name


def test_libreoffice_shows_every_text_and_time_of_a_workbook(
    files: Callable[[str], ExportedFile], expected: Callable[[str], Mapping[str, Cells]], libreoffice: LibreOffice
) -> None:
    found = shown(libreoffice.as_csv(files("xlsx").path), LABELS)
    for name in (*TEXTS, "due", "created", "day", "id", "big", "team"):
        cells = [
            f"{cell:.0f}" if isinstance(cell, float) else str("" if cell is None else cell)
            for cell in expected("xlsx")[name]
        ]
        assert first_different(map(_lines, found[name]), map(_lines, cells)) == [], name


def test_libreoffice_finds_the_type_of_every_cell_and_no_text_that_is_a_formula(
    small_desk: Desk, libreoffice: LibreOffice
) -> None:
    sheet = libreoffice.as_flat_xml(small_desk.export(NAMES, {"format": "xlsx"}, ZONE).path)
    expected = columns_of(rows(FEW), xlsx_cell(ZoneInfo(ZONE)))
    # Its own function stands for a boolean.
    booleans = Counter(f"of:={str(cell).upper()}()" for cell in expected["urgent"] if cell is not None)
    assert Counter(formulas(sheet)) == booleans
    _, *found = open_document_rows(sheet)
    assert len(found) == FEW
    for place, name in enumerate(NAMES):
        wanted = [open_document_value(cell) for cell in expected[name]]
        read = [row[place] for row in found]
        if name == "rate":
            # It rounds the last digit in its own way.
            assert [kind for kind, _ in read] == [kind for kind, _ in wanted]
            pairs = zip(read, wanted, strict=True)
            assert all(isclose(float(a[1]), float(b[1]), rel_tol=1e-13) for a, b in pairs if a[0] == "float")
            continue
        assert first_different(read, wanted) == [], name


def test_libreoffice_finds_no_text_that_is_a_formula_in_csv(small_desk: Desk, libreoffice: LibreOffice) -> None:
    path = small_desk.export(NAMES, {"format": "csv"}, ZONE).path
    # It takes the words true and false for its functions of these names.
    found = formulas(libreoffice.as_flat_xml(path, read_as=f"CSV:{CSV_FILTER}"))
    assert set(found) <= {"of:=TRUE()", "of:=FALSE()"}


def formulas(sheet: str) -> list[str]:
    return re.findall(r'table:formula="([^"]*)"', sheet)


# The attribute with the value of a cell of each type but text.
_VALUES: Final = {"float": "value", "date": "date-value"}


def open_document_rows(sheet: str) -> list[list[tuple[str, str]]]:
    """The type and the value of each cell; of a text, only the type."""
    office, table = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table"))
    found = []
    for row in ET.fromstring(sheet.encode()).iter(f"{table}table-row"):
        cells: list[tuple[str, str]] = []
        for cell in row.iter(f"{table}table-cell"):
            kind = cell.get(f"{office}value-type", "")
            value = cell.get(office + _VALUES[kind], "") if kind in _VALUES else ""
            times = min(int(cell.get(f"{table}number-columns-repeated", "1")), len(NAMES))
            cells += [(kind, value)] * times
        found += [cells[: len(NAMES)]] * int(row.get(f"{table}number-rows-repeated", "1"))
    return found[: FEW + 1]


def open_document_value(cell: object) -> tuple[str, str]:
    """What a cell of a worksheet becomes; of a number, 15 digits."""
    match cell:
        case None:
            return "", ""
        case bool():
            # The value of the function; it shows TRUE or FALSE.
            return "float", str(int(cell))
        case datetime() | date():
            return "date", cell.isoformat().removesuffix("T00:00:00")
        case str():
            return "string", ""
    return "float", f"{cell:.15g}"


def first_different(found: Iterable[object], expected: Iterable[object]) -> list[tuple[object, object]]:
    return [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]][:5]


def shown(saved: str, labels: list[str]) -> dict[str, list[str]]:
    header, *rows = csv.reader(io.StringIO(saved, newline=""))
    assert header == labels
    return dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))


@_remembered
def _one_line_break(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@_remembered
def _lines(text: str) -> str:
    # In a workbook it takes any pair of different line breaks for one.
    return re.sub("\r\n|\n\r|\r", "\n", text)
