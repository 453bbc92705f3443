"""What the queue asks again and again, of a database with much that is done with and little that is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import attrs
from sqlalchemy import Connection, Engine, event

from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_task, a_user

Question = Callable[[SqlAlchemyUnitOfWork], object]

_LONG_AGO: Final = NOW - timedelta(days=30)
_LATER: Final = NOW + timedelta(days=30)


class Rows(Protocol):
    def put(self, entity: User | BackgroundTask | ExportJob) -> None: ...


def put_a_task_that_is_done(rows: Rows) -> None:
    done = BackgroundTaskStatus.COMPLETE
    rows.put(attrs.evolve(a_task(), status=done, leased_until=None, creation_time=_LONG_AGO))


def put_a_job_that_is_done(rows: Rows, requester: User) -> None:
    done = a_job(requester, status=ExportJobStatus.COMPLETED, requested_at=_LONG_AGO)
    rows.put(attrs.evolve(done, expires_at=_LONG_AGO, is_cleaned_up=True))


def put_what_is_active(rows: Rows, requester: User) -> None:
    for _ in range(3):
        somebody, task, lapsed = a_user(), BackgroundTask(name="export", creation_time=NOW), a_task()
        for entity in (somebody, task, lapsed):
            rows.put(entity)
        rows.put(a_job(somebody, background_task_id=task.id))
        rows.put(a_job(requester, status=ExportJobStatus.RUNNING, background_task_id=lapsed.id))
        rows.put(a_job(somebody))


def questions(requester: User) -> dict[str, Question]:
    """Each of them finds something there."""
    seen_before = attrs.evolve(a_job(requester), expires_at=NOW)
    return {
        "next_enqueued": lambda work: work.tasks.next_enqueued("export"),
        "next_enqueued with a limit": lambda work: work.tasks.next_enqueued("export", max_running_per_user=1),
        "lapsed": lambda work: work.tasks.lapsed("export", now=_LATER, limit=10),
        "active_of": lambda work: work.jobs.active_of(requester.id),
        "active_without_task": lambda work: work.jobs.active_without_task("export", before=_LATER, limit=10),
        "first page due": lambda work: work.jobs.due_for_clean_up(now=_LATER, after=None, limit=10),
        "next page due": lambda work: work.jobs.due_for_clean_up(now=_LATER, after=seen_before, limit=10),
    }


def statements(engine: Engine, ask: Question) -> list[tuple[str, object]]:
    """Every SELECT from a table that the question sends, with its parameters."""
    sent: list[tuple[str, object]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if statement.startswith("SELECT") and "FROM" in statement:
            sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        assert ask(unit_of_work), "a plan is worth looking at if there is something to find"
    event.remove(engine, "before_cursor_execute", note)
    assert sent
    return sent
