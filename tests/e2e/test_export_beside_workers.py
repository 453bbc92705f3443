"""``export`` where a worker, or another command, is at the same export."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from time import monotonic
from uuid import uuid4

import pytest

from tests.e2e.command_line import job, jobs, run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import (
    ADMIN,
    HELD,
    HeldExports,
    seconds_until,
    started,
    started_worker,
    stored_files,
)

_BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
# A count that takes minutes, nearly all of them in a function that SQLite calls.
_SLOW_MODULE = """
import time
from pathlib import Path
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.tickets.sqlite import functions

def contains(stored, needle):
    Path("counting").touch()
    time.sleep(0.5)
    return True

functions._contains = contains
container = TicketExportContainer()
"""
_EXPORT = ("export", "--columns", "id", *ADMIN, "--output", "tickets.csv")


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process put their folder on it."""
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def held(help_desk: HelpDesk) -> HeldExports:
    return HeldExports.prepare(help_desk.folder)


def _request() -> str:
    return str(job(run_command("request", "--columns", "id", *ADMIN, "--json"))["id"])


def _only_job() -> Mapping[str, object]:
    (only,) = jobs(run_command("list", *ADMIN, "--json"))
    return only


def _wait_for(status: str) -> None:
    seconds_until(lambda: [each["status"] for each in jobs(run_command("list", *ADMIN, "--json"))] == [status])


def test_an_export_that_is_queued_already_is_run_here(help_desk: HelpDesk) -> None:
    job_id = _request()
    ended = run_command(*_EXPORT, "--json")
    assert ended.exit_code == 0, ended.err
    assert job(ended)["id"] == job_id == _only_job()["id"]
    assert f"export {job_id} is queued, no second one starts" in ended.err.splitlines()[0]
    assert (help_desk.folder / "tickets.csv").stat().st_size == _only_job()["length"]


def test_an_export_that_a_worker_runs_is_waited_for(help_desk: HelpDesk, held: HeldExports) -> None:
    with started_worker(help_desk, *HELD):
        job_id = _request()
        _wait_for("running")
        with started(help_desk, *_EXPORT, "--json") as export:
            assert f"export {job_id} is running, no second one starts" in export.wait_for_line()
            assert export.wait_for_line().split()[0] in {"Counting:", "Exporting:"}
            held.release()
            ended = export.end()
    assert ended.exit_code == 0, ended.err
    assert job(ended)["id"] == job_id == _only_job()["id"]
    assert (help_desk.folder / "tickets.csv").stat().st_size == _only_job()["length"]


def test_an_export_whose_worker_died_is_run_here_when_its_lease_ends(help_desk: HelpDesk, held: HeldExports) -> None:
    with started_worker(help_desk, *HELD, TICKET_EXPORT_LEASE_SECONDS="1") as worker:
        job_id = _request()
        _wait_for("running")
        worker.stop(signal.SIGKILL)
    ended = run_command(*_EXPORT, "--json")
    assert ended.exit_code == 0, ended.err
    assert job(ended)["id"] == job_id


def test_an_export_that_is_cancelled_elsewhere_says_so(help_desk: HelpDesk, held: HeldExports) -> None:
    with started(help_desk, *HELD, *_EXPORT) as export:
        _wait_for("running")
        job_id = str(_only_job()["id"])
        assert run_command("cancel", job_id, *ADMIN).exit_code == 0
        ended = export.end()
    assert (ended.exit_code, ended.problems) == (1, [f"export {job_id} failed: Cancelled"])
    assert not (help_desk.folder / "tickets.csv").exists()
    assert stored_files(help_desk) == []


@_BOTH_SIGNALS
def test_a_signal_leaves_nobody_to_run_what_was_requested_here(
    help_desk: HelpDesk, held: HeldExports, number: signal.Signals
) -> None:
    with started(help_desk, *HELD, *_EXPORT) as export:
        _wait_for("running")
        ended = export.stop(number)
    assert (ended.exit_code, ended.problems) == (130, ["interrupted"])
    assert (_only_job()["status"], _only_job()["errorMessage"]) == ("failed", "Cancelled")
    assert stored_files(help_desk) == []
    assert not (help_desk.folder / "tickets.csv").exists()


