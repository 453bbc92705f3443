"""How a host says what of its tickets may be exported.

Only what the catalog names can ever be read, filtered or sorted; the expressions come from the
host's code, and a user's view can but choose among them::

    catalog = TicketCatalog(
        tables=cases.outerjoin(people, people.c.id == cases.c.owner_id),
        id=cases.c.number,
        created_at=cases.c.opened_at,
        columns=[
            number_column("number", "Case", cases.c.number),
            text_column("subject", "Subject", cases.c.subject, searchable=True),
            choice_column("state", "State", cases.c.state, choices=("open", "done")),
        ],
    )
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Date, DateTime, Text, TypeDecorator, cast
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.sql_types import SqlType, needs_cast, refusal, sql_type

#: A SQLAlchemy expression of whatever type.
Expression: TypeAlias = ColumnElement[Any]


@attrs.frozen
class CatalogColumn:
    """An exportable column and the expression that reads it."""

    column: TicketColumn
    expression: Expression


def _in_order(columns: Iterable[CatalogColumn]) -> tuple[CatalogColumn, ...]:
    return tuple(columns)


@attrs.frozen(kw_only=True, eq=False)
class TicketCatalog:
    """A host's tickets.

    `tables` is a table, join or subquery that gives one row a ticket; `id` identifies a ticket and
    breaks ties; `created_at` (stored in UTC) decides whether a ticket existed at the request. Where
    tickets are soft-deleted, `is_deleted` and `deleted_at` say so: one with no `deleted_at` was
    deleted before any request.

    Raises:
        ConfigurationError: two columns share a name, only one half of the soft-delete is given, or one of these
            expressions is of a type that cannot be what it should be.
    """

    tables: FromClause
    id: Expression
    created_at: Expression
    is_deleted: Expression | None = None
    deleted_at: Expression | None = None
    columns: tuple[CatalogColumn, ...] = attrs.field(converter=_in_order)

    def __attrs_post_init__(self) -> None:
        if (self.is_deleted is None) != (self.deleted_at is None):
            raise ConfigurationError("a catalog needs both is_deleted and deleted_at, or neither")
        _require_any(_MOMENTS, "created_at", self.created_at, "type_coerce(…, DateTime) says that an expression is one")
        if self.is_deleted is not None and self.deleted_at is not None:
            _require_any(_CONDITIONS, "is_deleted", self.is_deleted, "make a condition of it, such as `column != 0`")
            _require_any(_MOMENTS, "deleted_at", self.deleted_at, "it says when a ticket was deleted")
        self.describe()

    def describe(self) -> TicketColumns:
        """The columns as the application knows them."""
        return self._described

    def expression(self, column: TicketColumn) -> Expression:
        """What reads that column."""
        return self._expressions[column.name]

    @cached_property
    def _described(self) -> TicketColumns:
        try:
            return TicketColumns(each.column for each in self.columns)
        except ValueError as error:
            raise ConfigurationError(f"ticket catalog: {error}") from error

    @cached_property
    def _expressions(self) -> dict[str, Expression]:
        return {each.column.name: each.expression for each in self.columns}


def text_column(
    name: str,
    label: str,
    expression: Expression,
    *,
    searchable: bool = False,
    filterable: bool = True,
    sortable: bool = True,
) -> CatalogColumn:
    """Free text, or what is shown as text: a number, boolean, day, time of day, UUID or enumeration.

    Raises:
        ConfigurationError: the expression is of a type that has no such spelling; the message names what fits.
    """
    column = TicketColumn(
        name=name,
        label=label,
        kind=ColumnKind.TEXT,
        searchable=searchable,
        filterable=filterable,
        sortable=sortable,
    )
    return _catalog_column(column, expression)


def number_column(name: str, label: str, expression: Expression, *, searchable: bool = False) -> CatalogColumn:
    """An integer, decimal or floating-point number; a search looks at its digits.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    return _catalog_column(
        TicketColumn(name=name, label=label, kind=ColumnKind.NUMBER, searchable=searchable), expression
    )


