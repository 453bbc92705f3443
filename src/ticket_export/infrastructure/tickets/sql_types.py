"""The kinds of SQL types, and which of them each kind of column accepts.

The same table checks the type that a catalog declares, when the catalog is made, and the type that PostgreSQL stores,
when the catalog is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
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


# The first match counts: a SQLAlchemy type may be a subclass of another.
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

_ANY_TEXT = (SqlType.TEXT, SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT, SqlType.BOOLEAN, SqlType.DAY, SqlType.TIME)
_ACCEPTED: Final[Mapping[ColumnKind, tuple[SqlType, ...]]] = {
    ColumnKind.TEXT: (*_ANY_TEXT, SqlType.UUID),
    ColumnKind.CHOICE: (*_ANY_TEXT, SqlType.UUID),
    ColumnKind.NUMBER: (SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT),
    ColumnKind.BOOLEAN: (SqlType.BOOLEAN,),
    ColumnKind.ID: (SqlType.TEXT, SqlType.INTEGER, SqlType.UUID),
    ColumnKind.DATE: (SqlType.MOMENT,),
    ColumnKind.DAY: (SqlType.DAY,),
}
_ACCEPTED_IDS: Final[Mapping[IdType, tuple[SqlType, ...]]] = {
    IdType.UUID: (SqlType.UUID, SqlType.TEXT),
    IdType.INTEGER: (SqlType.INTEGER,),
    IdType.TEXT: (SqlType.TEXT, SqlType.UUID, SqlType.INTEGER),
}
#: The column function for each type that a kind does not accept.
_ADVICE: Final[Mapping[SqlType, str]] = {
    SqlType.TEXT: "use text_column",
    SqlType.INTEGER: "use number_column; `column != 0` makes it a boolean",
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
_TIME_ADVICE: Final[Mapping[tuple[ColumnKind, SqlType], str]] = {
    (ColumnKind.DATE, SqlType.DAY): "day_column is for days without a time",
    (ColumnKind.DAY, SqlType.MOMENT): "date_column is for moments, which have a time",
}


def underlying(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type without the decorators and domains that a host may have wrapped around it."""
    while isinstance(type_, (TypeDecorator, DOMAIN)):
        type_ = type_.impl_instance if isinstance(type_, TypeDecorator) else type_.data_type
    return type_


def sql_type(type_: TypeEngine[Any]) -> SqlType:
    """The kind of a SQLAlchemy type."""
    type_ = underlying(type_)
    if isinstance(type_, Time):
        return SqlType.OTHER if type_.timezone else SqlType.TIME
    for declared, found in _DECLARED:
        if isinstance(type_, declared):
            return found
    # PostgreSQL has many types that SQLAlchemy's general types do not cover.
    return SqlType.OTHER if type(type_).__module__.startswith("sqlalchemy.dialects.") else SqlType.UNKNOWN


def scale_of(type_: TypeEngine[Any]) -> int:
    """The least number of decimals of a number of that type."""
    return max(type_.scale or 0, 0) if isinstance(type_, Numeric) else 0


def has_time_zone(type_: TypeEngine[Any]) -> bool:
    """Whether the database stores such a moment as ``timestamptz``."""
    type_ = underlying(type_)
    return isinstance(type_, DateTime) and type_.timezone


def needs_cast(type_: TypeEngine[Any]) -> bool:
    """Whether PostgreSQL compares texts of that type in a way of its own: enumerations, ``citext``."""
    return isinstance(underlying(type_), (SqlEnum, CITEXT))


def refusal(column: TicketColumn, found: SqlType, times: Mapping[ColumnKind, str]) -> str | None:
    """What to do if a column's kind does not accept the type; None if it does.

    `times` has the advice for dates and days, which differs between declared and stored types.
    """
    kind = column.kind
    accepted = _ACCEPTED_IDS[column.id_type] if kind is ColumnKind.ID else _ACCEPTED[kind]
    if found in accepted:
        return None
    if kind in times:
        return _TIME_ADVICE.get((kind, found), times[kind])
    if found is SqlType.UNKNOWN:
        return None
    if kind is ColumnKind.ID and found in _ACCEPTED[kind]:
        return "declare it as it is stored"
    return _ADVICE[found]
