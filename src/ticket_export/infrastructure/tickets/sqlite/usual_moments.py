"""Moments that are all stored in the usual spelling, so that they are shown and sorted as they are.

Otherwise each cell and each sort key tests the spelling, and no index gives the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import attrs
from sqlalchemy import ColumnElement, DateTime, Text, case, func, type_coerce

from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.sqlite_moments import USUAL
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.sql_types import has_time_zone


class UsualMoment(DateTime):
    """The type of an expression whose values are all NULL or in the spelling of `write_moment`."""


def shown_moments(catalog: TicketCatalog, query: TicketQuery) -> list[Expression]:
    """Return the moments that the query shows or sorts by."""
    sorted_by = (query.sort_column,) if query.sort_column else ()
    dates = [column for column in (*query.columns, *sorted_by) if column.kind is ColumnKind.DATE]
    return list(dict.fromkeys(map(catalog.expression, dates)))


@lru_cache(maxsize=64)
def all_are_usual(moment: Expression) -> ColumnElement[int]:
    """Return an aggregate that is 1 if every value is NULL or in the usual spelling, NULL if there is no row."""
    text = type_coerce(moment, Text())
    return func.min(case((text.is_(None), 1), else_=text.op("GLOB")(USUAL)))


def with_usual_moments(catalog: TicketCatalog, usual: Mapping[Expression, bool]) -> TicketCatalog:
    """Return the catalog with the type `UsualMoment` for the expressions for which `usual` says so."""
    return _typed(catalog, frozenset(moment for moment, is_usual in usual.items() if is_usual))


# Building and checking a catalog takes longer than reading a hundred rows.
@lru_cache(maxsize=32)
def _typed(catalog: TicketCatalog, moments: frozenset[Expression]) -> TicketCatalog:
    replaced = {moment: type_coerce(moment, UsualMoment(timezone=has_time_zone(moment.type))) for moment in moments}

    def of(expression: Expression) -> Expression:
        return replaced.get(expression, expression)

    columns = [attrs.evolve(each, expression=of(each.expression)) for each in catalog.columns]
    return attrs.evolve(catalog, columns=columns, created_at=of(catalog.created_at))
