"""An administrator keeps one row in an open transaction: all else goes on, and what needs the row says so soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, text, update

from tests.integration.processes.desk import Desk
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.database import transaction
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.notifications import NoNotifications
from ticket_export.ports import BackgroundTaskStatus

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transaction.SHORT, "lock_timeout", "300ms")


@pytest.fixture
def administrator(desk: Desk) -> Iterator[Connection]:
    with desk.container.engine().connect() as connection:
        yield connection
        connection.rollback()


def keep(administrator: Connection, desk: Desk, table: str, job_id: UUID) -> None:
    """The administrator's transaction keeps the job's row, or that of its task."""
    tables = desk.container.tables()
    jobs, tasks = tables.export_jobs, tables.background_tasks
    if table == "job":
        kept = select(jobs.c.id).where(jobs.c.id == job_id)
    else:
        kept = select(tasks.c.id).where(tasks.c.id == desk.job(job_id).background_task_id)
    assert administrator.execute(kept.with_for_update()).one_or_none()


def let_lapse(desk: Desk) -> None:
    tasks = desk.container.tables().background_tasks
    with desk.container.engine().begin() as connection:
        connection.execute(update(tasks).where(tasks.c.leased_until.is_not(None)).values(leased_until=LONG_AGO))


def let_expire(desk: Desk) -> None:
    with desk.container.engine().begin() as connection:
        connection.execute(update(desk.container.tables().export_jobs).values(expires_at=LONG_AGO))


def test_no_connection_waits_on_for_a_table_that_an_administrator_keeps(desk: Desk, administrator: Connection) -> None:
    """The server does not see that its client has gone, so each look for work would leave one more waiting there."""
    queue = DatabaseTaskQueue(desk.container.engine(), desk.container.tables(), NoNotifications())
    administrator.execute(text('LOCK TABLE "BackgroundTasks", "Users" IN ACCESS EXCLUSIVE MODE'))
    for ask in (lambda: queue.wait(0), lambda: desk.container.user_directory().find_by_email("admin@example.test")):
        with pytest.raises(JobDatabaseError, match="lock_timeout"):
            ask()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    assert administrator.execute(text(waiting)).scalar_one() == 0


@pytest.mark.parametrize("table", ["job", "task"])
def test_oldest_export_that_is_kept_is_passed_over_by_a_worker(
    desk: Desk, administrator: Connection, table: str
) -> None:
    kept, free = desk.request(), desk.request()
    keep(administrator, desk, table, kept)
    attempt = desk.container.claims().claim_next()
    assert attempt is not None
    assert attempt.job.id == free
    assert desk.container.claims().claim_next() is None
    administrator.rollback()
    attempt = desk.container.claims().claim_next()
    assert attempt is not None
    assert attempt.job.id == kept


@pytest.mark.parametrize("table", ["job", "task"])
def test_lost_export_that_is_kept_does_not_keep_others_from_recovery(
    desk: Desk, administrator: Connection, table: str
) -> None:
    kept, *free = [desk.request() for _ in range(3)]
    for _ in range(3):
        assert desk.container.claims().claim_next()
    let_lapse(desk)
    keep(administrator, desk, table, kept)
    assert desk.container.recover_stalled_exports()() == Recovery(requeued=2)
    assert [desk.status(each) for each in (kept, *free)] == ["running", "queued", "queued"]
    administrator.rollback()
    assert desk.container.recover_stalled_exports()() == Recovery(requeued=1)


def test_export_without_task_that_is_kept_does_not_keep_others_from_being_given_up(
    desk: Desk, administrator: Connection
) -> None:
    kept, *free = [desk.request() for _ in range(3)]
    tasks = desk.container.tables().background_tasks
    with desk.container.engine().begin() as connection:
        connection.execute(update(tasks).values(status=BackgroundTaskStatus.ERROR))
    keep(administrator, desk, "job", kept)
    assert desk.container.recover_stalled_exports()() == Recovery(given_up=2)
    assert [desk.status(each) for each in (kept, *free)] == ["queued", "failed", "failed"]


@pytest.mark.parametrize("table", ["job", "task"])
@pytest.mark.parametrize("has_ended", [False, True])
def test_expired_export_that_is_kept_does_not_keep_others_from_being_cleaned_up(
    desk: Desk, administrator: Connection, table: str, has_ended: bool
) -> None:
    kept, *free = [desk.request() for _ in range(3)]
    if has_ended:
        desk.container.worker().drain()
    let_expire(desk)
    keep(administrator, desk, table, kept)
    is_waited_for = table == "task" and not has_ended
    assert desk.container.clean_up_expired_exports()() == CleanUp(
        cleaned_up=3 if table == "task" and has_ended else 2, failed=int(is_waited_for)
    )
    assert all(desk.job(each).is_cleaned_up for each in free)
    administrator.rollback()
    desk.container.clean_up_expired_exports()()
    assert desk.job(kept).is_cleaned_up


@pytest.mark.parametrize("table", ["job", "task"])
def test_cancelling_an_export_that_is_kept_answers_which_time_limit_was_reached(
    desk: Desk, administrator: Connection, table: str
) -> None:
    kept, free = desk.request(), desk.request()
    keep(administrator, desk, table, kept)
    with pytest.raises(JobDatabaseError, match=r"lock_timeout\); try again later"):
        desk.container.cancel_export()(desk.actor, kept)
    assert desk.container.cancel_export()(desk.actor, free).error_message == "Cancelled"
    administrator.rollback()
    assert desk.container.cancel_export()(desk.actor, kept).error_message == "Cancelled"


def test_requests_go_on_while_jobs_are_kept_and_a_kept_turn_of_one_user_is_told_soon(
    desk: Desk, administrator: Connection
) -> None:
    keep(administrator, desk, "job", desk.request())
    another = desk.request()
    assert desk.status(another) == "queued"
    # Another request of the same user's, in a transaction of the host's that stays open.
    with desk.container.unit_of_work() as work:
        work.jobs.active_of(desk.actor.user_id)
        with pytest.raises(JobDatabaseError, match="another transaction has locked the exports of this user"):
            desk.request()


def test_running_export_whose_row_is_kept_goes_on_and_is_told_lost_at_its_end(
    desk: Desk, administrator: Connection
) -> None:
    def keep_it(_progress: object) -> None:
        if not administrator.in_transaction():
            keep(administrator, desk, "job", job_id)

    job_id = desk.request()
    with pytest.raises(JobDatabaseError, match="lock_timeout"):
        desk.container.run_export()(job_id, on_progress=keep_it)
    administrator.rollback()
    let_lapse(desk)
    assert desk.container.recover_stalled_exports()() == Recovery(requeued=1)
    desk.container.worker().drain()
    assert desk.status(job_id) == "completed"
