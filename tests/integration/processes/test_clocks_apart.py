"""Processes whose machines' clocks differ share a database: its clock decides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.integration.processes.desk import VIEW, Desk
from ticket_export import JoinedUnitOfWork
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.infrastructure.persistence.database import clock
from ticket_export.infrastructure.system_clock import SystemClock

APART = [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=400)]
A_MOMENT = timedelta(seconds=5)


@contextmanager
def machine_off_by(off: timedelta) -> Iterator[None]:
    """Inside, the process is on a machine whose clock is `off`, and has just been started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _self: datetime.now(UTC) + off)
        yield


@pytest.mark.parametrize("off", APART, ids=str)
def test_lease_of_a_worker_whose_clock_differs_is_left_to_it(desk: Desk, off: timedelta) -> None:
    one, other = (desk.another(desk.container.settings().database_url) for _ in range(2))
    desk.request()
    with machine_off_by(off):
        attempt = one.claims().claim_next()
    assert attempt is not None
    assert other.recover_stalled_exports()() == Recovery()
    with machine_off_by(-off):
        fresh = desk.another(desk.container.settings().database_url)
        assert fresh.recover_stalled_exports()() == Recovery()
    with machine_off_by(off):
        assert one.recover_stalled_exports()() == Recovery()
        assert attempt.fail("It ends as its worker says.").status.developer_name == "failed"


@pytest.mark.parametrize("off", APART, ids=str)
def test_times_of_a_job_are_the_databases_wherever_it_was_requested_and_run(desk: Desk, off: timedelta) -> None:
    with machine_off_by(off):
        container = desk.another(desk.container.settings().database_url)
        job_id = container.request_export()(desk.actor, VIEW).id
        container.worker().drain()
    job = desk.job(job_id)
    assert job.status.developer_name == "completed"
    assert job.completed_at is not None
    with desk.container.engine().connect() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
    assert now - A_MOMENT * 12 < job.requested_at <= job.completed_at <= now
    assert job.expires_at - job.requested_at == timedelta(hours=72)


@pytest.mark.parametrize("off", [*APART, timedelta(hours=-2), timedelta(days=-400)], ids=str)
def test_sweep_leaves_what_is_written_on_a_machine_whose_clock_differs(
    desk: Desk, tmp_path: Path, off: timedelta
) -> None:
    now = (datetime.now(UTC) + off).timestamp()
    with machine_off_by(off):
        container = desk.another(desk.container.settings().database_url)
        container.recover_stalled_exports()()  # tells the process the database's time
        with container.storage().open_writer("exports/a/1/tickets.csv", "text/csv") as writer:
            writer.write(b"ID")
            (partial,) = (tmp_path / "files" / ".partial").iterdir()
            os.utime(partial, (now, now))
            assert container.sweep_orphaned_objects()() == Sweep()
            assert partial.exists()


@pytest.mark.parametrize("off", APART, ids=str)
def test_file_is_cleaned_up_when_the_databases_clock_says_so(desk: Desk, off: timedelta) -> None:
    desk.request()
    desk.container.worker().drain()
    with machine_off_by(off):
        fresh = desk.another(desk.container.settings().database_url)
        assert fresh.clean_up_expired_exports()() == CleanUp()


@pytest.mark.parametrize("off", APART, ids=str)
def test_request_inside_the_hosts_transaction_takes_the_databases_time(desk: Desk, off: timedelta) -> None:
    with machine_off_by(off):
        container = desk.another(desk.container.settings().database_url)
        with container.engine().begin() as connection:
            joined = JoinedUnitOfWork(connection)
            job_id = container.request_export(unit_of_work=lambda: joined)(desk.actor, VIEW).id
        joined.committed()
    assert abs(desk.job(job_id).requested_at - datetime.now(UTC)) < A_MOMENT * 12


@pytest.mark.parametrize("off", APART, ids=str)
def test_clock_that_jumps_while_an_export_runs_changes_nothing(desk: Desk, off: timedelta) -> None:
    job_id = desk.request()
    attempt = desk.container.claims().claim_next()
    assert attempt is not None
    before = desk.container.clock().now()
    with machine_off_by(off):
        assert timedelta(0) <= desk.container.clock().now() - before < A_MOMENT * 12
        assert desk.container.recover_stalled_exports()() == Recovery()
    assert desk.status(job_id) == "running"


def test_time_is_measured_again_by_every_unit_of_work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that slept, if its system has no clock that goes on meanwhile.
    elapsed = clock._elapsed
    with desk.container.unit_of_work():
        pass
    before = desk.container.clock().now()
    monkeypatch.setattr(clock, "_elapsed", lambda: elapsed() - 600)
    assert desk.container.clock().now() - before < timedelta(0)
    with desk.container.unit_of_work():
        assert timedelta(0) <= desk.container.clock().now() - before < A_MOMENT * 12