@_BOTH_SIGNALS
def test_a_signal_is_heard_while_the_tickets_are_counted(help_desk: HelpDesk, number: signal.Signals) -> None:
    (help_desk.folder / "slow_helpdesk.py").write_text(_SLOW_MODULE)
    search = ("--app", "slow_helpdesk:container", *_EXPORT, "--search", "1")
    with started(help_desk, *search) as export:
        seconds_until((help_desk.folder / "counting").exists)
        began = monotonic()
        ended = export.stop(number)
        # The count would take minutes.
        assert monotonic() - began < 30
    assert (ended.exit_code, ended.problems) == (130, ["interrupted"])
    assert (_only_job()["status"], _only_job()["errorMessage"]) == ("failed", "Cancelled")
    assert stored_files(help_desk) == []
    assert not (help_desk.folder / "tickets.csv").exists()


def test_ctrl_c_leaves_to_the_workers_what_another_command_has_queued(help_desk: HelpDesk, held: HeldExports) -> None:
    job_id = _request()
    with started(help_desk, *HELD, *_EXPORT) as export:
        _wait_for("running")
        ended = export.stop(signal.SIGINT)
    assert (ended.exit_code, ended.problems) == (130, ["interrupted"])
    assert (_only_job()["id"], _only_job()["status"]) == (job_id, "queued")
    assert stored_files(help_desk) == []


@_BOTH_SIGNALS
def test_a_signal_only_stops_watching_what_a_worker_runs(
    help_desk: HelpDesk, held: HeldExports, number: signal.Signals
) -> None:
    with started_worker(help_desk, *HELD):
        _request()
        _wait_for("running")
        with started(help_desk, *_EXPORT) as export:
            export.wait_for_line()
            export.wait_for_line()
            ended = export.stop(number)
        assert (ended.exit_code, ended.problems) == (130, ["interrupted"])
        assert _only_job()["status"] == "running"
        held.release()
        _wait_for("completed")


def test_ctrl_c_cancels_what_was_requested_here_even_if_a_worker_runs_it(
    help_desk: HelpDesk, held: HeldExports
) -> None:
    app = _app_that_cannot_run(help_desk, "InvalidTransitionError('a worker was faster')")
    with started_worker(help_desk, *HELD):
        with started(help_desk, *app, *_EXPORT) as export:
            _wait_for("running")
            # So that it is known to watch.
            export.wait_for_line()
            ended = export.stop(signal.SIGINT)
        assert (ended.exit_code, ended.problems) == (130, ["interrupted"])
        assert (_only_job()["status"], _only_job()["errorMessage"]) == ("failed", "Cancelled")
        seconds_until(lambda: stored_files(help_desk) == [])


def test_an_export_that_a_worker_takes_first_is_waited_for(help_desk: HelpDesk) -> None:
    app = _app_that_cannot_run(help_desk, "LeaseLostError('a worker was faster')")
    with started_worker(help_desk):
        ended = run_command(*app, *_EXPORT, "--json")
    assert ended.exit_code == 0, ended.err
    assert job(ended) == _only_job()
    assert (help_desk.folder / "tickets.csv").stat().st_size == _only_job()["length"]


@pytest.mark.parametrize(
    ("error", "exit_code"), [("KeyboardInterrupt()", 130), ("RuntimeError('out of memory, nearly')", 1)]
)
def test_whatever_ends_it_early_leaves_nothing_queued(help_desk: HelpDesk, error: str, exit_code: int) -> None:
    app = _app_that_cannot_run(help_desk, error)
    ended = run_command(*app, *_EXPORT)
    assert (ended.exit_code, len(ended.problems)) == (exit_code, 1)
    assert (_only_job()["status"], _only_job()["errorMessage"]) == ("failed", "Cancelled")
    assert run_command("worker", "--drain").text == "0 completed, 0 failed\n"


def _app_that_cannot_run(help_desk: HelpDesk, error: str) -> tuple[str, ...]:
    module = f"unable_{uuid4().hex}"
    (help_desk.folder / f"{module}.py").write_text(
        "from dependency_injector.providers import Object\n"
        "from ticket_export.container import TicketExportContainer\n"
        "from ticket_export.errors import InvalidTransitionError, LeaseLostError\n"
        "def refuse(*_args, **_options):\n"
        f"    raise {error}\n"
        "container = TicketExportContainer()\n"
        "container.run_export.override(Object(refuse))\n"
    )
    return "--app", f"{module}:container"
