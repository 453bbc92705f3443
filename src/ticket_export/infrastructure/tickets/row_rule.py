"""Which rows of a catalog an actor may see, as a condition of the SELECT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    ColumnClause,
    ColumnElement,
    FromClause,
    SQLColumnExpression,
    UnaryExpression,
    select,
)
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.operators import and_, between_op, inv, not_between_op, not_regexp_match_op, regexp_match_op
from sqlalchemy.sql.visitors import iterate

from ticket_export.application.actor import Actor
from ticket_export.application.view.visibility import EVERY_ROW, EveryRow, asked
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.core_elements import core_expression
from ticket_export.infrastructure.tickets.rule_pitfalls import pitfall, with_parentheses
from ticket_export.infrastructure.tickets.sql_functions import HostsCondition
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

#: Returns the condition that a row must meet for the actor to see it, or `EVERY_ROW`.
RowRule: TypeAlias = Callable[[Actor], SQLColumnExpression[bool] | EveryRow]
#: The condition that a row must meet, or `EVERY_ROW`.
VisibleRows: TypeAlias = ColumnElement[bool] | EveryRow

_UNTYPED: Final = (between_op, not_between_op, regexp_match_op, not_regexp_match_op)
_NAME: Final = "ticket catalog: the row rule (visible_to)"


def visible_rows(rule: RowRule | EveryRow | None, actor: Actor, tables: FromClause) -> VisibleRows:
    """Return what `rule` says for the actor; without a rule, everybody may see every row of `tables`.

    Raises:
        ConfigurationError: the rule raised an error, or returned anything but a condition on `tables`.
    """
    if rule is None or isinstance(rule, EveryRow):
        return EVERY_ROW
    result = asked(_NAME, lambda: rule(actor))
    return result if isinstance(result, EveryRow) else _condition(result, tables)


def unjoined(tables: FromClause, expression: ColumnElement[Any]) -> Sequence[str]:
    """Return the names of the tables in the expression that `tables` does not join.

    The database would combine every ticket with every row of such a table.
    """
    joined = set(select(*tables.c).columns_clause_froms)
    known = {_name_of(each) for each in joined}
    strange = [_name_of(each) for each in select(expression).columns_clause_froms if each not in joined]
    # As of a MetaData of its own, or an alias.
    return [f"another object of {name}" if name in known else name for name in strange]


def _condition(result: object, tables: FromClause) -> ColumnElement[bool]:
    # An attribute of a mapped class is not an expression itself.
    expression = asked(_NAME, result.__clause_element__) if hasattr(result, "__clause_element__") else result
    if isinstance(expression, bool):
        raise ConfigurationError(f"{_NAME} returned a bool; use EVERY_ROW, sqlalchemy.true() or sqlalchemy.false()")
    if not isinstance(expression, ColumnElement):
        raise ConfigurationError(f"{_NAME} returned {type(expression).__name__}; return a SQL condition or EVERY_ROW")
    # Else SQLAlchemy would compile the whole SELECT as one of the ORM, and add conditions to the rows or to the count.
    expression = core_expression(expression)
    if not _is_condition(expression):
        raise ConfigurationError(
            f"{_NAME} returned an expression of type {type(expression.type).__name__}, not Boolean; "
            "for a function of the database, use type_=Boolean"
        )
    unset = [each.key for each in iterate(expression) if isinstance(each, BindParameter) and each.required]
    if unset:
        raise ConfigurationError(f"{_NAME} returned a condition whose parameter {unset[0]!r} has no value")
    if wrong := pitfall(tables, expression):
        raise ConfigurationError(f"{_NAME} returned a condition that {wrong}")
    expression = with_parentheses(tables, expression)
    is_sql = isinstance(expression, ColumnClause) and expression.is_literal
    # To a column, SQLAlchemy adds `= 1` for SQLite. It would do so behind the last part of the host's own SQL.
    condition = HostsCondition(expression if is_sql else expression.self_group(against=and_))
    if strange := unjoined(tables, condition):
        raise ConfigurationError(
            f"{_NAME} names {strange[0]}, which `tables` of the catalog does not join; "
            "use exists() or column.in_(select(…)) for it"
        )
    return condition


def _is_condition(expression: Any) -> bool:
    if sql_type(expression.type) is SqlType.BOOLEAN:
        return True
    # SQLAlchemy gives these no type.
    if isinstance(expression, UnaryExpression) and expression.operator is inv:
        return _is_condition(expression.element)
    if isinstance(expression, Grouping):
        return _is_condition(expression.element)
    return isinstance(expression, BinaryExpression) and expression.operator in _UNTYPED


def _name_of(table: FromClause) -> str:
    name = getattr(getattr(table, "element", table), "name", None)
    return f"the table {str(name)!r}" if name else f"a {type(table).__name__}"
