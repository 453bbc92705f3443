"""Exports in a database that another system made and uses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.adoption import other_system
from ticket_export import (
    Actor,
    ExportNotFoundError,
    JobDatabaseError,
    JoinedUnitOfWork,
    Severity,
    SystemPermissions,
    TicketExportContainer,
    TooManyExportsError,
    adopt,
)
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.forget_user import Forgotten
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.testing.memory import InMemoryClock

ADA = Actor(user_id=other_system.ADMIN, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


VIEW = {"columns": ["id", "title", "tags"]}
REFERENCES = 'SELECT "BackgroundTaskId" FROM "ExportJobs" WHERE "Id" = :id'
TAKE = sa.text("""UPDATE "BackgroundTasks" SET "Status" = 'Taken' WHERE lower("Status") = 'enqueued'""")


@contextmanager
def taking_every_task(engine: Engine) -> Iterator[list[int]]:
    """Run a program that takes every task that waits in the shared table; its numbers of tasks are returned."""
    is_over = Event()

    def poll() -> list[int]:
        taken = []
        while not is_over.wait(0.005):
            with engine.begin() as connection:
                taken.append(connection.execute(TAKE).rowcount)
        return taken

    seen: list[int] = []
    with ThreadPoolExecutor(1) as threads:
        polling = threads.submit(poll)
        try:
            yield seen
        finally:
            is_over.set()
        seen += polling.result(60)


def test_fifty_exports_complete_while_another_program_takes_every_task_that_it_sees(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = other_system.rows(engine)
    adopt(container.engine())
    request, worker = container.request_export(), container.worker()
    with taking_every_task(engine) as taken:
        jobs = [request(ADA, {**VIEW, "searchTerm": f"printer {n}"}).id for n in range(50)]
        worker.drain(concurrency=2)
    assert len(taken) > 10
    assert sum(taken) == 0
    assert other_system.rows(engine) == before
    exports = [container.get_export()(ADA, job_id) for job_id in jobs]
    assert {(export.status, export.error_message) for export in exports} == {("completed", None)}
    # The text "printer 1" is in the titles of tickets 1 and 10 to 19.
    assert [exports[number].row_count for number in (1, 2, 21)] == [11, 2, 0]


def test_a_process_that_has_looked_before_the_adoption_looks_again(
    engine: Engine, container: TicketExportContainer
) -> None:
    request = container.request_export()
    with pytest.raises(JobDatabaseError, match=r"the database lacks the column .* run `ticket-export migrate`"):
        request(ADA, VIEW)
    # With another engine, as another process has.
    adopt(engine)
    job = request(ADA, VIEW)
    container.worker().drain()
    assert container.get_export()(ADA, job.id).status == "completed"


def test_a_request_in_the_hosts_transaction_stores_its_task_apart(
    engine: Engine, container: TicketExportContainer
) -> None:
    adopt(engine)
    with engine.begin() as connection:
        unit_of_work = JoinedUnitOfWork(connection)
        job = container.request_export(unit_of_work=lambda: unit_of_work)(ADA, VIEW)
    unit_of_work.committed()
    with engine.connect() as connection:
        stored = connection.execute(sa.text('SELECT "ExportJobId", "Status" FROM "ExportTasks"')).all()
        reference = connection.execute(sa.text(REFERENCES), {"id": stored[0].ExportJobId}).scalar_one()
    assert [(UUID(str(row.ExportJobId)), row.Status) for row in stored] == [(job.id, "enqueued")]
    assert reference is None


def test_exports_of_the_other_system_are_shown_and_stay_as_they_are(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = other_system.rows(engine)
    adopt(engine)
    listed = container.list_exports()(ADA)
    assert (listed.total, len(listed.items)) == (5, 5)
    assert container.recover_stalled_exports()() == Recovery()
    assert container.clean_up_expired_exports()() == CleanUp()
    assert container.purge_exports()(history=timedelta(0)) == Purge()
    assert other_system.rows(engine) == before


def test_exports_of_the_other_system_do_not_count_as_the_users(
    engine: Engine, container: TicketExportContainer
) -> None:
    adopt(engine)
    container.settings.override(container.settings().model_copy(update={"max_active_jobs_per_user": 1}))
    # The other system has two active exports of this user; one of them has this view.
    requested = container.request_export()(ADA, {"columns": ["id"]})
    assert not requested.already_requested
    assert container.request_export()(ADA, {"columns": ["id"]}).already_requested
    with pytest.raises(TooManyExportsError):
        container.request_export()(ADA, VIEW)


def test_an_export_of_the_other_system_can_be_requested_again(engine: Engine, container: TicketExportContainer) -> None:
    adopt(engine)
    failed = next(job for job in container.list_exports()(ADA).items if job.status == "failed")
    again = container.retry_export()(ADA, failed.id)
    container.worker().drain()
    assert container.get_export()(ADA, again.id).status == "completed"


def test_an_export_of_the_library_is_cancelled_cleaned_up_and_purged(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = other_system.rows(engine)
    adopt(engine)
    clock = InMemoryClock(container.clock().now())
    container.clock.override(clock)
    cancelled, done = (container.request_export()(ADA, {**VIEW, "searchTerm": each}) for each in "ab")
    container.cancel_export()(ADA, cancelled.id)
    container.worker().drain()
    assert container.get_export()(ADA, cancelled.id).error_message == "Cancelled"
    clock.advance(timedelta(days=4))
    assert container.clean_up_expired_exports()() == CleanUp(cleaned_up=2)
    assert container.purge_exports()(history=timedelta(0)) == Purge(purged=2)
    with pytest.raises(ExportNotFoundError):
        container.get_export()(ADA, done.id)
    with engine.connect() as connection:
        assert connection.execute(sa.text('SELECT count(*) FROM "ExportTasks"')).scalar_one() == 0
    assert other_system.rows(engine) == before


def test_a_forgotten_user_keeps_the_exports_of_the_other_system(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = other_system.rows(engine)
    adopt(engine)
    container.request_export()(ADA, VIEW)
    container.worker().drain()
    container.request_export()(ADA, {"columns": ["id"]})
    assert container.forget_user()(ADA.user_id) == Forgotten(ended=1, removed=2, left=5)
    with engine.connect() as connection:
        assert connection.execute(sa.text('SELECT count(*) FROM "ExportTasks"')).scalar_one() == 0
    assert other_system.rows(engine) == before


def test_the_check_finds_what_an_adoption_adds_and_nothing_of_it_afterwards(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = [finding for finding in container.check() if "migrate --adopt" in str(finding)]
    assert before != []
    adopt(engine)
    assert [finding for finding in container.check() if finding.severity == Severity.ERROR] == []
