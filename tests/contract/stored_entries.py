"""The rows of ``ExportAuditEntries``, read without the library."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export.application.actor_facts import json_text
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.domain.user_id import UserId, UserKeyType


def stored_entries(rows: SqliteRows | PostgresqlRows) -> list[AuditEntry]:
    return [
        AuditEntry(
            action=AuditAction(row["Action"]),
            job_id=None if row["ExportJobId"] is None else _uuid(row["ExportJobId"]),
            actor_id=_key(row["ActorUserId"], rows.user_key),
            at=_moment(row["At"]),
            view=row["View"],
            row_count=row["RowCount"],
            duration=_milliseconds(row["DurationMilliseconds"]),
            detail=row["Detail"],
            actor_facts=_json(row["ActorFacts"]),
        )
        for row in rows.run('SELECT * FROM "ExportAuditEntries"')
    ]


def _key(stored: Any, user_key: UserKeyType) -> UserId | None:
    return _uuid(stored) if user_key is UUID and stored is not None else stored


def _json(stored: object) -> str | None:
    # Of SQLite a text, of PostgreSQL what it means.
    document = json.loads(stored) if isinstance(stored, str) else stored
    return None if document is None else json_text(document)  # type: ignore[arg-type]


def _uuid(stored: str | UUID) -> UUID:
    return stored if isinstance(stored, UUID) else UUID(stored)


def _moment(stored: str | datetime) -> datetime:
    naive = stored if isinstance(stored, datetime) else datetime.strptime(stored, "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007
    return naive.replace(tzinfo=UTC)


def _milliseconds(stored: int | None) -> timedelta | None:
    return None if stored is None else timedelta(milliseconds=stored)
