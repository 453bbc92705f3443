from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import pytest
from sqlalchemy.exc import OperationalError

from tests.unit.infrastructure.worker_desk import PATIENCE
from ticket_export import StopSignal, TicketExportContainer
from ticket_export.application.finding import Finding, error, warning
from ticket_export.entrypoints.cli import worker_setup
from ticket_export.entrypoints.cli.exit_codes import CommandError, ExitCode
from ticket_export.entrypoints.cli.session import Session
from ticket_export.entrypoints.cli.worker_setup import require_setup
from ticket_export.errors import JobDatabaseError
from ticket_export.testing.memory import InMemoryAuditLog


class _Unanswered(Exception):
    """What psycopg raises if it cannot connect: without a code."""

    sqlstate = None


_Unanswered.__name__ = "OperationalError"


def database_error(text: str) -> JobDatabaseError:
    raised = JobDatabaseError("the database cannot be reached, or refuses the connection")
    raised.__cause__ = OperationalError("SELECT", {}, _Unanswered(text))
    return raised


def a_container(recover: Callable[[], None], findings: tuple[Finding, ...] = ()) -> TicketExportContainer:
    """Whose database is asked by `recover`, and whose check finds `findings`."""
    container = TicketExportContainer(audit_log=InMemoryAuditLog())
    container.recover_stalled_exports.override(recover)
    object.__setattr__(container, "check", lambda: list(findings))
    return container


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_setup, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(worker_setup, "_LONGEST_PAUSE", 0.004)


@pytest.mark.usefixtures("quick")
def test_database_that_comes_back_is_waited_for_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    tries = iter([database_error("Connection refused")] * 5)

    def recover() -> None:
        if (trouble := next(tries, None)) is not None:
            raise trouble

    require_setup(Session(), a_container(recover), StopSignal(), waits=True)
    assert [record.getMessage() for record in caplog.records] == [
        "the worker waits for the database: the database cannot be reached, or refuses the connection",
        "the database answers; the worker goes on",
    ]


def test_wait_for_the_database_ends_with_the_signal(caplog: pytest.LogCaptureFixture) -> None:
    stop, tried = StopSignal(), Event()

    def recover() -> None:
        tried.set()
        raise database_error("Connection refused")

    container = a_container(recover, (warning("x", "not asked for", "y"),))
    thread = Thread(target=lambda: require_setup(Session(), container, stop, waits=True), daemon=True)
    thread.start()
    assert tried.wait(PATIENCE)
    stop.give()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert "not asked for" not in caplog.text


def test_database_that_is_away_is_an_error_where_nobody_waits() -> None:
    def recover() -> None:
        raise database_error("Connection refused")

    with pytest.raises(JobDatabaseError):
        require_setup(Session(), a_container(recover), StopSignal(), waits=False)


@pytest.mark.parametrize("waits", [False, True])
def test_refused_login_is_bad_input(waits: bool) -> None:
    def recover() -> None:
        raise database_error("FATAL:  password authentication failed")

    with pytest.raises(CommandError, match="correct TICKET_EXPORT_DATABASE_URL") as raised:
        require_setup(Session(), a_container(recover), StopSignal(), waits=waits)
    assert raised.value.exit_code == ExitCode.BAD_INPUT


def test_error_that_does_not_pass_is_not_waited_for() -> None:
    def recover() -> None:
        raise JobDatabaseError("the database is full")

    with pytest.raises(JobDatabaseError, match="is full"):
        require_setup(Session(), a_container(recover), StopSignal(), waits=True)


def test_errors_of_the_check_end_the_worker_and_the_rest_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    passing = (warning("tickets", "slow", "add an index"), error("storage", "away", "start it", may_pass=True))
    require_setup(Session(), a_container(lambda: None, passing), StopSignal(), waits=True)
    assert ["slow" in caplog.text, "away" in caplog.text] == [True, True]
    lasting = (*passing, error("settings", "wrong", "correct it"))
    with pytest.raises(CommandError, match="settings: wrong; correct it") as raised:
        require_setup(Session(), a_container(lambda: None, lasting), StopSignal(), waits=True)
    assert raised.value.exit_code == ExitCode.BAD_INPUT
