"""How the domain's values are stored where the database has no such type of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as ``timestamp`` without time zone in UTC (the seed's type).

    A naive value is refused with ``ValueError``: it could mean any zone. What comes back is in UTC.
    """

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware to naive UTC."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"a stored time must be aware, not {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive UTC to aware."""
        return None if value is None else value.replace(tzinfo=UTC)


class JsonText(TypeDecorator[str]):
    """A text that is a JSON document: ``text`` on SQLite, ``jsonb`` on PostgreSQL.

    Python sees the text on both. PostgreSQL gives back the same document, not always the same
    spelling: ``jsonb`` keeps neither blanks nor the order of keys.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on that database."""
        stored: TypeEngine[Any] = JSONB(none_as_null=True) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(stored)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        """JSONB takes the document itself; given its text it would store one JSON string."""
        if value is None or dialect.name != "postgresql":
            return value
        return json.loads(value)

    def process_result_value(self, value: object, dialect: Dialect) -> str | None:
        """The document as text."""
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class ExportJobStatusText(TypeDecorator[ExportJobStatus]):
    """An `ExportJobStatus`, stored as its developer name in the seed's ``varchar(50)``."""

    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: ExportJobStatus | None, dialect: Dialect) -> str | None:
        """Status to developer name."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> ExportJobStatus | None:
        """Developer name to status."""
        return None if value is None else ExportJobStatus.from_developer_name(value)


class BackgroundTaskStatusText(TypeDecorator[BackgroundTaskStatus]):
    """A `BackgroundTaskStatus`, stored as its value."""

    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: BackgroundTaskStatus | None, dialect: Dialect) -> str | None:
        """Status to text."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> BackgroundTaskStatus | None:
        """Text, in any letter case, to status."""
        return None if value is None else BackgroundTaskStatus(value.lower())
