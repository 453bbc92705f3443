"""Builds the two queries of an export from the catalog and the view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, nulls_last, or_, select

from ticket_export.application.view.filter_values import shifted
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EveryRow
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.cell_forms import exact_text_of, shown_cell, sort_key
from ticket_export.infrastructure.tickets.condition_compiler import compile_condition, compile_search
from ticket_export.infrastructure.tickets.moment_conditions import moment_before, moment_from
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.sql_functions import DayText, IsTrue, MomentKey, TimeText


def _unchanged(_column: TicketColumn, cell: Expression) -> Expression:
    return cell


def count_tickets(
    catalog: TicketCatalog, query: TicketQuery, rows: VisibleRows, *, shown: ColumnElement[bool] | None = None
) -> Select[int]:
    """The query for the number of tickets in the view, among `rows`."""
    is_shown = shown_tickets(catalog, query, rows) if shown is None else shown
    return select(func.count()).select_from(catalog.tables).where(is_shown)


def select_tickets(
    catalog: TicketCatalog,
    query: TicketQuery,
    rows: VisibleRows,
    *,
    finish: Callable[[TicketColumn, Expression], Expression] = _unchanged,
    shown: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """The query for the view's cells in the view's order, among `rows`, formatted and passed through `finish`.

    `shown` is what `shown_tickets` returned for the same query, if it was called.
    """
    is_shown = shown_tickets(catalog, query, rows) if shown is None else shown
    cells = _cells(catalog, query.columns, zone_name(query), finish)
    return cells.where(is_shown).order_by(*_order(catalog, query.sort_column, query.descending))


def zone_name(query: TicketQuery) -> str:
    """The IANA name of the zone in which the query shows times."""
    name: str = getattr(query.time_zone, "key", "UTC")
    return name


def shown_tickets(catalog: TicketCatalog, query: TicketQuery, rows: VisibleRows) -> ColumnElement[bool]:
    """The condition that a ticket of the view meets, among `rows`."""
    # PostgreSQL stores whole microseconds, so "up to" a moment means "before" the next microsecond.
    after_request = shifted(query.as_of, timedelta(microseconds=1))
    terms = [moment_before(catalog.created_at, after_request)]
    if catalog.is_deleted is not None and catalog.deleted_at is not None:
        deleted_later = moment_from(catalog.deleted_at, after_request)
        terms.append(or_(IsTrue(catalog.is_deleted).is_not(True), deleted_later))
    terms += [compile_condition(condition, catalog) for condition in query.conditions]
    if query.search:
        terms.append(compile_search(query.search, catalog))
    if not isinstance(rows, EveryRow):
        terms.append(rows)
    return and_(*terms)


# What does not depend on the values of a view is built once for the views that share it: for a small export, building
# it takes as long as reading the rows.
@lru_cache(maxsize=64)
def _cells(
    catalog: TicketCatalog,
    columns: tuple[TicketColumn, ...],
    zone: str,
    finish: Callable[[TicketColumn, Expression], Expression],
) -> Select[Any]:
    cells = [finish(column, _cell(column, catalog, zone)) for column in columns]
    return select(*cells).select_from(catalog.tables)


@lru_cache(maxsize=64)
def _order(catalog: TicketCatalog, sort_column: TicketColumn | None, descending: bool) -> list[ColumnElement[Any]]:
    keys = [catalog.id] if catalog.place is None else [catalog.place]
    if sort_column:
        keys = [*_sort_keys(sort_column, catalog), *keys]
    ordered: list[ColumnElement[Any]] = [key.desc() if descending else key.asc() for key in keys]
    # With NULLS LAST the database could not walk an index backwards, so columns that are never NULL go without it. Any
    # other column may be NULL: an outer join produces NULL for a column that is NOT NULL in its table.
    if not sort_column:
        return ordered
    sorted_by = catalog.expression(sort_column)
    if sorted_by is not catalog.created_at and sorted_by is not catalog.id:
        ordered[0] = nulls_last(ordered[0])
    return ordered


def _sort_keys(column: TicketColumn, catalog: TicketCatalog) -> list[Expression]:
    expression = catalog.expression(column)
    if column.kind is ColumnKind.DATE:
        return [MomentKey(expression)]
    if column.kind is ColumnKind.DAY:
        return [DayText(expression)]
    if not column.choices:
        return [sort_key(expression)]
    # Other values sort after the choices, by their text; NULL stays NULL.
    exact, ranks = exact_text_of(expression), column.ranks
    rank = case((expression.is_(None), None), else_=case(ranks, value=exact, else_=len(ranks)))
    return [rank, case((exact.in_(list(ranks)), None), else_=exact)]


def _cell(column: TicketColumn, catalog: TicketCatalog, zone: str) -> Expression:
    expression = catalog.expression(column)
    if column.kind is ColumnKind.DATE:
        return TimeText(expression) if zone == "UTC" else TimeText(expression, literal(zone))
    if column.kind is ColumnKind.DAY:
        return DayText(expression)
    return shown_cell(column, expression)
