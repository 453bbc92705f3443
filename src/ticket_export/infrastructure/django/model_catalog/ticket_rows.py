"""The query of the tickets that a host gives to `catalog_for`: each ticket once, in no order, and whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.conf import settings
from django.db import connections, models
from django.db.models import CompositePrimaryKey
from django.db.models.expressions import Col, Subquery
from django.db.models.sql.datastructures import Join
from django.db.models.sql.query import Query

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.databases import require_supported

Rows: TypeAlias = models.QuerySet[Any]

_UTC = ("UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "GMT", "Etc/GMT")


def ticket_rows(given: Any, alias: str) -> Rows:
    """Return the query of the tickets, on the database `alias`.

    Raises:
        ConfigurationError: it is not a query of whole tickets, or it could show a ticket twice.
    """
    query: Query = given.query
    named = f"catalog_for: the queryset of {given.model._meta.label}"
    if isinstance(given.model._meta.pk, CompositePrimaryKey):
        raise ConfigurationError(
            f"catalog_for: {given.model._meta.label} has a composite primary key; a ticket is known by one column"
        )
    if query.combinator:
        raise ConfigurationError(f"{named} is a {query.combinator}(); combine the conditions, as in Q(…) | Q(…)")
    if query.is_sliced:
        raise ConfigurationError(f"{named} is sliced; an export shows all tickets that its view selects")
    if given._fields is not None:
        raise ConfigurationError(f"{named} has values(); give the queryset without it, and name the columns here")
    if query.distinct_fields:
        raise ConfigurationError(f"{named} has distinct({', '.join(map(repr, query.distinct_fields))}); remove it")
    if query.extra_tables:
        raise ConfigurationError(f"{named} has extra(tables=…), whose rows could repeat a ticket; use Exists(…)")
    rows: Rows = given.using(alias).order_by()
    if not _may_repeat(query):
        # The rows are distinct without it.
        rows.query.distinct = False
        rows.query.select_for_update = False
        return rows
    if query.annotations:
        raise ConfigurationError(
            f"{named} could show a ticket several times, since it joins a relation to many; use Exists(…) or "
            "filter(pk__in=…) in place of the join"
        )
    chosen = rows.values("pk")
    chosen.query.select_for_update = False
    found: Rows = given.model._base_manager.using(alias).filter(pk__in=chosen)
    return found


def require_usable_database(alias: str) -> None:
    """Refuse a database that the library cannot read, or whose times are not in UTC.

    Raises:
        ConfigurationError: it is neither PostgreSQL nor SQLite, or its times depend on a zone.
    """
    connection: Any = connections[alias]
    require_supported(connection)
    if not settings.USE_TZ and settings.TIME_ZONE not in _UTC:
        raise ConfigurationError(
            f"USE_TZ is False and TIME_ZONE is {settings.TIME_ZONE!r}: the times in the database {alias!r} and in your "
            "conditions depend on that zone, and are not unique where summer time ends; set USE_TZ = True, or "
            "TIME_ZONE = 'UTC'"
        )
    if connection.vendor == "sqlite" and connection.timezone_name not in _UTC:
        raise ConfigurationError(
            f"DATABASES[{alias!r}]['TIME_ZONE'] is {connection.timezone_name!r}: times in this SQLite database are not "
            "in UTC; remove it after you have converted them, or use PostgreSQL"
        )


def may_repeat_tickets(query: Query, value: Any) -> bool:
    """Whether a ticket of the query has several rows once it shows this resolved value.

    A query that groups by the ticket then groups by the value too, and a function may return several rows itself.
    """
    if any(getattr(each, "set_returning", False) for each in _parts(value)):
        return True
    if query.group_by is None:
        return False
    many = {alias for alias, join in query.alias_map.items() if isinstance(join, Join) and _is_to_many(join)}
    return any(not many.isdisjoint(_lineage(query, alias)) for alias in _grouped(value))


def _parts(value: Any) -> Iterator[Any]:
    # A condition has no `flatten`.
    yield value
    for each in getattr(value, "get_source_expressions", list)():
        yield from _parts(each)


def _grouped(value: Any) -> Iterator[str]:
    for each in value.get_group_by_cols():
        columns = each.query.get_external_cols() if isinstance(each, Subquery) else _parts(each)
        yield from (column.alias for column in columns if isinstance(column, Col))


def _lineage(query: Query, alias: str | None) -> Iterator[str]:
    while alias is not None:
        yield alias
        alias = getattr(query.alias_map.get(alias), "parent_alias", None)


def _may_repeat(query: Query) -> bool:
    """Whether the query joins a relation to many, and does not group by the ticket."""
    if query.group_by is not None:
        return False
    return any(
        _is_to_many(join)
        for alias, join in query.alias_map.items()
        if isinstance(join, Join) and query.alias_refcount.get(alias)
    )


def _is_to_many(join: Join) -> bool:
    field: Any = join.join_field
    return bool(field.one_to_many or field.many_to_many)
