"""PgBouncer in transaction mode between two workers and the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from sqlalchemy import select, text

from tests.integration.processes.desk import opened
from tests.pgbouncer import pgbouncer
from tests.postgresql_server import conninfo
from ticket_export import ConfigurationError, create_engine
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.stop_signal import StopSignal

EXPORTS = 24
#: Seconds; only a failing test waits for so long.
PATIENCE = 60


@pytest.fixture
def pooled_url(postgresql_url: str) -> Iterator[str]:
    with pgbouncer(postgresql_url) as url:
        yield url


@contextmanager
def others_on(pooled_url: str) -> Iterator[None]:
    """Somebody else has the pooler's connections now and then, so that nobody gets the same one twice running."""
    is_over = Event()

    def use() -> None:
        with psycopg.connect(conninfo(pooled_url), prepare_threshold=None) as connection:
            while not is_over.wait(0.003):
                connection.execute("SELECT pg_sleep(0.003)")
                connection.commit()

    threads = [Thread(target=use, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join(PATIENCE)


def test_two_workers_behind_a_pooler_make_every_export(
    postgresql_url: str, pooled_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(postgresql_url, tmp_path, task_queue="database") as desk:
        jobs = [desk.request() for _ in range(EXPORTS)]
        stop, ended = StopSignal(), list[ExportJobDto]()

        def end(job: ExportJobDto) -> None:
            ended.append(job)
            if len(ended) == EXPORTS:
                stop.give()

        threads = []
        for _ in range(2):
            container = desk.another(pooled_url, lease_seconds=1, audit_log="table")
            container.task_queue.reset_override()
            worker = container.worker()
            threads.append(
                Thread(target=lambda worker=worker: worker.run(concurrency=2, stop=stop, on_end=end), daemon=True)
            )
        with others_on(pooled_url):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive()
        assert {desk.status(each) for each in jobs} == {"completed"}
        assert "prepared statement" not in caplog.text
        assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_statement_that_is_used_often_is_not_prepared_unless_the_url_says_so(
    postgresql_url: str, pooled_url: str
) -> None:
    def used_often(url: str) -> int:
        engine = create_engine(url)
        with engine.connect() as connection:
            for number in range(10):
                connection.execute(text("SELECT CAST(:number AS int)"), {"number": number})
            prepared = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
        engine.dispose()
        return int(prepared)

    separator = "&" if "?" in postgresql_url else "?"
    assert used_often(postgresql_url) == 0
    assert used_often(f"{postgresql_url}{separator}prepare_threshold=none") == 0
    assert used_often(f"{postgresql_url}{separator}prepare_threshold=3") > 0
    assert used_often(pooled_url) == 0


def test_prepare_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="prepare_threshold in the database URL must be"):
        create_engine("postgresql://localhost/desk?prepare_threshold=often")


def test_sessions_of_the_pooler_are_left_as_they_were(postgresql_url: str, pooled_url: str, tmp_path: Path) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone", "DateStyle")
    settings = text(", ".join(f"current_setting('{name}')" for name in names))
    with opened(postgresql_url, tmp_path) as desk:
        container = desk.another(pooled_url)
        fresh = create_engine(postgresql_url)
        with fresh.connect() as connection:
            expected = connection.execute(select(settings)).one()
        fresh.dispose()
        desk.request()
        container.worker().drain()
        with psycopg.connect(conninfo(pooled_url), prepare_threshold=None) as connection:
            for _ in range(8):
                row = connection.execute(f"SELECT {settings.text}").fetchone()
                connection.commit()
                assert row == tuple(expected)
