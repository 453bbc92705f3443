"""Which kinds of SQL types there are, and which of them each kind of column accepts.

The same table judges the type that a catalog declares, when the catalog is made, and the type that PostgreSQL stores,
when the catalog is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Text,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.dialects.postgresql import CITEXT, DOMAIN
from sqlalchemy.types import TypeEngine

from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn


class SqlType(Enum):
    """A kind of SQL type that the library can show; all others are `OTHER`."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DAY = "day"
    TIME = "time"
    MOMENT = "moment"
    UUID = "uuid"
    #: Such as JSON, arrays, intervals, network addresses and bytes.
    OTHER = "other"
    #: SQLAlchemy does not know the type of an expression such as ``func.anything(…)``.
    UNKNOWN = "unknown"


# The first that fits counts: a SQLAlchemy type may be a subclass of another.
_DECLARED: Final[tuple[tuple[type[TypeEngine[Any]], SqlType], ...]] = (
    (String, SqlType.TEXT),
    (Boolean, SqlType.BOOLEAN),
    (Integer, SqlType.INTEGER),
    (Float, SqlType.FLOAT),
    (Numeric, SqlType.DECIMAL),
    (Uuid, SqlType.UUID),
    (DateTime, SqlType.MOMENT),
    (Date, SqlType.DAY),
    (Interval, SqlType.OTHER),
    (JSON, SqlType.OTHER),
    (ARRAY, SqlType.OTHER),
    (LargeBinary, SqlType.OTHER),
)

#: The types of PostgreSQL by the name that ``format_type`` writes, each with SQLAlchemy's type for it.
STORED: Final[Mapping[str, TypeEngine[Any]]] = {
    "text": Text(),
    "character varying": Text(),
    "character": CHAR(),
    "smallint": Integer(),
    "integer": Integer(),
    "bigint": BigInteger(),
    "numeric": Numeric(),
    "real": REAL(),
    "double precision": Double(),
    "boolean": Boolean(),
    "date": Date(),
    "time without time zone": Time(),
    "timestamp without time zone": DateTime(),
    "timestamp with time zone": DateTime(timezone=True),
    "uuid": Uuid(),
}

_ANY_TEXT = (SqlType.TEXT, SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT, SqlType.BOOLEAN, SqlType.DAY, SqlType.TIME)
#: What each kind of column accepts. Moments and days have rules of their own.
_ACCEPTED: Final[Mapping[ColumnKind, tuple[SqlType, ...]]] = {
    ColumnKind.TEXT: (*_ANY_TEXT, SqlType.UUID),
    ColumnKind.CHOICE: (*_ANY_TEXT, SqlType.UUID),
    ColumnKind.NUMBER: (SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT),
    ColumnKind.BOOLEAN: (SqlType.BOOLEAN,),
    ColumnKind.ID: (SqlType.TEXT, SqlType.INTEGER, SqlType.UUID),
}
_ACCEPTED_IDS: Final[Mapping[IdType, tuple[SqlType, ...]]] = {
    IdType.UUID: (SqlType.UUID, SqlType.TEXT),
    IdType.INTEGER: (SqlType.INTEGER,),
    IdType.TEXT: (SqlType.TEXT, SqlType.UUID, SqlType.INTEGER),
}
#: What would be right for the types that a kind does not accept.
_ADVICE: Final[Mapping[SqlType, str]] = {
    SqlType.TEXT: "use text_column",
    SqlType.INTEGER: "use number_column; `column != 0` makes a boolean of it",
    SqlType.DECIMAL: "use number_column, or cast it to BigInteger or Text",
    SqlType.FLOAT: "use number_column",
    SqlType.BOOLEAN: "use boolean_column",
    SqlType.DAY: "use day_column",
    SqlType.TIME: "use text_column",
    SqlType.MOMENT: "use date_column, which shows it in the view's time zone",
    SqlType.UUID: "use id_column or text_column",
    SqlType.OTHER: (
        "use text_column on JoinedTags(…) for JSON, on func.array_to_string(…, ', ') for an array, "
        "or on cast(…, Text) for the database's own spelling"
    ),
}


def sql_type(type_: TypeEngine[Any]) -> SqlType:
    """The kind of a SQLAlchemy type, such as that of an expression in a catalog."""
    type_ = _underlying(type_)
    if isinstance(type_, Time):
        return SqlType.OTHER if type_.timezone else SqlType.TIME
    for declared, found in _DECLARED:
        if isinstance(type_, declared):
            return found
    # PostgreSQL has many that SQLAlchemy's general types do not cover.
    return SqlType.OTHER if type(type_).__module__.startswith("sqlalchemy.dialects.") else SqlType.UNKNOWN


def refusal(column: TicketColumn, found: SqlType) -> str | None:
    """What to do about a column whose expression is of a type that its kind does not accept; None where it does."""
    accepted = _ACCEPTED.get(column.kind)
    if column.kind is ColumnKind.ID:
        accepted = _ACCEPTED_IDS[column.id_type]
    if accepted is None or found is SqlType.UNKNOWN or found in accepted:
        return None
    if column.kind is ColumnKind.ID and found in _ACCEPTED[ColumnKind.ID]:
        return "declare it as it is stored"
    return _ADVICE[found]


def needs_cast(type_: TypeEngine[Any]) -> bool:
    """Whether PostgreSQL compares the texts of that type in a way of its own: enumerations, ``citext``."""
    type_ = _underlying(type_)
    return isinstance(type_, (SqlEnum, CITEXT))


def _underlying(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    while isinstance(type_, (TypeDecorator, DOMAIN)):
        type_ = type_.impl_instance if isinstance(type_, TypeDecorator) else type_.data_type
    return type_
