"""Column types for the domain's values that the database has no type for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, String, Text, cast, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from ticket_export.infrastructure.persistence.sqlite_moments import read_moment, write_moment


class _Untyped(UserDefinedType[Any]):
    """A column type that passes values to the driver unchanged, and whose parameters have no cast around them."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_kw: object) -> str:
        return self.name


class _Utc(datetime):
    """A naive time in UTC whose `astimezone` is exact.

    asyncpg asks the server for a parameter's type: for a ``timestamp`` it sends a datetime's own digits, for a
    ``timestamptz`` the result of `astimezone`, which takes any other naive datetime to be in the machine's zone.
    """

    def astimezone(self, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """Return the same moment, aware."""
        return datetime.combine(self.date(), self.time(), UTC).astimezone(tz)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as ``timestamp`` without time zone in UTC (the seed's type) or as ``timestamptz``.

    Another program may have made the table and chosen the type. So a value is bound as a text with the offset of UTC
    and without a type: a ``timestamptz`` reads the offset, a ``timestamp`` ignores it, and both store the same moment
    in any session's zone
    (https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIMESTAMPS).

    A naive value raises ``ValueError``, since it could mean any zone. Results are in UTC. On SQLite, every spelling
    that `read_moment` knows is read.
    """

    impl = DateTime(timezone=False)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        match dialect.name:
            case "postgresql":
                return _Untyped("TIMESTAMP WITHOUT TIME ZONE")
            case "sqlite":
                return _Untyped("DATETIME")
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
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

    Python sees the text on both. PostgreSQL returns the same document, not always the same spelling: ``jsonb`` keeps
    neither blanks nor the order of keys. SELECT asks for the text, since another program may have stored a document
    that Python does not decode: deep nesting, or a number of 5,000 digits.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        stored: TypeEngine[Any] = JSONB(none_as_null=True) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(stored)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        # The text, whatever the driver or the host's engine makes of JSON.
        return type_coerce(cast(column, Text), self)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        # JSONB takes the document itself; it would store the text as one JSON string.
        if value is None or dialect.name != "postgresql":
            return value
        return json.loads(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        # Without the blanks of `jsonb`, if Python can decode it.
        if value is None or dialect.name != "postgresql":
            return value
        try:
            return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
        except (ValueError, RecursionError):
            return value


class StatusText(TypeDecorator[StrEnum]):
    """A status as its text, in the seed's ``varchar(50)``. `read` returns the status of a text in lower case."""

    impl = String(50)
    cache_ok = True

    def __init__(self, read: Callable[[str], StrEnum]) -> None:
        super().__init__()
        self.read = read

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.read(value.lower())
