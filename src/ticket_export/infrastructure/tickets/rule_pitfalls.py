"""Conditions of a host that SQLAlchemy accepts, but that would show more rows than they seem to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import (
    BinaryExpression,
    Boolean,
    ColumnElement,
    Exists,
    FromClause,
    Select,
    TableClause,
    TextClause,
    TypeCoerce,
)
from sqlalchemy.sql.elements import BooleanClauseList, ColumnClause, Grouping, UnaryExpression
from sqlalchemy.sql.operators import and_
from sqlalchemy.sql.visitors import ExternallyTraversible, cloned_traverse, iterate

_ADVICE: Final = "begin with sqlalchemy.true() or sqlalchemy.false(), or use column.in_(…)"

# The kinds of elements whose parts SQLAlchemy writes as they are.
_WITHOUT_PARENTHESES: Final = ("expression_clauselist", "clauselist", "unary", "type_coerce", "binary", "select")


def pitfall(tables: FromClause, expression: ColumnElement[Any]) -> str | None:
    """Return what is wrong with the condition, as the end of a sentence, or None."""
    for each in iterate(expression):
        # SQLAlchemy leaves it out, so that `and_(or_(), …)` would hide less.
        if isinstance(each, BooleanClauseList) and not each.clauses:
            name = "and_()" if each.operator is and_ else "or_()"
            return f"has an {name} without conditions, which SQLAlchemy leaves out; {_ADVICE}"
    for exists in _outer_exists(expression):
        if _has_nothing_left(exists, tables):
            return "has an EXISTS of tables that `tables` joins already; write its conditions without exists()"
        if not _is_correlated(exists, tables) and (again := _read_again(exists, tables)):
            name = min(again)
            return (
                f"has an EXISTS that reads all rows of the table {name!r} instead of those of the ticket, so it is the "
                "same for all tickets; write the condition without exists(), connect another table with the ticket, or "
                f"use an alias of {name!r} if you mean other rows"
            )
    return None


def with_parentheses(tables: FromClause, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the condition with parentheses around the host's own SQL.

    It may have an OR, and SQLAlchemy puts none around a part of `and_`, `not_`, a comparison or WHERE.
    """
    if not any(map(_is_own_sql, iterate(expression))):
        return expression
    # A copy of one of the catalog's tables would be another table.
    options = {"stop_on": _leaves(tables)}
    return cloned_traverse(expression, options, dict.fromkeys(_WITHOUT_PARENTHESES, _group))


def _group(element: Any) -> None:
    if isinstance(element, BooleanClauseList):
        element.clauses = tuple(map(_grouped, element.clauses))
    elif isinstance(element, UnaryExpression):
        element.element = _grouped(element.element)
    elif isinstance(element, TypeCoerce):
        element.clause = _grouped(element.clause)
    elif isinstance(element, BinaryExpression):
        # Other parts of a comparison are not conditions: `= ANY(…)` must stay as it is.
        element.left, element.right = (
            _grouped(each) if isinstance(getattr(each, "type", None), Boolean) else each
            for each in (element.left, element.right)
        )
    elif isinstance(element, Select):
        element._where_criteria = tuple(map(_grouped, element._where_criteria))  # noqa: SLF001


def _grouped(element: Any) -> Any:
    return Grouping(element) if _is_own_sql(element) else element


def _is_own_sql(element: object) -> bool:
    return isinstance(element, TextClause) or (isinstance(element, ColumnClause) and element.is_literal)


def _outer_exists(element: ExternallyTraversible) -> Iterator[Exists]:
    if isinstance(element, Exists):
        yield element
    elif not isinstance(element, Select):
        for child in element.get_children():
            yield from _outer_exists(child)


def _has_nothing_left(exists: Exists, tables: FromClause) -> bool:
    select = next((each for each in iterate(exists) if isinstance(each, Select)), None)
    if select is None or select._correlate or select._correlate_except is not None or not select._auto_correlate:  # noqa: SLF001
        return False
    found, outer = select.get_final_froms(), _leaves(tables)
    return len(found) > 1 and all(each in outer for each in found)


def _is_correlated(exists: Exists, tables: FromClause) -> bool:
    selects = [each for each in iterate(exists) if isinstance(each, Select)]
    if not selects:
        return True
    first, *inner = selects
    # What an inner SELECT is correlated with on purpose is the host's business.
    if any(each._correlate or each._correlate_except is not None for each in inner):  # noqa: SLF001
        return True
    outer = _leaves(tables)
    found = first.get_final_froms()
    if first._correlate_except is not None:  # noqa: SLF001
        return any(each in outer and each not in first._correlate_except for each in found)  # noqa: SLF001
    if first._correlate:  # noqa: SLF001
        return any(each in outer and each in first._correlate for each in found)  # noqa: SLF001
    # SQLAlchemy correlates a SELECT by itself only if something is left to select from.
    return first._auto_correlate and len(found) > 1 and any(each in outer for each in found)  # noqa: SLF001


def _read_again(exists: Exists, tables: FromClause) -> set[str]:
    """The names of the catalog's tables that the EXISTS reads; an alias of its own is another table on purpose."""
    selects = [each for each in iterate(exists) if isinstance(each, Select)]
    read = {leaf for each in selects for found in each.get_final_froms() for leaf in _leaves(found)}
    # Also those behind an alias of the catalog and in a subquery, and another object of the same table.
    own = {_identity(each) for leaf in _leaves(tables) for each in (leaf, *iterate(leaf))}
    return {str(getattr(each, "name", "of a subquery")) for each in read if _identity(each) in own}


def _identity(element: object) -> object:
    return (element.schema, element.name) if isinstance(element, TableClause) else element


def _leaves(tables: FromClause) -> set[FromClause]:
    return set(tables._from_objects)  # noqa: SLF001
