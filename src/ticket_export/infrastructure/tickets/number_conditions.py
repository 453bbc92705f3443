"""Comparing a cell with numbers arithmetically, even numbers that the SQL type of the column cannot hold.

Every value is bound with a type that is wide enough for it: bound with the type of a smaller column, it would make
PostgreSQL fail. An index on the column still answers the comparison.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Double, Numeric, and_, false, literal, or_

from ticket_export.application.view.conditions import Comparison
from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.sql_functions import DoubleNumber, IsNumber
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

# From this number on doubles have no fractions.
_WHOLE_DOUBLES: Final = 2**53
_SMALLEST: Final = -(2**63)
_UPWARDS: Final = {operator.gt, operator.ge}


def number_compares(cell: Expression, comparison: Comparison, number: int | Decimal) -> ColumnElement[bool]:
    """Whether the cell is a number for which the comparison is true."""
    found = sql_type(cell.type)
    if found is SqlType.FLOAT:
        cell = DoubleNumber(cell)
        double, comparison = _as_double(number, comparison)
        bound: ColumnElement[Any] = literal(double, Double())
    elif isinstance(number, Decimal) and found is SqlType.INTEGER and abs(number) >= _WHOLE_DOUBLES:
        # SQLite would convert it to a double, which is another number.
        number, comparison = _as_whole(number, comparison)
        bound = literal(number, BigInteger())
    else:
        bound = _bound(number)
    compares: ColumnElement[bool] = comparison(cell, bound)
    return and_(compares, IsNumber(cell))


def is_one_of_numbers(cell: Expression, numbers: Iterable[int | Decimal]) -> ColumnElement[bool]:
    """Whether the cell is one of the numbers."""
    numbers = list(numbers)
    if sql_type(cell.type) is SqlType.FLOAT:
        doubles = [float(number) for number in numbers if isinstance(number, Decimal) or int(float(number)) == number]
        return DoubleNumber(cell).in_([literal(double, Double()) for double in doubles]) if doubles else _no(cell)
    whole = [number for number in numbers if isinstance(number, int)]
    others = [number for number in numbers if isinstance(number, Decimal)]
    if sql_type(cell.type) is SqlType.INTEGER:
        others = [number for number in others if abs(number) < _WHOLE_DOUBLES]
    terms = [cell.in_([_bound(number) for number in some]) for some in (whole, others) if some]
    return or_(*terms) if terms else _no(cell)


def _no(cell: Expression) -> ColumnElement[bool]:
    # NULL for an empty cell, as any comparison.
    return and_(cell.is_(None), false())


def _bound(number: int | Decimal) -> ColumnElement[Any]:
    # PostgreSQL reads the sign of a literal after its type, and the smallest bigint has no positive counterpart.
    is_big_integer = isinstance(number, int) and number > _SMALLEST
    return literal(number, BigInteger() if is_big_integer else Numeric())


def _as_double(number: int | Decimal, comparison: Comparison) -> tuple[float, Comparison]:
    """The double that is nearest to `number`, and the comparison to use with it.

    A decimal stands for the double that is written like it; a whole number stands only for itself.
    """
    double = float(number)
    if isinstance(number, Decimal) or int(double) == number:
        return double, comparison
    if comparison in _UPWARDS:
        return double, operator.ge if double > number else operator.gt
    return double, operator.le if double < number else operator.lt


def _as_whole(number: Decimal, comparison: Comparison) -> tuple[int, Comparison]:
    if comparison in _UPWARDS:
        return int(number.to_integral_value(ROUND_FLOOR)), operator.gt
    return int(number.to_integral_value(ROUND_CEILING)), operator.lt
