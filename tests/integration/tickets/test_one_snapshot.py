"""An export reads one moment, however busy the table is, and reads it once.

Inserted, changed, soft-deleted and deleted all the time: by four writers on PostgreSQL, by one on SQLite, which has one
write lock.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.integration.tickets.busy_writer import GROUP, LATE, BusyWriter, BusyWriters, torn_groups
from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import NOW, store_people
from ticket_export import CsvFormat
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.ticket_query import TicketQuery
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


def rows_of(reader: TicketReader, writer: BusyWriters | None = None) -> list[list[str]]:
    data = b""
    for block in reader.blocks():
        data += block.data
        if writer:
            writer.wait_for_more()
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", [column.name for column in COLUMNS if column.sortable])
def test_file_equals_the_snapshot_for_every_sort(
    source: SqlAlchemyTicketSource, writer: BusyWriters, field: str, direction: str
) -> None:
    wanted = query(columns=[column.name for column in COLUMNS], sortField=field, sortDirection=direction)
    with writer.paused(), source.open(wanted, CsvFormat()) as still:
        expected = rows_of(still)
        opened = source.open(wanted, CsvFormat())
        reader = opened.__enter__()
        count = reader.count()
    try:
        before = writer.transactions
        rows = rows_of(reader, writer)
    finally:
        opened.__exit__(None, None, None)
    assert writer.transactions > before, "nothing was written during the export, so nothing was proven"
    assert rows == expected
    assert len(rows) == count


@pytest.mark.parametrize("field", ["title", "creationTime", "status", "lastModificationTime"])
def test_count_and_rows_are_of_one_moment_with_nobody_waiting(
    source: SqlAlchemyTicketSource, writer: BusyWriters, field: str
) -> None:
    # Soft-deleted after the request, so in the file; deleted for good and replaced, so not twice.
    for _ in range(5):
        with source.open(query(columns=["id", "category", field], sortField=field), CsvFormat()) as reader:
            writer.wait_for_more()
            count = reader.count()
            writer.wait_for_more()
            rows = rows_of(reader, writer)
        assert len(rows) == count == GROUPS * GROUP
        categories = {int(row[0]): row[1] for row in rows}
        assert len(categories) == len(rows)
        assert torn_groups(categories) == []
        # Created after the request, so not in the file.
        assert not any(category.startswith(LATE) for category in categories.values())
