"""SQL that Django has compiled, as an element of SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.sql.query import Query
from sqlalchemy import BindParameter, TextClause, bindparam, text
from sqlalchemy.sql.sqltypes import NullType

from ticket_export.errors import ConfigurationError

_PERCENT: Final = re.compile(r"%(.?)", re.DOTALL)


def compiled(query: Query, alias: str) -> TextClause | None:
    """Return the SELECT of a query on the database `alias`, or None if no row can match it.

    Every parameter of Django is a bound parameter, with the value that Django has prepared for the driver. The database
    is not asked.

    Raises:
        ConfigurationError: the SQL has another number of placeholders than of parameters.
    """
    try:
        sql, params = query.get_compiler(using=alias, connection=connections[alias]).as_sql()
    except EmptyResultSet:
        return None
    return bound_text(sql, params)


def bound_text(sql: str, params: Sequence[Any]) -> TextClause:
    """Return Django's SQL with a bound parameter for each placeholder.

    Raises:
        ConfigurationError: the number of placeholders is not that of the parameters.
    """
    names: list[str] = []
    values: dict[str, Any] = {}
    remaining = iter(params)

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        if match[1] != "s":
            raise ConfigurationError(_MISMATCH)
        try:
            value = next(remaining)
        except StopIteration:
            raise ConfigurationError(_MISMATCH) from None
        # PostgreSQL compares an expression of GROUP BY with that of SELECT by the numbers of its parameters, so equal
        # values are one parameter.
        name = next((each for each in names if _is_same(values[each], value)), f"p{len(names)}")
        if name not in values:
            names.append(name)
            values[name] = value
        # A colon before it would be read as a part of its name.
        return f" :{name} "

    # SQLAlchemy reads a colon with a name as a parameter, and a backslash before it as an escape.
    written = _PERCENT.sub(replaced, sql.replace(":", "\\:"))
    if next(remaining, _END) is not _END:
        raise ConfigurationError(_MISMATCH)
    return text(written).bindparams(*(_bound(name, value) for name, value in values.items()))


_END: Final = object()
_MISMATCH: Final = (
    "Django's SQL of the catalog has another number of placeholders than of parameters; look for a percent sign in the "
    "name of a table or column, or in RawSQL or extra()"
)


def _bound(name: str, value: Any) -> BindParameter[Any]:
    # Of no type, since Django has converted the value; unique, since a SELECT has several such texts.
    return bindparam(name, value, type_=NullType(), unique=True)


def _is_same(known: Any, value: Any) -> bool:
    return known is value or (type(known) is type(value) and isinstance(value, (str, int)) and known == value)
