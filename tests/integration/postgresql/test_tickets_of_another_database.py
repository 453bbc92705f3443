"""Tickets may be in another database than the jobs: a read replica, or a database of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.postgresql_server import PostgresqlServer
from tests.standby_postgresql import replicated_postgresql
from ticket_export import Actor, Settings, TicketExportContainer, create_engine, load_sample_data, upgrade
from ticket_export.errors import TicketsUnavailableError
from ticket_export.infrastructure.tickets.postgresql import replica

VIEW = {"columns": ["id", "title"], "sortField": "id"}
DELAY = 1.5


def help_desk(url: str, *, tickets: int) -> None:
    container = TicketExportContainer(settings=Settings(database_url=url))
    upgrade(container.engine(), reference_schema=True)
    load_sample_data(
        container.engine(), container.tables(), tickets=tickets, seed=1, now=datetime.now(UTC) - timedelta(days=1)
    )
    container.engine().dispose()


def wired(folder: Path, *, jobs: str, tickets: str) -> TicketExportContainer:
    settings = Settings(database_url=jobs, tickets_database_url=tickets, storage_url=(folder / "files").as_uri())
    return TicketExportContainer(settings=settings)


def admin_of(container: TicketExportContainer) -> Actor:
    admin = container.user_directory().find_by_email("admin@example.test")
    assert admin
    return admin


def exported(container: TicketExportContainer) -> int:
    admin = admin_of(container)
    job = container.request_export()(admin, VIEW)
    container.worker().drain()
    done = container.get_export()(admin, job.id)
    assert (done.status, done.error_message) == ("completed", None)
    with container.open_download()(admin, job.id).open() as file:
        return file.read().count(b"\n") - 1


@pytest.fixture(params=["sqlite", "postgresql"])
def tickets_url(request: pytest.FixtureRequest, tmp_path: Path, postgresql_server: PostgresqlServer) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/tickets.db"
        return
    with postgresql_server.database(migrated=False) as url:
        yield url


def test_jobs_and_users_are_in_one_database_and_tickets_in_another(tickets_url: str, tmp_path: Path) -> None:
    jobs = f"sqlite:///{tmp_path}/jobs.db"
    help_desk(jobs, tickets=3)
    help_desk(tickets_url, tickets=40)
    container = wired(tmp_path, jobs=jobs, tickets=tickets_url)
    visible = exported(container)
    assert visible > 3
    with container.tickets_engine().connect() as connection:
        assert connection.execute(sa.text('SELECT count(*) FROM "ExportJobs"')).scalar_one() == 0
        not_deleted = sa.text('SELECT count(*) FROM "Tickets" WHERE NOT "IsDeleted"')
        assert connection.execute(not_deleted).scalar_one() == visible
    container.engine().dispose()
    container.tickets_engine().dispose()


def test_url_of_the_tickets_shows_no_password() -> None:
    settings = Settings(tickets_database_url="postgresql://reader:hunter2@replica/desk")
    assert settings.tickets_database_url == "postgresql://reader:hunter2@replica/desk"
    assert all("hunter2" not in text for text in (repr(settings), str(settings), settings.model_dump_json()))


@pytest.fixture(scope="module")
def replicated() -> Iterator[tuple[str, str]]:
    with replicated_postgresql(delay=DELAY) as (primary, standby):
        help_desk(primary, tickets=5)
        yield primary, standby


@pytest.fixture
def primary(replicated: tuple[str, str]) -> Iterator[Engine]:
    engine = create_engine(replicated[0])
    yield engine
    engine.dispose()


def add_a_ticket(engine: Engine) -> None:
    """One more, created now: a copy of another one."""
    with engine.begin() as connection:
        columns = [each["name"] for each in sa.inspect(engine).get_columns("Tickets")]
        changed = {"Id": '(SELECT max("Id") + 1 FROM "Tickets")', "CreationTime": "now() AT TIME ZONE 'UTC'"}
        values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        select = f'SELECT {values} FROM "Tickets" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 1'
        connection.execute(sa.text(f'INSERT INTO "Tickets" ({names}) {select}'))


def test_ticket_that_exists_at_the_request_is_exported_from_a_replica_that_is_behind(
    replicated: tuple[str, str], primary: Engine, tmp_path: Path
) -> None:
    url, standby = replicated
    container = wired(tmp_path, jobs=url, tickets=standby)
    admin_of(container)
    before = exported(container)
    add_a_ticket(primary)
    began = monotonic()
    assert exported(container) == before + 1
    assert monotonic() - began >= DELAY - 0.5
    container.engine().dispose()
    container.tickets_engine().dispose()


def test_replica_of_a_primary_that_writes_nothing_is_current(
    replicated: tuple[str, str], primary: Engine, tmp_path: Path
) -> None:
    jobs = f"sqlite:///{tmp_path}/jobs.db"
    help_desk(jobs, tickets=1)
    container = wired(tmp_path, jobs=jobs, tickets=replicated[1])
    assert exported(container) > 3
    container.engine().dispose()
    container.tickets_engine().dispose()


def test_replica_that_stays_behind_costs_an_attempt(
    replicated: tuple[str, str], primary: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "_LONGEST_WAIT", 0.3)
    add_a_ticket(primary)
    standby = create_engine(replicated[1])
    later = datetime.now(UTC) + timedelta(hours=1)
    with standby.connect() as connection, pytest.raises(TicketsUnavailableError, match=r"a replica, .* behind"):
        replica.wait_for_replica(connection, later)
    standby.dispose()


def test_server_that_is_no_replica_is_not_waited_for(primary: Engine) -> None:
    with primary.connect() as connection:
        replica.wait_for_replica(connection, datetime.now(UTC) + timedelta(hours=1))
        assert not connection.in_transaction()
