"""How the domain's values are stored where the database has no such type of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, String, Text, cast, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.persistence.sqlite_moments import read_moment, write_moment


class _Untyped(UserDefinedType[Any]):
    """A column's type whose values go to the driver as they are, and without a cast around the parameter."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_kw: object) -> str:
        """The type's name in a CREATE TABLE."""
        return self.name


class _Utc(datetime):
    """A naive time in UTC that also knows its moment.

    asyncpg asks the server for a parameter's type: for a ``timestamp`` it sends a datetime's own digits, for a
    ``timestamptz`` what `astimezone` returns, which for any other naive datetime is a guess by the machine's zone.
    """

    def astimezone(self, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The same moment, aware."""
        return datetime.combine(self.date(), self.time(), UTC).astimezone(tz)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as ``timestamp`` without time zone in UTC (the seed's type) or as ``timestamptz``.

    Which of the two, other programs may have decided that made the table, so a value is bound such that either stores
    the same moment, in whatever zone the session is: as a text with the offset of UTC and without a type, which a
    ``timestamptz`` reads and a ``timestamp`` ignores
    (https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIMESTAMPS).

    A naive value is refused with ``ValueError``: it could mean any zone. What comes back is in UTC. On SQLite every
    spelling that `read_moment` knows is read.
    """

    impl = DateTime(timezone=False)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on that database, where the library makes the table."""
        match dialect.name:
            case "postgresql":
                return _Untyped("TIMESTAMP WITHOUT TIME ZONE")
            case "sqlite":
                return _Untyped("DATETIME")
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What the driver sends for the moment."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"a stored time must be aware, not {value.isoformat()}")
        utc = value.astimezone(UTC)
        match dialect.name, dialect.driver:
            case "sqlite", _:
                return write_moment(utc)
            case "postgresql", "asyncpg":
                return _Utc.combine(utc.date(), utc.time())
            case "postgresql", _:
                return utc.isoformat(" ")
        return utc.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the driver returns, in UTC.

        Raises:
            ValueError: SQLite holds a text that is not a moment.
        """
        if value is None:
            return None
        if not isinstance(value, datetime):
            moment = read_moment(str(value))
            if moment is None:
                raise ValueError(f"the database holds {value!r} where a time should be")
            return moment
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class JsonText(TypeDecorator[str]):
    """A text that is a JSON document: ``text`` on SQLite, ``jsonb`` on PostgreSQL.

    Python sees the text on both. PostgreSQL gives back the same document, not always the same
    spelling: ``jsonb`` keeps neither blanks nor the order of keys. It is asked for the text, since another program may
    have stored what Python does not decode: deep nesting, or a number of 5,000 digits.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on that database."""
        stored: TypeEngine[Any] = JSONB(none_as_null=True) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(stored)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """What a SELECT asks for: the text, whatever the driver or the host's engine makes of JSON."""
        return type_coerce(cast(column, Text), self)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        """JSONB takes the document itself; given its text it would store one JSON string."""
        if value is None or dialect.name != "postgresql":
            return value
        return json.loads(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The document as text; without the blanks of ``jsonb``, if Python can decode it."""
        if value is None or dialect.name != "postgresql":
            return value
        try:
            return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
        except (ValueError, RecursionError):
            return value


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
