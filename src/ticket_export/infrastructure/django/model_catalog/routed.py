"""Where Django's routers keep the models of a query, and what a query reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models, router
from django.db.models.expressions import Subquery
from django.db.models.sql.query import Query

from ticket_export.errors import ConfigurationError


def require_same_database(
    named: str, model: type[models.Model], others: Iterable[type[models.Model]], alias: str
) -> None:
    """Refuse models that the routers keep in another database than the tickets, which are read from `alias`.

    Raises:
        ConfigurationError: the message begins with `named`.
    """
    # A host may read the tickets from another database than the routers say, such as a replica, which has all tables.
    own = {alias, router.db_for_read(model)}
    for other in others:
        if (found := router.db_for_read(other)) not in own:
            raise ConfigurationError(
                f"{named}: the database {found!r} has {other._meta.label}, as Django's routers say, and {alias!r} has "
                f"{model._meta.label}; one query reads one database, so leave it out, or give the value to the ticket"
            )


def models_of(query: Query) -> set[type[models.Model]]:
    """Return the models whose tables a query reads, also in its subqueries."""
    by_table = _by_table()
    tables = {table for each in _queries(query) for table in _tables(each)}
    return {by_table[table] for table in tables if table in by_table}


def _queries(element: Any) -> Iterator[Query]:
    if isinstance(element, Query):
        yield element
        parts = [element.where, *element.annotations.values(), *element.combined_queries]
    elif isinstance(element, Subquery):
        parts = [element.query]
    else:
        parts = [each for each in getattr(element, "get_source_expressions", list)() if each is not None]
    for part in parts:
        yield from _queries(part)


def _tables(query: Query) -> Iterator[str]:
    yield query.get_meta().db_table
    for join in query.alias_map.values():
        yield str(join.table_name)


@lru_cache(maxsize=1)
def _by_table() -> dict[str, type[models.Model]]:
    every = apps.get_models(include_auto_created=True)
    # A router may keep a proxy elsewhere, but its table is that of the other model.
    return {each._meta.db_table: each for each in every if not each._meta.proxy}
