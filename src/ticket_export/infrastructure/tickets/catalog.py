"""The catalog, in which a host declares which of its data may be exported.

An export can read, filter and sort only what the catalog names. The expressions come from the host's code; a user's
view only chooses among them::

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

from functools import cached_property
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Text, cast
from sqlalchemy.sql.selectable import FromClause

from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.core_elements import (
    HostExpression,
    core_expression,
    core_tables,
    optional_core_expression,
)
from ticket_export.infrastructure.tickets.sql_types import SqlType, needs_cast, refusal, sql_type

#: A SQLAlchemy expression of any type.
Expression: TypeAlias = ColumnElement[Any]


@attrs.frozen
class CatalogColumn:
    """An exportable column and the expression that reads it."""

    column: TicketColumn
    expression: Expression


@attrs.frozen(kw_only=True, eq=False)
class TicketCatalog:
    """A host's tickets.

    `tables` is a table, join, subquery or mapped class with one row for each ticket. Every expression may be one of
    SQLAlchemy Core (``cases.c.number``) or of its ORM (``Case.number``). `id` identifies a ticket and breaks ties in
    the sort order. `created_at` (stored in UTC) decides whether a ticket existed at the request. If tickets are
    soft-deleted, `is_deleted` and `deleted_at` say which and when; a deleted ticket without `deleted_at` counts as
    deleted before any request.

    Raises:
        ConfigurationError: two columns share a name, only one of `is_deleted` and `deleted_at` is there, or one of
            these expressions is of a wrong type.
    """

    tables: FromClause = attrs.field(converter=core_tables)
    id: Expression = attrs.field(converter=core_expression)
    created_at: Expression = attrs.field(converter=core_expression)
    is_deleted: Expression | None = attrs.field(default=None, converter=optional_core_expression)
    deleted_at: Expression | None = attrs.field(default=None, converter=optional_core_expression)
    columns: tuple[CatalogColumn, ...] = attrs.field(converter=tuple[CatalogColumn, ...])

    def __attrs_post_init__(self) -> None:
        if (self.is_deleted is None) != (self.deleted_at is None):
            raise ConfigurationError("a catalog needs both is_deleted and deleted_at, or neither")
        _require_moment("created_at", self.created_at, _TIME_ADVICE[ColumnKind.DATE])
        if self.deleted_at is not None:
            _require_moment("deleted_at", self.deleted_at, "it is the moment of the deletion")
        if self.is_deleted is not None and sql_type(self.is_deleted.type) not in _CONDITIONS:
            raise ConfigurationError(
                f"ticket catalog: is_deleted is of type {self.is_deleted.type!r}, not Boolean; "
                "use a condition, such as `column != 0`"
            )
        self.describe()

    def describe(self) -> TicketColumns:
        """The columns as the application knows them."""
        return self._described

    def expression(self, column: TicketColumn) -> Expression:
        """The expression that reads that column."""
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
    expression: HostExpression,
    *,
    searchable: bool = False,
    filterable: bool = True,
    sortable: bool = True,
) -> CatalogColumn:
    """Free text, or a value shown as text: a number, boolean, day, time of day, UUID or enumeration.

    Raises:
        ConfigurationError: the expression is of another type; the message says what to use for it.
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


def number_column(name: str, label: str, expression: HostExpression, *, searchable: bool = False) -> CatalogColumn:
    """An integer, decimal or floating-point number; a search looks at its digits.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    return _catalog_column(
        TicketColumn(name=name, label=label, kind=ColumnKind.NUMBER, searchable=searchable), expression
    )


def date_column(name: str, label: str, expression: HostExpression) -> CatalogColumn:
    """A moment, in a column of SQLAlchemy's ``DateTime``; shown in the view's time zone.

    On PostgreSQL the stored type decides, not the declared one: a ``timestamptz`` is taken as it is, a ``timestamp`` as
    UTC. On SQLite a text is a moment in UTC unless it has an offset.

    Raises:
        ConfigurationError: the expression is of another type; a day without a time has no zone to be shown in.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.DATE), expression)


def day_column(name: str, label: str, expression: HostExpression) -> CatalogColumn:
    """A day without a time, in a column of SQLAlchemy's ``Date``; shown as it is stored, in every time zone.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.DAY), expression)


def boolean_column(name: str, label: str, expression: HostExpression) -> CatalogColumn:
    """True or false.

    Raises:
        ConfigurationError: the expression is of another type; ``column != 0`` makes a number a boolean.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.BOOLEAN), expression)


def choice_column(
    name: str, label: str, expression: HostExpression, *, choices: tuple[str, ...] = (), searchable: bool = False
) -> CatalogColumn:
    """One of a few texts; they sort in the order of `choices`, which are spelled as they are stored.

    Raises:
        ConfigurationError: the expression is of a type that `text_column` refuses.
    """
    column = TicketColumn(name=name, label=label, kind=ColumnKind.CHOICE, choices=choices, searchable=searchable)
    return _catalog_column(column, expression)


def id_column(
    name: str, label: str, expression: HostExpression, *, scope_role: ScopeRole | None = None
) -> CatalogColumn:
    """An identifier: a UUID, an integer or a text, depending on the type of the expression.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    found = sql_type(core_expression(expression).type)
    id_type = {SqlType.UUID: IdType.UUID, SqlType.INTEGER: IdType.INTEGER}.get(found, IdType.TEXT)
    column = TicketColumn(name=name, label=label, kind=ColumnKind.ID, id_type=id_type, scope_role=scope_role)
    return _catalog_column(column, expression)


def _catalog_column(column: TicketColumn, expression: HostExpression) -> CatalogColumn:
    expression = core_expression(expression)
    if advice := refusal(column, sql_type(expression.type), _TIME_ADVICE):
        wanted = f", not {_TIMES[column.kind]}" if column.kind in _TIMES else ""
        raise ConfigurationError(
            f"ticket catalog: the {column.kind} column {column.name!r} is of type {expression.type!r}{wanted}; {advice}"
        )
    # PostgreSQL has types of its own for these texts, and compares an enumeration with nothing else.
    return CatalogColumn(column, cast(expression, Text) if needs_cast(expression.type) else expression)


_TIMES: Final = {ColumnKind.DATE: "DateTime", ColumnKind.DAY: "Date"}
_TIME_ADVICE: Final = {kind: f"type_coerce(…, {name}) declares an expression as one" for kind, name in _TIMES.items()}
# SQLite stores moments as texts, which begin with a day.
_MOMENTS: Final = {SqlType.MOMENT, SqlType.DAY, SqlType.TEXT, SqlType.UNKNOWN}
_CONDITIONS: Final = {SqlType.BOOLEAN, SqlType.UNKNOWN}


def _require_moment(name: str, expression: Expression, advice: str) -> None:
    if sql_type(expression.type) not in _MOMENTS:
        raise ConfigurationError(f"ticket catalog: {name} is of type {expression.type!r}, not DateTime; {advice}")
