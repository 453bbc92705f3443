"""Converts what a host declares with SQLAlchemy's ORM to elements of SQLAlchemy Core.

An attribute of a mapped class is the column of its table, with notes for the ORM. With them, SQLAlchemy would execute
an export's SELECT as a query for entities, and the same column, taken twice, would be two objects.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sqlalchemy import ColumnElement, Select, SQLColumnExpression
from sqlalchemy.exc import ArgumentError, NoInspectionAvailable
from sqlalchemy.inspection import inspect
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.selectable import FromClause, Join
from sqlalchemy.sql.util import _deep_deannotate
from sqlalchemy.sql.visitors import iterate

from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    # Only for a host that has loaded the ORM.
    from sqlalchemy.orm.util import AliasedClass

    #: A table, join or subquery, or a mapped class or an alias of one.
    HostTables: TypeAlias = FromClause | type[Any] | AliasedClass[Any]

#: An expression of Core, or of the ORM: an attribute of a mapped class, a hybrid property, a ``column_property``.
HostExpression: TypeAlias = SQLColumnExpression[Any]


def core_expression(expression: HostExpression) -> ColumnElement[Any]:
    """Return the expression without the ORM's notes; an expression that has none is returned as it is.

    Raises:
        ConfigurationError: it is not an SQL expression with a single value.
    """
    # SQLAlchemy would take a Python value for a bound one.
    found: object = None
    if isinstance(expression, ClauseElement) or hasattr(expression, "__clause_element__"):
        with suppress(ArgumentError):
            found = coercions.expect(roles.ExpressionElementRole, expression)
    # The expression of a relationship is the condition of its join.
    is_relationship = hasattr(getattr(expression, "property", None), "mapper")
    if not isinstance(found, ColumnElement) or is_relationship:
        raise ConfigurationError(
            f"ticket catalog: {expression!s} is not a column or SQL expression; use an expression such as "
            "table.c.name, Ticket.name of a mapped class, or func.lower(Ticket.name)"
        )
    if not any(map(_has_notes, iterate(found))):
        return found
    _require_core_selects(found)
    return _without_notes(found)


def optional_core_expression(expression: HostExpression | None) -> ColumnElement[Any] | None:
    """Return `core_expression`, or None for None."""
    return None if expression is None else core_expression(expression)


def core_tables(tables: HostTables) -> FromClause:
    """Return the table, join or subquery without the ORM's notes.

    Raises:
        ConfigurationError: it is none of them, and not a mapped class; or it is a subclass that shares the table of its
            base class.
    """
    found: object = tables
    mapper = found._annotations.get("parentmapper") if isinstance(found, FromClause) else None  # noqa: SLF001
    if not isinstance(found, FromClause):
        with suppress(NoInspectionAvailable, AttributeError):
            inspected = inspect(found)
            found, mapper = inspected.selectable, inspected.mapper
    # Only the ORM would add the condition on the type.
    if mapper is not None and mapper.single:
        name, base = mapper.class_.__name__, mapper.base_mapper.class_.__name__
        raise ConfigurationError(
            f"ticket catalog: tables names the class {name}, whose table has the rows of other subclasses of {base} "
            f"too; use a subquery, such as select({base}.__table__).where({base}.type == …).subquery(), and its columns"
        )
    if not isinstance(found, FromClause):
        raise ConfigurationError(
            f"ticket catalog: tables is of type {type(tables).__name__}; use a table, a join, a subquery "
            "(select(…).subquery()), or a mapped class"
        )
    if isinstance(found, Join):
        return Join(
            core_tables(found.left),
            core_tables(found.right),
            None if found.onclause is None else core_expression(found.onclause),
            isouter=found.isouter,
            full=found.full,
        )
    return cast("FromClause", found._deannotate() if found._annotations else found)  # noqa: SLF001


def _has_notes(element: Any) -> bool:
    return bool(element._annotations or element._propagate_attrs)  # noqa: SLF001


def _require_core_selects(expression: ColumnElement[Any]) -> None:
    # The ORM would add conditions to such a SELECT. Without them it would find more rows than the host means.
    for each in iterate(expression):
        if not isinstance(each, Select):
            continue
        if each._with_options:  # noqa: SLF001
            raise ConfigurationError(
                "ticket catalog: an expression has a SELECT with options of the ORM, such as with_loader_criteria(), "
                "which have no effect here; write them as conditions"
            )
        selected = [*each._raw_columns, *each._from_obj, *(join[0] for join in each._setup_joins)]  # noqa: SLF001
        for part in (part for top in selected if isinstance(top, ClauseElement) for part in iterate(top)):
            notes = part._annotations  # noqa: SLF001
            # The condition of a relationship, such as Ticket.team.has(), is complete without the ORM.
            is_complete = "no_replacement_traverse" in notes
            mapper = None if is_complete else getattr(notes.get("parententity"), "mapper", None)
            if mapper is not None and mapper.inherits is not None and not mapper.concrete:
                name, base = mapper.class_.__name__, mapper.base_mapper.class_.__name__
                raise ConfigurationError(
                    f"ticket catalog: an expression selects from the class {name}, but here a class stands for its "
                    f"table, which has the rows of other subclasses of {base} too; select from {base}, and add the "
                    f"condition of {name} yourself"
                )


def _without_notes(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    # A deep copy, except for tables and their columns, which are always the same objects.
    try:
        copied: ColumnElement[Any] = _deep_deannotate(expression)
    except AttributeError as error:
        # SQLAlchemy fails like this for a SELECT of the ORM that joins by a relationship.
        raise ConfigurationError(
            "ticket catalog: an expression has a SELECT of the ORM that Core does not know, such as one with "
            "`.join(Ticket.team)`; name the class and the condition, `.join(Team, Team.id == Ticket.team_id)`, or use "
            "`Ticket.team.has(…)`"
        ) from error
    for element in iterate(copied):
        if isinstance(element, ClauseElement) and element._propagate_attrs:  # noqa: SLF001
            element._propagate_attrs = {}  # noqa: SLF001
    return copied
