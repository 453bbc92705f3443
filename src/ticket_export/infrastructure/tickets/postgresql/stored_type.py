"""A type of PostgreSQL's, and how an expression of that type is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
from sqlalchemy import (
    CHAR,
    REAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    Numeric,
    Text,
    Time,
    Uuid,
    cast,
    func,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type, underlying

# SQLAlchemy's type for each name that ``format_type`` writes.
_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
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
# Texts that PostgreSQL compares in a way of its own, or with nothing else. Cast to text they are as any other.
_PECULIAR_TEXTS: Final = ("name", "char")
_EXTENSIONS_TEXT: Final = "citext"
# The declared type does not say enough: with or without a time zone, real or double, native or not.
_OF_SEVERAL_SIZES: Final = (SqlType.MOMENT, SqlType.FLOAT, SqlType.UUID)


@attrs.frozen
class StoredType:
    """A type by the name that ``format_type`` writes: ``character varying``, ``integer[]``."""

    name: str
    is_enum: bool = False

    @property
    def sql_type(self) -> SqlType:
        """The kind of the type."""
        if self._is_peculiar_text:
            return SqlType.TEXT
        return sql_type(_TYPES[self.name]) if self.name in _TYPES else SqlType.OTHER

    @property
    def _is_peculiar_text(self) -> bool:
        # The name of an extension's type may begin with its schema, as that of a host's own type.
        return self.is_enum or self.name in _PECULIAR_TEXTS or self.name.rpartition(".")[2] == _EXTENSIONS_TEXT

    def of(self, expression: Expression) -> Expression:
        """The expression with this type in place of the declared one."""
        declared, found = sql_type(expression.type), self.sql_type
        is_padded = self.name == "character" or isinstance(underlying(expression.type), CHAR)
        if found is SqlType.TEXT and declared is SqlType.UUID:
            return type_coerce(expression, Uuid(native_uuid=False))
        if found is SqlType.TEXT and is_padded:
            # The blanks that fill it are not part of the text.
            return func.rtrim(cast(expression, Text), " ", type_=Text())
        if self._is_peculiar_text:
            return cast(expression, Text)
        if found is SqlType.OTHER or (found is declared and found not in _OF_SEVERAL_SIZES):
            return expression
        return type_coerce(expression, _TYPES[self.name])
