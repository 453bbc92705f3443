"""What PostgreSQL ends by itself, when the process that asked for it has vanished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection, Engine, make_url, select, text
from sqlalchemy import create_engine as sqlalchemy_engine

from tests.integration.processes.desk import Desk, opened
from tests.silent_proxy import SilentProxy
from ticket_export import JoinedUnitOfWork, create_engine
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.database import transaction
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.tickets.postgresql.snapshot import begin_snapshot

SHORT = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
NETWORK = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "client_connection_check_interval")
#: Beyond a minute nobody should wait for the locks of a machine that is gone.
A_MINUTE = 60
PATIENCE = 60.0


def settings_of(connection: Connection, *names: str) -> dict[str, str]:
    return {name: connection.execute(select(text(f"current_setting('{name}')"))).scalar_one() for name in names}


def seconds(connection: Connection, name: str) -> float:
    value = settings_of(connection, name)[name]
    return float(connection.execute(text(f"SELECT extract(epoch FROM interval '{value}')")).scalar_one())


def inside(work: SqlAlchemyUnitOfWork) -> Connection:
    return work.jobs._connection


@pytest.fixture
def engine(each_postgresql_url: str) -> Iterator[Engine]:
    engine = create_engine(each_postgresql_url)
    yield engine
    engine.dispose()


def test_statement_and_transaction_that_stand_still_end_within_a_minute_together(engine: Engine) -> None:
    with SqlAlchemyUnitOfWork(engine) as work:
        connection = inside(work)
        in_all = seconds(connection, "statement_timeout") + seconds(connection, "idle_in_transaction_session_timeout")
        assert 0 < in_all < A_MINUTE
        assert 0 < seconds(connection, "lock_timeout") < A_MINUTE / 2
        assert settings_of(connection, "client_connection_check_interval") == {
            "client_connection_check_interval": "10s"
        }


def test_limits_end_with_the_transaction(engine: Engine) -> None:
    names = (*SHORT, *NETWORK)
    with engine.connect() as connection:
        before = settings_of(connection, *names)
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    for is_committed in (True, False):
        with SqlAlchemyUnitOfWork(engine) as work:
            assert settings_of(inside(work), *SHORT) != {name: before[name] for name in SHORT}
            if is_committed:
                work.commit()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid
            assert settings_of(connection, *names) == before


@pytest.mark.parametrize(
    ("set_by_the_host", "holds"),
    [("3s", "3s"), ("0", "15s"), ("90min", "15s"), ("1d", "15s"), ("250ms", "250ms"), ("15s", "15s")],
)
def test_lower_limit_of_the_hosts_stays_and_a_higher_one_does_not(
    engine: Engine, set_by_the_host: str, holds: str
) -> None:
    database = engine.url.database
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE \"{database}\" SET statement_timeout = '{set_by_the_host}'")
    engine.dispose()
    with SqlAlchemyUnitOfWork(engine) as work:
        assert settings_of(inside(work), "statement_timeout") == {"statement_timeout": holds}


def test_transaction_of_the_hosts_keeps_its_own_limits(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '77s'")
        before = settings_of(connection, *SHORT, *NETWORK)
        with JoinedUnitOfWork(connection) as work:
            assert settings_of(connection, *SHORT, *NETWORK) == before
            work.commit()
        assert settings_of(connection, *SHORT, *NETWORK) == before


def test_export_may_read_for_as_long_as_it_takes(engine: Engine) -> None:
    with engine.connect() as connection:
        begin_snapshot(connection, timedelta(seconds=600))
        assert settings_of(connection, *SHORT) == {
            "statement_timeout": "0",
            "lock_timeout": "0",
            "idle_in_transaction_session_timeout": "10min",
        }
        connection.rollback()


def test_limits_are_no_trouble_over_any_driver_and_from_any_engine(engine: Engine) -> None:
    host = sqlalchemy_engine(make_url(engine.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with SqlAlchemyUnitOfWork(host) as work:
        assert seconds(inside(work), "lock_timeout") > 0
    host.dispose()


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch, postgresql_url: str, tmp_path: Path) -> Iterator[Callable[[], bool]]:
    """Whether somebody keeps the one task of a desk; limits are too short to be waited for."""
    monkeypatch.setitem(transaction.SHORT, "idle_in_transaction_session_timeout", "1s")
    with opened(postgresql_url, tmp_path) as desk:
        desk.request()
        with desk.container.unit_of_work() as work:
            task = work.tasks.next_enqueued(TASK_NAME)
        assert task is not None

        def is_locked() -> bool:
            # The removal is undone.
            with desk.container.unit_of_work() as work:
                return not work.tasks.remove(task.id) and _is_queued(desk)

        yield is_locked


def _is_queued(desk: Desk) -> bool:
    with desk.container.unit_of_work() as work:
        _, total = work.jobs.page(requester_ids=None, offset=0, limit=1)
    return total == 1


def test_locks_of_a_machine_that_vanishes_in_a_transaction_end(locked: Callable[[], bool], proxy: SilentProxy) -> None:
    vanishing = create_engine(proxy.url)
    with pytest.raises(JobDatabaseError, match="cannot be reached"), SqlAlchemyUnitOfWork(vanishing) as work:
        assert work.tasks.next_enqueued(TASK_NAME) is not None
        proxy.cut()
        assert locked()
        deadline = monotonic() + PATIENCE
        while locked():
            assert monotonic() < deadline, "the locks of a machine that is gone stay"
            sleep(0.05)
        proxy.close()
        work.tasks.next_enqueued(TASK_NAME)
    vanishing.dispose()
