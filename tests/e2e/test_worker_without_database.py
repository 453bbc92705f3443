"""A worker whose PostgreSQL is away when it starts or later, and one that has the wrong database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest
from sqlalchemy import make_url

from tests.e2e.command_line import Ended, run_script
from tests.e2e.held_exports import request, seconds_until, started, status
from tests.e2e.test_worker_on_postgresql import PostgresqlHelpDesk, filled_desk
from tests.e2e.test_worker_operations import get, health_port_of
from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.postgresql_server import PostgresqlServer, conninfo

pytestmark = pytest.mark.once_flaky


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with restartable_postgresql() as server:
        yield server


@pytest.fixture
def desk(server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresqlHelpDesk]:
    with PostgresqlServer(server.url).database() as url:
        yield filled_desk(url, tmp_path, monkeypatch)


@contextmanager
def stopped(server: EmbeddedServer) -> Iterator[None]:
    server.stop("fast")
    try:
        yield
    finally:
        server.start()


def test_worker_waits_for_a_database_that_is_away_and_then_works(
    desk: PostgresqlHelpDesk, server: EmbeddedServer
) -> None:
    job_id = request()
    with ExitStack() as running:
        with stopped(server):
            worker = running.enter_context(started(desk, "worker", "--health-port", "0"))
            port = health_port_of(worker)
            assert worker.wait_for_line() == (
                "warning: the worker waits for the database: "
                "the database cannot be reached, or refuses the connection\n"
            )
            assert get(port, "/live")[0] == 200
            number, text = get(port, "/ready")
            assert (number, text.splitlines()[0]) == (503, "the worker starts")
        # It says so once, however often it tries.
        assert worker.wait_for_line() == "warning: the database answers; the worker goes on\n"
        assert worker.wait_for_line().startswith("worker ready: ")
        seconds_until(lambda: status(job_id) == "completed")
        # The answers of the outage are used for two seconds.
        seconds_until(lambda: get(port, "/ready") == (200, "ok\n"))
        assert worker.stop().exit_code == 0


def test_worker_that_waits_for_its_database_obeys_a_signal(desk: PostgresqlHelpDesk, server: EmbeddedServer) -> None:
    with stopped(server), started(desk, "worker") as worker:
        assert worker.wait_for_line().startswith("warning: the worker waits for the database: ")
        began = monotonic()
        ended = worker.stop()
        # It would wait without end.
        assert monotonic() - began < 30
    assert (ended.exit_code, ended.err) == (0, "")


def test_worker_that_drains_does_not_wait_for_a_database_that_is_away(
    desk: PostgresqlHelpDesk, server: EmbeddedServer
) -> None:
    with stopped(server):
        ended = run_script("worker", "--drain", folder=desk.folder, settings=desk.settings)
    assert (ended.exit_code, len(ended.err.splitlines())) == (1, 1)


def test_worker_is_live_and_not_ready_while_its_database_is_stopped(
    desk: PostgresqlHelpDesk, server: EmbeddedServer
) -> None:
    with started(desk, "worker", "--health-port", "0") as worker:
        port = health_port_of(worker)
        assert worker.wait_for_line().startswith("worker ready: ")
        seconds_until(lambda: get(port, "/ready")[0] == 200)
        with stopped(server):
            seconds_until(lambda: get(port, "/ready")[0] == 503)
            assert "database: the database cannot be reached" in get(port, "/ready")[1]
            until = monotonic() + 16
            while monotonic() < until:
                assert get(port, "/live") == (200, "ok\n")
                sleep(0.5)
        seconds_until(lambda: get(port, "/ready")[0] == 200)
        job_id = request()
        seconds_until(lambda: status(job_id) == "completed")
        assert worker.stop().exit_code == 0


def _with_url(desk: PostgresqlHelpDesk, *options: str, **parts: str | None) -> Ended:
    """A worker whose database has another URL."""
    url = make_url(desk.url).set(**parts)  # type: ignore[arg-type]
    settings = {**desk.settings, "TICKET_EXPORT_DATABASE_URL": url.render_as_string(hide_password=False)}
    return run_script("worker", *options, folder=desk.folder, settings=settings)


@pytest.mark.parametrize("options", [(), ("--drain",)], ids=["runs", "drains"])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"username": "nobody_such"}, "correct TICKET_EXPORT_DATABASE_URL"),
        ({"database": "nothing_such"}, "correct TICKET_EXPORT_DATABASE_URL"),
        ({"database": "template1"}, "ticket-export migrate --reference-schema"),
    ],
    ids=["role", "name", "not migrated"],
)
def test_worker_with_the_wrong_database_ends_and_says_what_to_do(
    desk: PostgresqlHelpDesk, wrong: dict[str, str], told: str, options: tuple[str, ...]
) -> None:
    ended = _with_url(desk, *options, **wrong)
    assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1), ended.err
    assert told in ended.problems[0]


def test_worker_whose_password_is_refused_ends_and_does_not_show_it(
    desk: PostgresqlHelpDesk, server: EmbeddedServer
) -> None:
    with psycopg.connect(conninfo(desk.url), autocommit=True) as connection:
        connection.execute("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        (hba,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        before = Path(hba).read_text()
        Path(hba).write_text(f"local all clerk scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
    try:
        for password in ("hunter2", None):
            ended = _with_url(desk, username="clerk", password=password)
            assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1), ended.err
            assert "hunter2" not in ended.err
            assert "TICKET_EXPORT_DATABASE_URL" in ended.problems[0]
    finally:
        Path(hba).write_text(before)
        with psycopg.connect(conninfo(desk.url), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE clerk")
