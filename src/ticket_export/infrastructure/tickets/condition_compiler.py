"""Compiles a view's conditions to SQL. Values only become bound parameters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, false, literal, not_, or_
from sqlalchemy.sql.functions import FunctionElement

from ticket_export.application.view.conditions import (
    Condition,
    Interval,
    IsBoolean,
    IsEmpty,
    IsOneOf,
    NumberCompares,
    TextMatches,
    TextPosition,
    WithinDays,
    WithinIntervals,
)
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.application.view.ticket_query import Search
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.cell_forms import (
    is_empty_text,
    is_one_of_texts,
    is_one_of_uuids,
    searched_text,
    text_of,
)
from ticket_export.infrastructure.tickets.moment_conditions import moment_before, moment_from
from ticket_export.infrastructure.tickets.number_conditions import is_one_of_numbers, number_compares
from ticket_export.infrastructure.tickets.sql_functions import Contains, EndsWith, Folded, IsTrue, StartsWith

_POSITIONS: dict[TextPosition, type[FunctionElement[bool]]] = {
    TextPosition.ANYWHERE: Contains,
    TextPosition.START: StartsWith,
    TextPosition.END: EndsWith,
}


def compile_condition(condition: Condition, catalog: TicketCatalog) -> ColumnElement[bool]:
    """The condition that a row must meet."""
    cell = catalog.expression(condition.column)
    match condition:
        case IsEmpty(negated=negated):
            empty = is_empty_text(cell) if condition.column.is_text else cell.is_(None)
            return not_(empty) if negated else empty
        case IsBoolean(value=value):
            return IsTrue(cell).is_(value)
        case NumberCompares(comparison=comparison, number=number):
            return number_compares(cell, comparison, number)
        case WithinIntervals(intervals=intervals):
            return or_(false(), *(_is_in(cell, each) for each in intervals))
        case WithinDays():
            return _is_day_in(cell, condition)
        case TextMatches(negated=negated):
            return _unless(negated, _text_matches(text_of(cell), condition), cell)
        case IsOneOf(values=values, negated=negated):  # pragma: no branch - there is no other condition
            return _unless(negated, _is_one_of(cell, condition.column, values), cell)


def compile_search(search: Search, catalog: TicketCatalog) -> ColumnElement[bool]:
    """The condition that at least one of the searched columns contains the needle."""
    return or_(
        *(Contains(searched_text(column, catalog.expression(column)), search.needle) for column in search.columns)
    )


def _is_in(cell: Expression, interval: Interval) -> ColumnElement[bool]:
    bounds = [moment_from(cell, interval.start)] if interval.start else []
    bounds += [moment_before(cell, interval.end)] if interval.end else []
    return and_(*bounds) if bounds else cell.is_not(None)


def _is_day_in(cell: Expression, condition: WithinDays) -> ColumnElement[bool]:
    bounds = [cell >= literal(condition.first, Date())] if condition.first else []
    if condition.last == date.max:
        bounds.append(cell <= literal(condition.last, Date()))
    elif condition.last:
        # A text on SQLite may have a time after the day.
        bounds.append(cell < literal(condition.last + timedelta(days=1), Date()))
    return and_(*bounds)


def _unless(negated: bool, holds: ColumnElement[bool], cell: Expression) -> ColumnElement[bool]:
    # A negated condition includes empty cells.
    return or_(cell.is_(None), not_(holds)) if negated else holds


def _text_matches(cell: Expression, condition: TextMatches) -> ColumnElement[bool]:
    if condition.position is TextPosition.WHOLE:
        return Folded(cell).in_(condition.needles)
    matches = _POSITIONS[condition.position]
    return or_(*(matches(cell, needle) for needle in condition.needles))


def _is_one_of(cell: Expression, column: TicketColumn, values: Sequence[Any]) -> ColumnElement[bool]:
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        return is_one_of_numbers(cell, values)
    if column.id_type is IdType.UUID:
        return is_one_of_uuids(cell, values)
    return is_one_of_texts(cell, values)
