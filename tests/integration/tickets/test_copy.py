"""What becomes of a COPY, and of its connection, when something else than its end comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text

from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import NOW, store_people
from ticket_export import CsvFormat
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import TicketSourceError
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

CATALOG = reference_catalog(REFERENCE_TABLES)
# Megabytes, which no buffer between the server and here takes in.
TICKETS = 40_000
FILL = text(
    """
    INSERT INTO "Tickets" ("Id", "Title", "Description", "Status", "Priority", "CreationTime")
    SELECT i, 'Printer ' || i, repeat('x', 500), 'open', 'low', timestamp '2025-07-01 12:00:00.5'
    FROM generate_series(1, :tickets) i
    """
)


@pytest.fixture(scope="module")
def url(each_postgresql_server: PostgresqlServer) -> Iterator[str]:
    with each_postgresql_server.database() as url:
        engine = create_engine(url)
        store_people(engine, REFERENCE_TABLES)
        with engine.begin() as connection:
            connection.execute(FILL, {"tickets": TICKETS})
        engine.dispose()
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def source(engine: Engine) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, CATALOG)


def query(**view: Any) -> TicketQuery:
    return TicketQuery.of({"columns": ["id", "description"], **view}, CATALOG.describe(), actor=AN_ACTOR, as_of=NOW)


def text_of(source: SqlAlchemyTicketSource, **view: Any) -> str:
    with source.open(query(**view), CsvFormat()) as reader:
        return b"".join(block.data for block in reader.blocks()).decode()


def one(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        found: object = connection.execute(text(statement)).scalar_one()
        return found


def server_of(engine: Engine) -> object:
    return one(engine, "SELECT pg_backend_pid()")


def assert_pool_is_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"
        assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "off"
        assert connection.execute(text('SELECT count(*) FROM "Tickets"')).scalar_one() == TICKETS


def test_connection_is_given_back_as_it_was(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    before = server_of(engine), one(engine, "SHOW TimeZone"), one(engine, "SHOW DateStyle")
    assert text_of(source, timeZone="Asia/Kathmandu").count("\n") == TICKETS
    assert (server_of(engine), one(engine, "SHOW TimeZone"), one(engine, "SHOW DateStyle")) == before
    assert_pool_is_whole(engine)


def abandon_generator(reader: TicketReader) -> None:
    blocks = reader.blocks()
    next(blocks)
    del blocks


def fail_between_blocks(reader: TicketReader) -> None:
    for _ in reader.blocks():
        raise ZeroDivisionError


def leave_it_suspended(reader: TicketReader) -> None:
    kept.append(reader.blocks())
    next(kept[-1])


def never_begin(reader: TicketReader) -> None:
    kept.append(reader.blocks())


kept: list[Iterator[object]] = []


@pytest.mark.parametrize("leave", [abandon_generator, fail_between_blocks, leave_it_suspended, never_begin])
def test_copy_that_is_not_read_to_its_end_is_cancelled(
    engine: Engine, source: SqlAlchemyTicketSource, leave: Any
) -> None:
    before = server_of(engine)
    try:
        with source.open(query(), CsvFormat()) as reader:
            leave(reader)
    except ZeroDivisionError:
        pass
    assert server_of(engine) == before, "the connection was thrown away"
    assert_pool_is_whole(engine)
    kept.clear()


def test_reader_can_count_after_a_copy_was_left(source: SqlAlchemyTicketSource) -> None:
    with source.open(query(), CsvFormat()) as reader:
        assert sum(block.rows for block in reader.blocks()) == reader.count() == TICKETS


@pytest.fixture
def slow(engine: Engine) -> Iterator[None]:
    """Somebody holds what both the count and the COPY need."""
    other = psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    other.execute('LOCK TABLE "Tickets"')
    yield
    other.close()


@pytest.mark.parametrize(
    "ask", [lambda reader: reader.count(), lambda reader: list(reader.blocks())], ids=["count", "copy"]
)
def test_interrupt_ends_what_is_waited_for(
    engine: Engine, source: SqlAlchemyTicketSource, slow: None, ask: Any
) -> None:
    with (
        pytest.raises(TicketSourceError, match="could not be read") as caught,
        source.open(query(), CsvFormat()) as reader,
    ):
        assert isinstance(reader, SupportsInterrupt)
        timer = threading.Timer(0.2, reader.interrupt)
        began = time.monotonic()
        timer.start()
        ask(reader)
    timer.join(60)
    # The lock is never released, so any limit shows that the interrupt ended the wait.
    assert time.monotonic() - began < 30
    cause = caught.value.__cause__
    assert isinstance(getattr(cause, "orig", cause), psycopg.errors.QueryCanceled)
    assert one(engine, "SELECT 1") == 1


def test_interrupt_in_the_middle_of_a_copy_ends_it(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    with pytest.raises(TicketSourceError), source.open(query(), CsvFormat()) as reader:
        assert isinstance(reader, SupportsInterrupt)
        blocks = reader.blocks()
        next(blocks)
        reader.interrupt()
        list(blocks)
    assert_pool_is_whole(engine)


def test_interrupt_between_two_statements_harms_nobody(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    with source.open(query(), CsvFormat()) as reader:
        assert isinstance(reader, SupportsInterrupt)
        reader.interrupt()
        assert reader.count() == TICKETS
        reader.interrupt()
        assert sum(block.rows for block in reader.blocks()) == TICKETS
        reader.interrupt()
    reader.interrupt()
    assert_pool_is_whole(engine)


def test_interrupt_after_the_block_does_not_hit_the_next_user(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    with source.open(query(), CsvFormat()) as reader:
        assert isinstance(reader, SupportsInterrupt)
    timer = threading.Timer(0.1, reader.interrupt)
    timer.start()
    one(engine, "SELECT pg_sleep(0.4) IS NULL")
    timer.join(60)


def kill(connection: Connection) -> None:
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :me"
        ),
        {"me": connection.execute(text("SELECT pg_backend_pid()")).scalar_one()},
    )


@pytest.fixture
def killer(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_connection_killed_in_a_copy_fails_the_export_and_no_other(
    engine: Engine, source: SqlAlchemyTicketSource, killer: Connection
) -> None:
    with pytest.raises(TicketSourceError) as caught, source.open(query(), CsvFormat()) as reader:
        blocks = reader.blocks()
        next(blocks)
        kill(killer)
        list(blocks)
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert_pool_is_whole(engine)


def test_connection_killed_before_the_count_fails_the_export_and_no_other(
    engine: Engine, source: SqlAlchemyTicketSource, killer: Connection
) -> None:
    with pytest.raises(TicketSourceError), source.open(query(), CsvFormat()) as reader:
        kill(killer)
        reader.count()
    assert_pool_is_whole(engine)


def test_connection_killed_after_the_last_row_is_nobodys_loss(
    engine: Engine, source: SqlAlchemyTicketSource, killer: Connection
) -> None:
    with source.open(query(), CsvFormat()) as reader:
        assert sum(block.rows for block in reader.blocks()) == TICKETS
        kill(killer)
    assert_pool_is_whole(engine)


def test_blocks_error_is_its_own_even_where_the_connection_is_gone(
    engine: Engine, source: SqlAlchemyTicketSource, killer: Connection
) -> None:
    with pytest.raises(ZeroDivisionError), source.open(query(), CsvFormat()) as reader:
        for _ in reader.blocks():
            kill(killer)
            raise ZeroDivisionError
    assert_pool_is_whole(engine)


def test_settings_of_the_server_change_no_byte(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    view: dict[str, Any] = {
        "columns": ["id", "creationTime", "assigneeId"],
        "filters": [{"field": "title", "operator": "ends_with", "value": "r 77"}],
        "timeZone": "Europe/Berlin",
    }
    plain = text_of(source, **view)
    assert plain == "77,2025-07-01 14:00:00,\n"

    @event.listens_for(engine, "checkout")
    def upset(driver: Any, *_rest: object) -> None:
        driver.execute("SET DateStyle = 'German, DMY'")
        driver.execute("SET TimeZone = 'America/New_York'")
        driver.execute("SET standard_conforming_strings = off")
        driver.execute("SET client_encoding = 'LATIN1'")
        driver.commit()

    assert text_of(source, **view) == plain
    assert text_of(source, **view, searchTerm="\N{SNOWMAN}") == ""


@pytest.mark.parametrize("zone", ["CET", "EET", "WET", "MET"])
def test_zone_that_is_called_like_an_abbreviation_has_its_summer(source: SqlAlchemyTicketSource, zone: str) -> None:
    hour = {"CET": 14, "MET": 14, "EET": 15, "WET": 13}[zone]
    found = text_of(
        source, columns=["creationTime"], filters=[{"field": "id", "operator": "eq", "value": "1"}], timeZone=zone
    )
    assert found == f"2025-07-01 {hour}:00:00\n"


@pytest.mark.parametrize("hostile", ["'; DROP TABLE x; --", "%s %(a)s %%", "\\'", "$1", "U&'\\0041'", ":x"])
def test_what_is_looked_for_is_only_looked_for(source: SqlAlchemyTicketSource, hostile: str) -> None:
    for operator in ("eq", "contains", "starts_with", "is_any_of"):
        where = [{"field": "title", "operator": operator, "value": hostile}]
        assert text_of(source, filters=where, searchTerm=hostile) == ""
