"""The audit log in a table of Django's database."""

from __future__ import annotations

from sqlalchemy import Engine

from ticket_export.application.ports.audit_log import AuditEntry
from ticket_export.infrastructure.django.connection import is_in_transaction, is_on_django
from ticket_export.infrastructure.django.unit_of_work import DjangoUnitOfWork
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables


class DjangoAuditLog(SqlAlchemyAuditLog):
    """As `SqlAlchemyAuditLog`, but inside of ``atomic()`` on SQLite, `record` writes in Django's transaction.

    SQLite has one write lock. If Django's transaction holds it, another connection would wait for it in vain. If it
    does not, it could not write any more after the other connection has. A rollback also undoes such an entry, so it is
    logged too.
    """

    def __init__(self, alias: str, engine: Engine, tables: Tables = SEED_TABLES) -> None:
        super().__init__(engine, tables)
        self._alias = alias

    def record(self, entry: AuditEntry) -> None:
        """See `SqlAlchemyAuditLog.record`."""
        is_joined = is_on_django(self._engine) or self._engine.dialect.name == "sqlite"
        if not (is_joined and is_in_transaction(self._alias)):
            super().record(entry)
            return
        with DjangoUnitOfWork(self._alias, self._tables) as work:
            work.audit(self, entry)
            work.commit()
        LoggingAuditLog().record(entry)
