"""A help desk is filled while a host uses it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from benchmarks.fill.loader import load_many
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from tests.integration.sample_data.filled import NOW, Load, fill, number_of, rows_of
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

_TICKETS = REFERENCE_TABLES.tickets
_CONTACTS = REFERENCE_TABLES.contacts
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'")


def _add_ticket(connection: Connection) -> int:
    # As a host does it: without a number.
    values = {"title": "of the host", "status": "new", "priority": "low", "creation_time": NOW}
    return int(connection.execute(insert(_TICKETS).values(values).returning(_TICKETS.c.id)).scalar_one())


def _add_contact(connection: Connection) -> int:
    return int(connection.execute(insert(_CONTACTS).values(first_name="New").returning(_CONTACTS.c.id)).scalar_one())


def test_what_a_host_adds_afterwards_gets_the_next_number(engine: Engine) -> None:
    fill(engine, 20)
    with engine.begin() as connection:
        assert _add_ticket(connection) == 21
        assert _add_contact(connection) == 201
    fill(engine, 5)
    assert [each["id"] for each in rows_of(engine)] == list(range(1, 27))


def test_numbers_that_were_given_are_not_given_again(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        connection.execute(select(func.setval('"Tickets_Id_seq"', 5_000)))
    fill(postgresql, 20)
    with postgresql.begin() as connection:
        assert _add_ticket(connection) == 5_001


def test_tickets_of_a_transaction_that_is_still_open_keep_their_numbers(postgresql: Engine) -> None:
    with ThreadPoolExecutor() as pool:
        with postgresql.begin() as host:
            of_host = _add_ticket(host)
            filling = pool.submit(fill, postgresql, 20)
            _until_somebody_waits(postgresql)
        filling.result(60)
    assert [each["id"] for each in rows_of(postgresql)] == [of_host, *range(of_host + 1, of_host + 21)]


def test_two_runs_at_once_add_all_their_tickets(postgresql: Engine) -> None:
    with ThreadPoolExecutor() as pool:
        for run in [pool.submit(fill, postgresql, 300) for _ in range(2)]:
            run.result(60)
    assert [each["id"] for each in rows_of(postgresql)] == list(range(1, 601))
    assert number_of(postgresql, _CONTACTS) == 200


@pytest.mark.parametrize("load", [load_sample_data, load_many])
def test_others_can_read_meanwhile_and_see_nothing_yet(postgresql: Engine, load: Load) -> None:
    fill(postgresql, 10)
    seen: list[int] = []

    def look(_inserted: int) -> None:
        with postgresql.connect() as reader:
            reader.execute(text("SET LOCAL lock_timeout = '5s'"))
            seen.append(reader.execute(select(func.count()).select_from(_TICKETS)).scalar_one())

    fill(postgresql, 10_500, on_progress=look, load=load)
    assert set(seen) == {10}
    assert number_of(postgresql, _TICKETS) == 10_510


@pytest.mark.parametrize("load", [load_sample_data, load_many])
def test_lost_connection_leaves_nothing(postgresql: Engine, load: Load) -> None:
    def cut(_inserted: int) -> None:
        with postgresql.connect() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).all()

    with pytest.raises(DBAPIError):
        fill(postgresql, 25_000, on_progress=cut, load=load)
    assert number_of(postgresql, _TICKETS) == 0
    assert number_of(postgresql, _CONTACTS) == 0


def test_planner_knows_how_many_tickets_there_are(postgresql: Engine) -> None:
    fill(postgresql, 3_000)
    with postgresql.connect() as connection:
        known = connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'Tickets'")).scalar_one()
    assert known == 3_000


def _until_somebody_waits(engine: Engine) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        with engine.connect() as connection:
            if connection.execute(_WAITING).scalar_one():
                return
        sleep(0.01)
    raise TimeoutError("nobody waits for the table")
