"""Workers as processes of their own: started, stopped, killed, and in each other's way."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from time import monotonic

import pytest

from tests.e2e.command_line import job, run_command, run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import (
    HELD,
    STAFF,
    HeldExports,
    block,
    request,
    seconds_until,
    started,
    started_worker,
    status,
    stored_files,
    tells_completion,
)
from ticket_export.infrastructure.tasks.database_task_queue import POLL_INTERVAL

pytestmark = pytest.mark.once_flaky


@pytest.fixture
def held(help_desk: HelpDesk) -> HeldExports:
    return HeldExports.prepare(help_desk.folder)


def _number_of_retries(help_desk: HelpDesk) -> int:
    with closing(sqlite3.connect(help_desk.database)) as database:
        ((number,),) = database.execute('SELECT "NumberOfRetries" FROM "BackgroundTasks"').fetchall()
    return int(number)


def test_what_another_process_requests_starts_at_once_and_completes(help_desk: HelpDesk) -> None:
    with started_worker(help_desk) as worker:
        job_id = request()
        # The promise is a second; a busy machine takes longer to start the export than the worker to look.
        assert POLL_INTERVAL < 1
        seconds_until(lambda: status(job_id) != "queued")
        seconds_until(lambda: status(job_id) == "completed")
        assert worker.wait_for_line().startswith(f"export {job_id} started by ")
        assert tells_completion(worker.wait_for_line(), job_id)
        ended = worker.stop()
    assert (ended.exit_code, ended.out, ended.err) == (0, b"", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_hands_its_export_back_and_another_completes_it(
    help_desk: HelpDesk, held: HeldExports, number: signal.Signals
) -> None:
    with started_worker(help_desk, *HELD) as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        began = monotonic()
        ended = worker.stop(number)
        # The held export never ends by itself, so any limit shows that the worker did not wait for it.
        assert monotonic() - began < 30
    assert ended.exit_code == 0
    assert f"export {job_id} is back in the queue" in ended.err
    assert "Traceback" not in ended.err
    assert (status(job_id), _number_of_retries(help_desk)) == ("queued", 0)
    assert stored_files(help_desk) == []
    drained = run_command("worker", "--drain")
    assert (drained.exit_code, drained.text) == (0, "1 completed, 0 failed\n")
    assert (status(job_id), len(stored_files(help_desk))) == ("completed", 2)


def test_a_worker_whose_export_hears_nothing_ends_all_the_same(help_desk: HelpDesk, held: HeldExports) -> None:
    held.hang()
    with started_worker(help_desk, *HELD) as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        assert worker.stop().exit_code == 0
    assert status(job_id) == "queued"


def test_a_second_signal_ends_a_worker_at_once(help_desk: HelpDesk, held: HeldExports) -> None:
    held.hang()
    with started_worker(help_desk, *HELD) as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        worker.process.terminate()
        seconds_until(lambda: status(job_id) == "queued")
        assert worker.stop().exit_code == -signal.SIGTERM


def test_cancelling_from_elsewhere_stops_a_running_export_and_leaves_no_file(
    help_desk: HelpDesk, held: HeldExports
) -> None:
    with started_worker(help_desk, *HELD) as worker:
        job_id = request()
        seconds_until(lambda: len(stored_files(help_desk)) == 1)
        cancelled = run_command("cancel", job_id, *STAFF, "--json")
        assert cancelled.exit_code == 0, cancelled.err
        assert (job(cancelled)["status"], job(cancelled)["errorMessage"]) == ("failed", "Cancelled")
        # Two seconds are the promise.
        assert seconds_until(lambda: stored_files(help_desk) == []) < 4
        assert worker.wait_for_line().startswith(f"export {job_id} started by ")
        assert worker.wait_for_line().startswith("warning: attempt 1 stops: ")
        held.release()
        other = request("--columns", "id,title")
        seconds_until(lambda: status(other) == "completed")
        assert worker.stop().exit_code == 0
    assert job(run_command("show", job_id, *STAFF, "--json")) == job(cancelled)


def test_a_killed_workers_export_is_taken_over_when_its_lease_ends(help_desk: HelpDesk, held: HeldExports) -> None:
    with started_worker(help_desk, *HELD, TICKET_EXPORT_LEASE_SECONDS="1") as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        assert worker.stop(signal.SIGKILL).exit_code == -signal.SIGKILL
    assert status(job_id) == "running"
    with started(help_desk, "worker") as successor:
        seconds_until(lambda: status(job_id) == "completed")
        ended = successor.stop()
    assert ended.exit_code == 0
    assert f"warning: export {job_id} was lost by " in ended.err
    assert _number_of_retries(help_desk) == 1


def test_draining_runs_everything_and_ends_by_itself(help_desk: HelpDesk) -> None:
    views = ("id", "title", "status", "priority", "tags")
    ids = [request("--columns", columns) for columns in views]
    drained = run_script(
        *("worker", "--drain", "--concurrency", "2"), folder=help_desk.folder, settings=help_desk.settings
    )
    assert (drained.exit_code, drained.text) == (0, f"{len(views)} completed, 0 failed\n")
    assert {status(job_id) for job_id in ids} == {"completed"}
    told = drained.err.splitlines()
    assert [sum(tells_completion(line, job_id) for line in told) for job_id in ids] == [1] * len(views)
    assert len(told) == 1 + 2 * len(views)


def test_draining_an_empty_queue_ends_at_once(help_desk: HelpDesk) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    drained = run_command("worker", "--drain")
    assert (drained.exit_code, drained.text) == (0, "0 completed, 0 failed\n")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_failed_export_is_told_and_is_no_failure_of_the_worker(help_desk: HelpDesk) -> None:
    job_id = request()
    block(help_desk, job_id)
    drained = run_command("worker", "--drain")
    assert (drained.exit_code, drained.text) == (0, "0 completed, 1 failed\n")
    message = job(run_command("show", job_id, *STAFF, "--json"))["errorMessage"]
    started_line, warning, audit_line = (line for line in drained.err.splitlines() if job_id in line)
    assert started_line.startswith(f"export {job_id} started by ")
    assert warning == f"warning: export {job_id} failed: {message}"
    assert audit_line.startswith(f"export {job_id} failed by ")
    assert "Traceback" not in drained.err
    assert str(help_desk.folder) not in drained.err


def test_a_worker_without_tables_ends_and_says_what_to_do(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", "sqlite:///new.db")
    ended = run_command("worker")
    assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1)
    assert "ticket-export migrate --reference-schema" in ended.problems[0]


@pytest.mark.parametrize("fails", [False, True])
def test_how_an_export_ended_is_told_once_where_the_audit_log_is_a_table(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    job_id = request()
    if fails:
        block(help_desk, job_id)
    monkeypatch.setenv("TICKET_EXPORT_AUDIT_LOG", "table")
    (told,) = (line for line in run_command("worker", "--drain").err.splitlines() if job_id in line)
    assert f"export {job_id} {status(job_id)}: " in told


@pytest.mark.parametrize("fails", [False, True])
def test_how_an_export_ended_is_told_where_a_host_keeps_the_log_quiet(help_desk: HelpDesk, fails: bool) -> None:
    (help_desk.folder / "quiet_helpdesk.py").write_text(
        "import logging.config\n"
        "from ticket_export.container import TicketExportContainer\n"
        "container = TicketExportContainer()\n"
        "logging.config.dictConfig({'version': 1, 'disable_existing_loggers': True})\n"
    )
    job_id = request()
    if fails:
        block(help_desk, job_id)
    drained = run_script(
        *("--app", "quiet_helpdesk:container", "worker", "--drain"),
        folder=help_desk.folder,
        settings=help_desk.settings,
    )
    _ready, told = drained.err.splitlines()
    assert told.startswith(f"export {job_id} {status(job_id)}: ")


def test_a_worker_without_the_table_of_its_audit_log_ends_and_says_what_to_do(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(help_desk.database)) as database, database:
        database.execute('DROP TABLE "ExportAuditEntries"')
    assert run_command("worker", "--drain").exit_code == 0
    monkeypatch.setenv("TICKET_EXPORT_AUDIT_LOG", "table")
    ended = run_command("worker", "--drain")
    assert ended.exit_code == 2
    assert ended.err == (
        "error: the database lacks the table ExportAuditEntries; "
        "create what is missing with: ticket-export migrate --reference-schema\n"
    )


@pytest.mark.parametrize("options", [(), ("--drain",)], ids=["runs", "drains"])
def test_a_worker_whose_exports_would_all_fail_ends_before_it_claims_one(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    job_id = request()
    (help_desk.folder / "file").touch()
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (help_desk.folder / "file").as_uri())
    ended = run_command("worker", *options)
    assert ended.exit_code == 2
    assert [problem.partition(": ")[0] for problem in ended.problems] == ["storage"]
    assert len(ended.err.splitlines()) == 1
    assert status(job_id) == "queued"


def test_a_worker_tells_a_warning_of_the_check_once_and_works(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = request()
    monkeypatch.setenv("TICKET_EXPORT_STALL_SECONDS", "30")
    drained = run_command("worker", "--drain")
    told = [line for line in drained.err.splitlines() if line.startswith("warning: ")]
    assert len(told) == 1
    assert told[0].endswith("; set TICKET_EXPORT_STALL_SECONDS=600")
    assert (drained.exit_code, status(job_id)) == (0, "completed")
