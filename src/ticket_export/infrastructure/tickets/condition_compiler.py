"""From a view's conditions to SQL. Values only ever become bound parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Numeric,
    String,
    TypeDecorator,
    and_,
    cast,
    literal,
    not_,
    or_,
)
from sqlalchemy.dialects import sqlite

from ticket_export.application.conditions import (
    Comparison,
    Condition,
    IsBoolean,
    IsEmpty,
    IsOneOf,
    NumberCompares,
    TextMatches,
    TextPosition,
    WithinInterval,
)
from ticket_export.infrastructure.tickets.sql_functions import Contains, EndsWith, Folded, StartsWith

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.sql.functions import FunctionElement

    from ticket_export.application.ticket_query import Search
    from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog

_POSITIONS: dict[TextPosition, type[FunctionElement[bool]]] = {
    TextPosition.ANYWHERE: Contains,
    TextPosition.START: StartsWith,
    TextPosition.END: EndsWith,
}

_WHOLE_SECOND = sqlite.DATETIME(truncate_microseconds=True)  # type: ignore[no-untyped-call]


def compile_condition(condition: Condition, catalog: TicketCatalog) -> ColumnElement[bool]:
    """What a row must fulfil."""
    cell = catalog.expression(condition.column)
    match condition:
        case IsEmpty(negated=negated):
            empty = or_(cell.is_(None), cell == "") if condition.column.is_text else cell.is_(None)
            return not_(empty) if negated else empty
        case IsBoolean(value=value):
            return cell.is_(value)
        case NumberCompares():
            return _compare(cell, condition)
        case WithinInterval(start=start, end=end):
            bounds = [cell >= _interval_end(start, cell)] if start else []
            bounds += [cell < _interval_end(end, cell)] if end else []
            return and_(*bounds)
        case TextMatches(negated=negated):
            return _unless(negated, _text_matches(cell, condition), cell)
        case IsOneOf(values=values, negated=negated):  # pragma: no branch - there are no others
            return _unless(negated, cell.in_([_number(value) for value in values]), cell)


def compile_search(search: Search, catalog: TicketCatalog) -> ColumnElement[bool]:
    """At least one of the searched columns holds the needle."""
    return or_(*(Contains(_as_text(catalog.expression(column)), search.needle) for column in search.columns))


def bound_moment(moment: datetime, cell: Expression) -> ColumnElement[Any]:
    """A moment as that column takes it: aware or naive, in UTC either way."""
    return _bound(moment, DateTime(timezone=stored_type(cell).timezone))


def stored_type(cell: Expression) -> DateTime:
    """How the database keeps the moments of that column."""
    stored = cell.type.impl_instance if isinstance(cell.type, TypeDecorator) else cell.type
    return stored if isinstance(stored, DateTime) else DateTime()


def _interval_end(moment: datetime, cell: Expression) -> ColumnElement[Any]:
    """The same, for ``>=`` and ``<``.

    SQLite compares moments as texts. CURRENT_TIMESTAMP writes no fraction of a second and SQLAlchemy
    always does; a whole second without one is before both, so either falls on the right side.
    """
    if moment.microsecond:
        return bound_moment(moment, cell)
    return _bound(moment, DateTime(timezone=stored_type(cell).timezone).with_variant(_WHOLE_SECOND, "sqlite"))


def _bound(moment: datetime, type_: DateTime) -> ColumnElement[Any]:
    return literal(moment if type_.timezone else moment.replace(tzinfo=None), type_)


def _unless(negated: bool, holds: ColumnElement[bool], cell: Expression) -> ColumnElement[bool]:
    # An empty cell does not hold what the condition denies, so it is in.
    return or_(cell.is_(None), not_(holds)) if negated else holds


def _text_matches(cell: Expression, condition: TextMatches) -> ColumnElement[bool]:
    if condition.position is TextPosition.WHOLE:
        return Folded(cell).in_(condition.needles)
    matches = _POSITIONS[condition.position]
    return or_(*(matches(cell, needle) for needle in condition.needles))


def _compare(cell: Expression, condition: NumberCompares) -> ColumnElement[bool]:
    number = _number(condition.number)
    match condition.comparison:
        case Comparison.GREATER:
            return cell > number
        case Comparison.GREATER_OR_EQUAL:
            return cell >= number
        case Comparison.LESS:
            return cell < number
        case Comparison.LESS_OR_EQUAL:  # pragma: no branch - there are no others
            return cell <= number


def _number(value: object) -> object:
    # A decimal brings its own type, or an integer column's would be put on it.
    return literal(value, Numeric()) if isinstance(value, Decimal) else value


def _as_text(cell: Expression) -> Expression:
    return cell if isinstance(cell.type, String) else cast(cell, String)