def date_column(name: str, label: str, expression: Expression) -> CatalogColumn:
    """A moment, in a column of SQLAlchemy's ``DateTime``; shown in the view's time zone.

    On PostgreSQL the stored type decides, not the declared one: a ``timestamptz`` is taken as it is, a ``timestamp`` as
    UTC. On SQLite a text is a moment in UTC unless it carries an offset.

    Raises:
        ConfigurationError: the expression is of another type; a day without a time has no zone to be shown in.
    """
    _require_type(DateTime, "date", name, expression, other=(Date, "day_column is for days without a time"))
    return CatalogColumn(TicketColumn(name=name, label=label, kind=ColumnKind.DATE), expression)


def day_column(name: str, label: str, expression: Expression) -> CatalogColumn:
    """A day without a time, in a column of SQLAlchemy's ``Date``; shown as it is stored, in every time zone.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    _require_type(Date, "day", name, expression, other=(DateTime, "date_column is for moments, which have a time"))
    return CatalogColumn(TicketColumn(name=name, label=label, kind=ColumnKind.DAY), expression)


def boolean_column(name: str, label: str, expression: Expression) -> CatalogColumn:
    """True or false.

    Raises:
        ConfigurationError: the expression is of another type; ``column != 0`` makes a boolean of a number.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.BOOLEAN), expression)


def choice_column(
    name: str, label: str, expression: Expression, *, choices: tuple[str, ...] = (), searchable: bool = False
) -> CatalogColumn:
    """One of a few texts; `choices`, in workflow order and as they are stored, is how they sort.

    Raises:
        ConfigurationError: the expression is of a type that `text_column` refuses too.
    """
    column = TicketColumn(name=name, label=label, kind=ColumnKind.CHOICE, choices=choices, searchable=searchable)
    return _catalog_column(column, expression)


def id_column(name: str, label: str, expression: Expression, *, scope_role: ScopeRole | None = None) -> CatalogColumn:
    """An identifier: a UUID, an integer or a text, by the type of the expression.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    found = sql_type(expression.type)
    id_type = {SqlType.UUID: IdType.UUID, SqlType.INTEGER: IdType.INTEGER}.get(found, IdType.TEXT)
    column = TicketColumn(name=name, label=label, kind=ColumnKind.ID, id_type=id_type, scope_role=scope_role)
    return _catalog_column(column, expression)


def _catalog_column(column: TicketColumn, expression: Expression) -> CatalogColumn:
    advice = refusal(column, sql_type(expression.type))
    if advice:
        raise ConfigurationError(
            f"ticket catalog: the {column.kind} column {column.name!r} is of type {expression.type!r}; {advice}"
        )
    # PostgreSQL has types of its own for these, and compares an enumeration with nothing else.
    return CatalogColumn(column, cast(expression, Text) if needs_cast(expression.type) else expression)


# SQLite stores moments as texts, which begin with a day.
_MOMENTS = (SqlType.MOMENT, SqlType.DAY, SqlType.TEXT)
_CONDITIONS = (SqlType.BOOLEAN,)
_NAMES = {SqlType.MOMENT: "DateTime", SqlType.BOOLEAN: "Boolean"}


def _require_any(accepted: tuple[SqlType, ...], name: str, expression: Expression, advice: str) -> None:
    found = sql_type(expression.type)
    if found not in accepted and found is not SqlType.UNKNOWN:
        raise ConfigurationError(
            f"ticket catalog: {name} is of type {expression.type!r}, not {_NAMES[accepted[0]]}; {advice}"
        )


def _require_type(
    wanted: type[TypeEngine[Any]],
    kind: str,
    name: str,
    expression: Expression,
    *,
    other: tuple[type[TypeEngine[Any]], str],
) -> None:
    declared = expression.type.impl_instance if isinstance(expression.type, TypeDecorator) else expression.type
    if isinstance(declared, wanted):
        return
    other_type, advice = other
    if not isinstance(declared, other_type):
        advice = f"type_coerce(…, {wanted.__name__}) says that an expression is one"
    raise ConfigurationError(
        f"ticket catalog: the {kind} column {name!r} is of type {expression.type!r}, not {wanted.__name__}; {advice}"
    )
