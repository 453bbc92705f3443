"""An export reads one moment, however busy the table is, and reads it once.

Inserted, changed, soft-deleted and deleted all the time: by four writers on PostgreSQL, by one on SQLite, which has one
write lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.file_rows import FORMATS, rows_in
from tests.integration.tickets.busy_writer import GROUP, LATE, BusyWriter, BusyWriters, torn_groups
from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import NOW, store_people
from ticket_export import CsvFormat, Settings
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.formats.registry import open_formats
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

CATALOG = reference_catalog(REFERENCE_TABLES)
COLUMNS = list(CATALOG.describe())
# Of all writers; enough for two blocks.
GROUPS = 220
OTHERS = [name for name in FORMATS if name != "csv"]
WRITERS = {"sqlite": 1, "postgresql": 4}


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('busy')}/desk.db"


@pytest.fixture(scope="module")
def postgresql_desk_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite_url", "postgresql_desk_url"], ids=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(request.getfixturevalue(request.param))
    upgrade(engine, reference_schema=True)
    store_people(engine, REFERENCE_TABLES)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def busy_writers(engine: Engine) -> BusyWriters:
    count = WRITERS[engine.dialect.name]
    each = GROUPS // count
    writers = BusyWriters(
        [BusyWriter(engine, REFERENCE_TABLES, each, first_id=number * 10**9, rest=0.002) for number in range(count)]
    )
    writers.fill()
    return writers


@pytest.fixture
def writer(busy_writers: BusyWriters) -> Iterator[BusyWriters]:
    with busy_writers.running():
        yield busy_writers


@pytest.fixture
def source(engine: Engine) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, CATALOG)


def query(**view: Any) -> TicketQuery:
    return TicketQuery.of(view, CATALOG.describe(), actor=AN_ACTOR, as_of=NOW)


def rows_of(
    reader: TicketReader, wanted: TicketQuery, file_format: FileFormat, writer: BusyWriters | None = None
) -> list[list[str]]:
    container = file_format.container(wanted.columns)
    data = container.begin()
    for block in reader.blocks():
        data += container.add(block)
        if writer:
            writer.wait_for_more()
    return rows_in(file_format.name, data + container.end())


@pytest.fixture
def file_format(request: pytest.FixtureRequest) -> FileFormat:
    return open_formats(Settings()).of(FileOptions(format=request.param))


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", [column.name for column in COLUMNS if column.sortable])
def test_file_equals_the_snapshot_for_every_sort(
    source: SqlAlchemyTicketSource, writer: BusyWriters, field: str, direction: str
) -> None:
    claim_file_equals_the_snapshot(source, writer, CsvFormat(), field, direction)


@pytest.mark.parametrize("file_format", OTHERS, indirect=True)
@pytest.mark.parametrize(("field", "direction"), [("creationTime", "desc"), ("title", "asc")])
def test_file_equals_the_snapshot_in_every_other_format(
    source: SqlAlchemyTicketSource, writer: BusyWriters, file_format: FileFormat, field: str, direction: str
) -> None:
    claim_file_equals_the_snapshot(source, writer, file_format, field, direction)


def claim_file_equals_the_snapshot(
    source: SqlAlchemyTicketSource, writer: BusyWriters, file_format: FileFormat, field: str, direction: str
) -> None:
    wanted = query(columns=[column.name for column in COLUMNS], sortField=field, sortDirection=direction)
    with writer.paused(), source.open(wanted, file_format) as still:
        expected = rows_of(still, wanted, file_format)
        opened = source.open(wanted, file_format)
        reader = opened.__enter__()
        count = reader.count()
    try:
        before = writer.transactions
        rows = rows_of(reader, wanted, file_format, writer)
    finally:
        opened.__exit__(None, None, None)
    assert writer.transactions > before, "nothing was written during the export, so nothing was proven"
    assert rows == expected
    assert len(rows) == count


@pytest.mark.parametrize(
    ("file_format", "field"),
    [
        *(("csv", field) for field in ("title", "creationTime", "status", "lastModificationTime")),
        *((name, "creationTime") for name in OTHERS),
    ],
    indirect=["file_format"],
)
def test_count_and_rows_are_of_one_moment_with_nobody_waiting(
    source: SqlAlchemyTicketSource, writer: BusyWriters, file_format: FileFormat, field: str
) -> None:
    wanted = query(columns=["id", "category", field], sortField=field)
    # Soft-deleted after the request, so in the file; deleted for good and replaced, so not twice.
    for _ in range(5):
        with source.open(wanted, file_format) as reader:
            writer.wait_for_more()
            count = reader.count()
            writer.wait_for_more()
            rows = rows_of(reader, wanted, file_format, writer)
        assert len(rows) == count == GROUPS * GROUP
        categories = {int(row[0]): row[1] for row in rows}
        assert len(categories) == len(rows)
        assert torn_groups(categories) == []
        # Created after the request, so not in the file.
        assert not any(category.startswith(LATE) for category in categories.values())
