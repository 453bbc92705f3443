"""The audit log's own short transactions, beside those of everybody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.errors import is_missing_table
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_task


def recorded(rows: SqliteRows) -> int:
    return len(rows.run('SELECT "Id" FROM "ExportAuditEntries"'))


def test_an_entry_waits_for_who_is_writing(engine: Engine, rows: SqliteRows) -> None:
    with ThreadPoolExecutor(1) as thread:
        with SqlAlchemyUnitOfWork(engine) as work:
            work.tasks.add(a_task())
            recording = thread.submit(SqlAlchemyAuditLog(engine).record, an_entry())
            with pytest.raises(StillWaiting):
                recording.result(timeout=0.3)
            work.commit()
        recording.result(timeout=60)
    assert recorded(rows) == 1


def test_an_entry_can_be_recorded_as_a_unit_of_work_has_committed(engine: Engine, rows: SqliteRows) -> None:
    with SqlAlchemyUnitOfWork(engine) as work:
        work.after_commit(lambda: SqlAlchemyAuditLog(engine).record(an_entry()))
        work.commit()
    assert recorded(rows) == 1


def test_an_entry_can_be_recorded_as_the_hosts_own_session_has_committed(engine: Engine, rows: SqliteRows) -> None:
    with Session(engine) as session, session.begin(), JoinedUnitOfWork(session) as work:
        work.tasks.add(a_task())
        work.after_commit(lambda: SqlAlchemyAuditLog(engine).record(an_entry()))
        work.commit()
    assert recorded(rows) == 1


def test_an_entry_that_cannot_be_stored_is_told_so_and_leaves_no_lock_behind(engine: Engine, rows: SqliteRows) -> None:
    rows.run('ALTER TABLE "ExportAuditEntries" RENAME TO "Elsewhere"')
    with pytest.raises(JobDatabaseError, match="lacks the table ExportAuditEntries"):
        SqlAlchemyAuditLog(engine).record(an_entry())
    assert isinstance(engine.pool, sa.QueuePool)
    assert engine.pool.checkedout() == 0
    rows.run('ALTER TABLE "Elsewhere" RENAME TO "ExportAuditEntries"')
    SqlAlchemyAuditLog(engine).record(an_entry())
    assert recorded(rows) == 1


def test_an_entry_is_permanent_on_an_engine_of_the_hosts_making(engine: Engine, path: Path, rows: SqliteRows) -> None:
    plain = sa.create_engine(f"sqlite:///{path}")
    SqlAlchemyAuditLog(plain).record(an_entry())
    plain.dispose()
    assert recorded(rows) == 1


def test_a_table_that_is_not_there_is_told_before_the_first_entry(engine: Engine, rows: SqliteRows) -> None:
    audit_log = SqlAlchemyAuditLog(engine)
    audit_log.record(an_entry())
    audit_log.require_table()
    assert recorded(rows) == 1
    rows.run('DROP TABLE "ExportAuditEntries"')
    with pytest.raises(JobDatabaseError, match="lacks the table ExportAuditEntries") as raised:
        audit_log.require_table()
    assert is_missing_table(raised.value.__cause__)
    assert isinstance(engine.pool, sa.QueuePool)
    assert engine.pool.checkedout() == 0
