"""Whether a column of the database can hold what the library reads and writes there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CHAR, DOMAIN, JSONB
from sqlalchemy.types import NullType, TypeEngine

from ticket_export.domain.error_message import MAX_ERROR_MESSAGE
from ticket_export.infrastructure.persistence.types import JsonText, UtcDateTime

#: The characters of the longest text that the library writes, by the column's key.
LONGEST_TEXT: Final[Mapping[str, int]] = {
    "action": 20,
    "content_type": 80,
    "error_message": MAX_ERROR_MESSAGE,
    "file_name": 100,
    "file_storage_provider": 20,
    "leased_by": 80,
    "name": 30,
    "object_key": 200,
    "progress_stage": 10,
    "status": 10,
    "status_info": 20,
}


def holds(stored: TypeEngine[Any], needed: TypeEngine[Any], key: str, dialect: Dialect) -> bool:
    """Return whether a column of type `stored` can hold the values of a column of type `needed`.

    `key` is the column's name in Python. A type that SQLAlchemy does not know holds everything.
    """
    if isinstance(stored, DOMAIN):
        stored = stored.data_type
    if isinstance(stored, NullType):
        return True
    if dialect.name == "sqlite":
        return _holds_on_sqlite(stored, needed)
    return _holds_on_postgresql(stored, needed, key)


def _holds_on_postgresql(stored: TypeEngine[Any], needed: TypeEngine[Any], key: str) -> bool:
    match needed:
        case UtcDateTime():
            return isinstance(stored, DateTime)
        case JsonText():
            return isinstance(stored, JSONB)
        case Uuid():
            return isinstance(stored, Uuid)
        case Boolean():
            return isinstance(stored, Boolean)
        case Integer():
            return isinstance(stored, Integer) and (_is_key(key) or _bytes(stored) >= _bytes(needed))
    # A CHAR pads its texts with blanks.
    is_long_enough = getattr(stored, "length", None) is None or stored.length >= LONGEST_TEXT.get(key, 0)  # type: ignore[attr-defined]
    return _is_text(stored) and is_long_enough and not (isinstance(stored, CHAR) and not _is_key(key))


def _holds_on_sqlite(stored: TypeEngine[Any], needed: TypeEngine[Any]) -> bool:
    # SQLite checks neither types nor lengths, but converts values by the affinity of the declared type
    # (https://www.sqlite.org/datatype3.html). SQLAlchemy reflects a type without a meaning in SQLite, such as ``uuid``
    # and ``timestamptz``, as a plain NUMERIC.
    if type(stored).__name__ == "NUMERIC" and isinstance(stored, Numeric) and stored.precision is None:
        return True
    if isinstance(stored, LargeBinary):
        return False
    match needed:
        case UtcDateTime():
            return isinstance(stored, DateTime | Date) or _is_text(stored)
        case JsonText():
            return _is_text(stored) or type(stored).__name__ in {"JSON", "JSONB"}
        case Boolean() | Integer():
            return isinstance(stored, Integer | Boolean)
    return _is_text(stored)


def _is_text(stored: TypeEngine[Any]) -> bool:
    return isinstance(stored, String) and not isinstance(stored, Enum)


def _is_key(key: str) -> bool:
    return key == "id" or key.endswith("_id")


def _bytes(integer: TypeEngine[Any]) -> int:
    if isinstance(integer, BigInteger):
        return 8
    return 2 if isinstance(integer, SmallInteger) else 4
