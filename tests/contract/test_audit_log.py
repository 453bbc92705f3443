"""Every audit log that ships keeps the contract."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.contract.conftest import SharedDatabase
from tests.contract.stored_entries import stored_entries
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.testing.audit_log import AuditLogContract


class TestInMemoryAuditLog(AuditLogContract[InMemoryAuditLog]):
    @pytest.fixture
    def audit_log(self) -> InMemoryAuditLog:
        return InMemoryAuditLog()

    def read_behind(self, audit_log: InMemoryAuditLog) -> Sequence[AuditEntry]:
        return audit_log.entries


class JsonLines(logging.Handler):
    """Keeps the ``audit`` attribute of every record as a collector of JSON logs gets it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.dumps(vars(record)["audit"]))


class TestLoggingAuditLog(AuditLogContract[LoggingAuditLog]):
    handler: JsonLines

    @pytest.fixture
    def audit_log(self) -> Iterator[LoggingAuditLog]:
        self.handler = JsonLines()
        logger = logging.getLogger("ticket_export.audit")
        level = logger.level
        logger.addHandler(self.handler)
        logger.setLevel(logging.INFO)
        yield LoggingAuditLog()
        logger.removeHandler(self.handler)
        logger.setLevel(level)

    def read_behind(self, audit_log: LoggingAuditLog) -> Sequence[AuditEntry]:
        return [
            AuditEntry(
                action=AuditAction(fields["action"]),
                job_id=None if fields["job_id"] is None else UUID(fields["job_id"]),
                actor_id=UUID(actor) if (actor := fields["actor_id"]) and self.user_key is UUID else actor,
                at=datetime.fromisoformat(fields["at"]),
                view=fields["view"],
                row_count=fields["row_count"],
                duration=None if fields["duration_seconds"] is None else timedelta(seconds=fields["duration_seconds"]),
                detail=fields["detail"],
                actor_facts=None if fields["actor_facts"] is None else json.dumps(fields["actor_facts"]),
            )
            for fields in map(json.loads, self.handler.lines)
        ]


class TestSqlAlchemyAuditLogOnSqlite(AuditLogContract[SqlAlchemyAuditLog]):
    rows: SqliteRows

    @pytest.fixture
    def audit_log(self, tmp_path: Path) -> Iterator[SqlAlchemyAuditLog]:
        engine = migrated_sqlite(tmp_path / "help-desk.db")
        self.rows = SqliteRows(tmp_path / "help-desk.db")
        yield SqlAlchemyAuditLog(engine)
        engine.dispose()

    def read_behind(self, audit_log: SqlAlchemyAuditLog) -> Sequence[AuditEntry]:
        return stored_entries(self.rows)


class TestSqlAlchemyAuditLogOnPostgresql(AuditLogContract[SqlAlchemyAuditLog]):
    rows: PostgresqlRows

    @pytest.fixture
    def audit_log(self, each_emptied_database: SharedDatabase) -> SqlAlchemyAuditLog:
        self.rows = each_emptied_database.rows
        return SqlAlchemyAuditLog(each_emptied_database.engine)

    def read_behind(self, audit_log: SqlAlchemyAuditLog) -> Sequence[AuditEntry]:
        return stored_entries(self.rows)


class TestInMemoryAuditLogOfNumberedUsers(TestInMemoryAuditLog):
    user_key = int


class TestLoggingAuditLogOfNumberedUsers(TestLoggingAuditLog):
    user_key = int


class TestLoggingAuditLogOfNamedUsers(TestLoggingAuditLog):
    user_key = str
