"""The audit log in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, insert, select, update

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding
from ticket_export.application.ports.audit_log import REQUESTS, AuditEntry, AuditLog, SupportsAnonymising
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.persistence.database.engine import commit
from ticket_export.infrastructure.persistence.database.engine_check import engine_problems
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.migrate_command import migrate_command
from ticket_export.infrastructure.persistence.database.transaction import quick_read, short_transaction
from ticket_export.infrastructure.persistence.schema.table_check import audit_table_problems
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables

_MILLISECOND = timedelta(milliseconds=1)


class SqlAlchemyAuditLog(AuditLog, SupportsAnonymising, SupportsCheck):
    """Stores every entry as a row of ``ExportAuditEntries``, which is permanent when `record` returns.

    `record` has a short transaction of its own, which takes SQLite's one write lock. Inside a unit of work, which holds
    that lock, it would fail: there use `UnitOfWork.audit`, which writes the row in the unit's transaction.
    """

    def __init__(self, engine: Engine, tables: Tables = SEED_TABLES) -> None:
        self._engine, self._tables = engine, tables
        self._entries = tables.export_audit_entries

    def require_table(self) -> None:
        """Check that the table exists, instead of failing with the first entry. Reads no row.

        Raises:
            JobDatabaseError: the table does not exist, or the database failed.
        """
        with self._errors(), quick_read(self._engine) as connection:
            connection.execute(select(self._entries.c.id).limit(0))

    def _errors(self) -> AbstractContextManager[None]:
        return database_errors(tables=[self._entries], migrate=migrate_command(self._engine))

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`."""
        wrong = [*engine_problems(self._engine, is_written=True)]
        yield from wrong or audit_table_problems(self._engine, self._tables)

    def record(self, entry: AuditEntry) -> None:
        """Store the entry; its duration is cut to whole milliseconds.

        Raises:
            JobDatabaseError: the database failed.
        """
        with self._errors(), short_transaction(self._engine) as connection:
            self.insert(connection, entry)
            commit(connection)

    def anonymise(self, user_id: UserId) -> int:
        """See `SupportsAnonymising.anonymise`; all entries change in one transaction.

        Raises:
            JobDatabaseError: the database failed.
        """
        entries = self._entries.c
        is_own = entries.actor_user_id == user_id
        requested = select(entries.export_job_id).where(is_own & entries.action.in_(REQUESTS))
        is_systems = entries.actor_user_id.is_(None) & entries.export_job_id.in_(requested)
        anonymous = {"actor_user_id": None, "actor_facts": None, "view": "", "detail": None}
        with self._errors(), short_transaction(self._engine) as connection:
            # The user's own entries last: the others are found by them.
            changed = sum(
                connection.execute(update(self._entries).where(found).values(anonymous)).rowcount
                for found in (is_systems, is_own)
            )
            commit(connection)
        return changed

    def is_kept_where(self, connection: Connection) -> bool:
        """Whether a transaction of that connection can write to the table.

        The connection may belong to another engine than this log's, such as the host's, on the same database.
        """
        if connection.engine.pool is self._engine.pool:
            return True
        here, there = self._engine.url, connection.engine.url
        return here.database is not None and _address(here) == _address(there)

    def insert(self, connection: Connection, entry: AuditEntry) -> None:
        """Store the entry in the connection's transaction."""
        row = insert(self._entries).values(
            id=uuid4(),
            at=entry.at,
            action=entry.action.value,
            export_job_id=entry.job_id,
            actor_user_id=entry.actor_id,
            view=entry.view,
            row_count=entry.row_count,
            duration_milliseconds=None if entry.duration is None else entry.duration // _MILLISECOND,
            detail=entry.detail,
            actor_facts=entry.actor_facts,
        )
        connection.execute(row)


def _address(url: URL) -> tuple[object, ...]:
    # libpq also takes these from the query, for example the folder of a socket.
    options = (url.query.get(name) for name in ("host", "hostaddr", "port", "service"))
    return url.get_backend_name(), url.host, url.port, url.database, *options
