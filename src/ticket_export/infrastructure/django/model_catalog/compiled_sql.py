"""SQL that Django has compiled, as an element of SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.sql.query import Query
from django.utils import timezone
from sqlalchemy import BindParameter, Dialect, TextClause, bindparam, text
from sqlalchemy.types import UserDefinedType

from ticket_export.errors import ConfigurationError

_PERCENT: Final = re.compile(r"%(.?)", re.DOTALL)


class DjangoValue(UserDefinedType[Any]):
    """A value that Django has prepared for the driver.

    On PostgreSQL, psycopg writes it into the statement, as it does for Django unless the host switches on server-side
    binding. A parameter of the protocol has a type of its own there, so that PostgreSQL would not know an expression of
    GROUP BY again in SELECT, and would compute with other types than for Django.
    """

    cache_ok = True

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Return psycopg's own quoting, by Django's adapters."""
        doubled = dialect.identifier_preparer._double_percents

        def quoted(value: Any) -> str:
            from django.db.backends.postgresql.psycopg_any import get_adapters_template
            from psycopg.sql import Literal

            text = Literal(value).as_string(get_adapters_template(settings.USE_TZ, timezone.get_default_timezone()))
            return text.replace("%", "%%") if doubled else text

        return quoted


def compiled(query: Query, alias: str) -> TextClause | None:
    """Return the SELECT of a query on the database `alias`, or None if no row can match it.

    Every parameter of Django is a bound parameter, with the value that Django has prepared for the driver. The database
    is not asked.

    Raises:
        ConfigurationError: the SQL has another number of placeholders than of parameters.
    """
    try:
        return bound_text(*query.get_compiler(using=alias).as_sql(), vendor=connections[alias].vendor)
    except EmptyResultSet:
        return None


def compiled_table(query: Query, alias: str) -> TextClause:
    """Return `compiled`, also where no row can match: the columns have their types all the same.

    Raises:
        ConfigurationError: as for `compiled`.
    """
    sql, params = query.get_compiler(using=alias, elide_empty=False).as_sql()
    return bound_text(sql, params, vendor=connections[alias].vendor)


def bound_text(sql: str, params: Sequence[Any], *, vendor: str) -> TextClause:
    """Return Django's SQL for the database `vendor`, with a bound parameter for each placeholder.

    Raises:
        ConfigurationError: the number of placeholders is not that of the parameters.
    """
    bound: list[BindParameter[Any]] = []
    remaining = iter(params)

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        value = next(remaining, _END) if match[1] == "s" else _END
        if value is _END:
            raise ConfigurationError(_MISMATCH)
        name = f"p{len(bound)}"
        # Unique, since a SELECT has several such texts.
        is_literal = vendor == "postgresql"
        bound.append(bindparam(name, value, type_=DjangoValue(), unique=True, literal_execute=is_literal))
        # A colon before it would be read as a part of its name.
        return f" :{name} "

    # SQLAlchemy reads a colon with a name as a parameter, and a backslash before it as an escape.
    written = _PERCENT.sub(replaced, sql.replace(":", "\\:"))
    if next(remaining, _END) is not _END:
        raise ConfigurationError(_MISMATCH)
    return text(written).bindparams(*bound)


_END: Final = object()
_MISMATCH: Final = (
    "Django's SQL of the catalog has another number of placeholders than of parameters; look for a percent sign in the "
    "name of a table or column, or in RawSQL or extra()"
)
