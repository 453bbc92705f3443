"""What a use-case does inside a transaction of the host's is told to nobody before the host has committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from dependency_injector.providers import Object
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.testing.entities import a_task, a_user

VIEW = {"columns": ["id"]}


class Host:
    """A help desk that has one export requested, and has heard of it."""

    def __init__(self, engine: Engine, rows: SqliteRows) -> None:
        user = a_user()
        rows.put(user)
        self.engine, self.rows = engine, rows
        self.actor = Actor(user_id=user.id, is_admin=False, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
        self.queue, self.audit_log, self.events = InMemoryTaskQueue(), InMemoryAuditLog(), InMemoryExportEvents()
        self.parts = TicketExportContainer()
        self.parts.settings.override(Object(Settings()))
        self.parts.engine.override(engine)
        self.parts.task_queue.override(self.queue)
        self.parts.audit_log.override(self.audit_log)
        self.parts.events.override(self.events)
        self.job_id = self.parts.request_export()(self.actor, VIEW).id
        self.forget()

    def forget(self) -> None:
        self.queue.dispatched.clear()
        self.audit_log.entries.clear()
        self.events.events.clear()

    @property
    def told(self) -> tuple[int, list[str], list[str]]:
        """How many tasks were dispatched, what was audited, and the events."""
        audited = [str(entry.action) for entry in self.audit_log.entries]
        return len(self.queue.dispatched), audited, [name for name, _ in self.events.events]

    def statuses(self) -> list[str]:
        return sorted(row["Status"] for row in self.rows.run('SELECT "Status" FROM "ExportJobs"'))


NOTHING: tuple[int, list[str], list[str]] = (0, [], [])


@pytest.fixture
def host(engine: Engine, rows: SqliteRows) -> Host:
    return Host(engine, rows)


@attrs.frozen
class Transaction:
    """One of the host's; `end` commits it or rolls it back."""

    join: Callable[[], UnitOfWork]
    end: Callable[[bool], None]


@contextmanager
def of_a_session(engine: Engine) -> Iterator[Transaction]:
    with Session(engine) as session:
        yield Transaction(
            lambda: JoinedUnitOfWork(session), lambda commits: session.commit() if commits else session.rollback()
        )


@contextmanager
def of_a_connection(engine: Engine) -> Iterator[Transaction]:
    with engine.connect() as connection:
        work = JoinedUnitOfWork(connection)

        def end(commits: bool) -> None:
            connection.commit() if commits else connection.rollback()
            work.committed()

        yield Transaction(lambda: work, end)


@pytest.fixture(params=[of_a_session, of_a_connection])
def transaction(request: pytest.FixtureRequest, host: Host) -> Iterator[Transaction]:
    with request.param(host.engine) as transaction:
        yield transaction


COMMITS = pytest.mark.parametrize("commits", [True, False])


@COMMITS
def test_repeated_request_dispatches_with_the_hosts_commit(host: Host, transaction: Transaction, commits: bool) -> None:
    answer = host.parts.request_export(unit_of_work=transaction.join)(host.actor, VIEW)
    assert (answer.id, answer.already_requested) == (host.job_id, True)
    assert host.told == NOTHING
    transaction.end(commits)
    assert host.told == ((1, [], []) if commits else NOTHING)


@COMMITS
def test_repetition_of_a_request_of_the_same_transaction_dispatches_no_task_that_nobody_can_find(
    host: Host, transaction: Transaction, commits: bool
) -> None:
    request = host.parts.request_export(unit_of_work=transaction.join)
    first = request(host.actor, {"columns": ["title"]})
    assert request(host.actor, {"columns": ["title"]}).id == first.id
    assert host.told == NOTHING
    transaction.end(commits)
    assert host.told == ((2, ["requested"], []) if commits else NOTHING)


@COMMITS
def test_cancellation_is_told_with_the_hosts_commit(host: Host, transaction: Transaction, commits: bool) -> None:
    assert host.parts.cancel_export(unit_of_work=transaction.join)(host.actor, host.job_id).status == "failed"
    assert host.told == NOTHING
    assert host.statuses() == ["queued"]
    transaction.end(commits)
    assert host.told == ((0, ["cancelled"], ["failed"]) if commits else NOTHING)
    assert host.statuses() == (["failed"] if commits else ["queued"])


def recorded(host: Host) -> list[str]:
    return [row["Action"] for row in host.rows.run('SELECT "Action" FROM "ExportAuditEntries" ORDER BY "At"')]


@pytest.fixture(params=["the host's own engine", "another engine"])
def table_log(request: pytest.FixtureRequest, host: Host, path: Path) -> Iterator[None]:
    """The audit log is the table, which the container may reach in another way than the host does."""
    engine = create_engine(f"sqlite:///{path}") if request.param == "another engine" else host.engine
    host.parts.audit_log.override(SqlAlchemyAuditLog(engine))
    yield
    engine.dispose()


@COMMITS
@pytest.mark.usefixtures("table_log")
def test_entries_in_the_table_are_part_of_the_hosts_transaction(
    host: Host, transaction: Transaction, commits: bool
) -> None:
    cancel, retry = host.parts.cancel_export, host.parts.retry_export
    cancel(unit_of_work=transaction.join)(host.actor, host.job_id)
    retry(unit_of_work=transaction.join)(host.actor, host.job_id)
    host.parts.request_export(unit_of_work=transaction.join)(host.actor, {"columns": ["title"]})
    assert recorded(host) == []
    transaction.end(commits)
    assert recorded(host) == (["cancelled", "retried", "requested"] if commits else [])


@pytest.mark.usefixtures("table_log")
def test_entry_that_cannot_be_stored_undoes_its_use_case_and_nothing_else_of_the_host(
    host: Host, transaction: Transaction
) -> None:
    host.rows.run(
        """CREATE TRIGGER refuse BEFORE INSERT ON "ExportAuditEntries" WHEN NEW."Action" = 'cancelled'
        BEGIN SELECT RAISE(ABORT, 'no'); END"""
    )
    host.parts.request_export(unit_of_work=transaction.join)(host.actor, {"columns": ["title"]})
    with pytest.raises(JobDatabaseError):
        host.parts.cancel_export(unit_of_work=transaction.join)(host.actor, host.job_id)
    transaction.end(True)
    assert recorded(host) == ["requested"]
    assert host.statuses() == ["queued", "queued"]


def test_what_a_use_case_wanted_to_tell_is_forgotten_with_its_changes(host: Host, transaction: Transaction) -> None:
    with pytest.raises(KeyError), transaction.join() as work:
        work.after_commit(lambda: host.queue.dispatched.append(a_task()))
        raise KeyError
    with transaction.join() as work:
        work.commit()
    transaction.end(True)
    assert host.queue.dispatched == []


@COMMITS
def test_retry_is_part_of_the_hosts_transaction(host: Host, transaction: Transaction, commits: bool) -> None:
    host.parts.cancel_export()(host.actor, host.job_id)
    host.forget()
    assert host.parts.retry_export(unit_of_work=transaction.join)(host.actor, host.job_id).status == "queued"
    assert host.statuses() == ["failed"]
    assert host.told == NOTHING
    transaction.end(commits)
    assert host.statuses() == (["failed", "queued"] if commits else ["failed"])
    assert host.told == ((1, ["retried"], []) if commits else NOTHING)
