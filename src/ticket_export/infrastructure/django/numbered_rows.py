"""Django's own SELECT of a queryset, with the place of each row."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import F
from django.db.models.expressions import OrderBy, Ref
from sqlalchemy import Integer, bindparam, column, text
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import NullType

_ID: Final = "te_id"
_KEY: Final = "te_key_{}"


def numbered_rows(queryset: models.QuerySet[Any], alias: str) -> SelectBase:
    """Return a SELECT of the primary keys of the queryset's rows, each with its place in the queryset's order.

    Django compiles it for the database `alias`; each of its placeholders is a bound parameter. The place is a number
    of a window over the same keys of order: a SELECT around a sorted one need not keep its order.
    """
    try:
        sql, params = _sql(queryset, alias)
    except EmptyResultSet:
        nothing = queryset.model._base_manager.using(alias).extra(where=["1 = 0"])
        sql, params = _sql(nothing, alias)
    names = [f"te_selected_{number}" for number in range(len(params))]
    # Of no type, so that each value reaches the driver as Django passes it.
    values = (bindparam(name, value, type_=NullType()) for name, value in zip(names, params, strict=True))
    bound = text(sql.replace(":", "\\:") % tuple(f":{name}" for name in names)).bindparams(*values)
    return bound.columns(column(_ID), column("place", Integer))


def _sql(queryset: models.QuerySet[Any], alias: str) -> tuple[str, list[Any]]:
    query: Any = queryset.using(alias).annotate(**{_ID: F("pk")}).values_list(_ID).query
    # The compiler knows what each name of the order means. It adds the joins that the order needs to the query.
    _, order, _ = query.get_compiler(alias).pre_sql_setup()
    quote = connections[alias].ops.quote_name
    keys = []
    for number, (ordered, _) in enumerate(order):
        name = _KEY.format(number)
        key: Any = ordered.expression
        is_named = isinstance(ordered.expression, Ref)
        query.add_annotation(key.source if is_named else key, name)
        keys.append(f"{quote(name)} {_direction(ordered)}")
    if not query.distinct_fields:
        # Of DISTINCT ON, the order decides which rows remain.
        query.clear_ordering(force=True)
    sql, params = query.get_compiler(alias).as_sql()
    place = f"ROW_NUMBER() OVER (ORDER BY {', '.join(keys) or quote(_ID)})"
    return f"SELECT {quote(_ID)}, {place} AS place FROM ({sql}) {quote('te_rows')}", list(params)  # noqa: S608 - Django's


def _direction(ordered: OrderBy) -> str:
    nulls = " NULLS FIRST" if ordered.nulls_first else " NULLS LAST" if ordered.nulls_last else ""
    return ("DESC" if ordered.descending else "ASC") + nulls
