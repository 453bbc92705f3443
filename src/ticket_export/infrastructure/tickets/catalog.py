"""The catalog, in which a host declares which of its data may be exported.

An export can read, filter and sort only what the catalog names. The expressions come from the host's code; a user's
view only chooses among them. Of the tickets, an export shows those that its requester may see::

    catalog = TicketCatalog(
        tables=cases.outerjoin(people, people.c.id == cases.c.owner_id),
        id=cases.c.number,
        created_at=cases.c.opened_at,
        columns=[
            number_column("number", "Case", cases.c.number),
            text_column("subject", "Subject", cases.c.subject, searchable=True),
            choice_column("state", "State", cases.c.state, choices=("open", "done")),
        ],
        visible_to=lambda actor: cases.c.team_id.in_(actor.attributes["team_ids"]),
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Text, cast
from sqlalchemy.sql.selectable import FromClause, SelectBase

from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.application.view.visibility import EVERY_ROW, ColumnRule, EveryRow, require_rule, visible_columns
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.core_elements import (
    HostExpression,
    core_expression,
    core_tables,
    optional_core_expression,
)
from ticket_export.infrastructure.tickets.row_rule import RowRule, VisibleRows, unjoined, visible_rows
from ticket_export.infrastructure.tickets.sql_types import SqlType, needs_cast, refusal, sql_type

#: A SQLAlchemy expression of any type.
Expression: TypeAlias = ColumnElement[Any]
#: Texts, which are their own labels, or a mapping of stored values to labels; in workflow order.
Choices: TypeAlias = Sequence[str] | Mapping[str, str]
#: Returns the choices that a column has now.
ChoicesNow: TypeAlias = Callable[[], Choices]
#: Returns a SELECT of the ids and the places of the tickets that a text stands for.
SelectionRule: TypeAlias = Callable[[Actor, str], SelectBase]


@attrs.frozen
class CatalogColumn:
    """An exportable column, the expression that reads it, and the rule that says who may see it; None is everybody.

    `choices` is the function that returns the choices, where the column does not have them.
    """

    column: TicketColumn
    expression: Expression
    visible_to: ColumnRule | None = None
    choices: ChoicesNow | None = None


@attrs.frozen
class VisibleTickets:
    """What an actor may see: columns, and the condition that a row must meet or `EVERY_ROW`."""

    columns: TicketColumns
    rows: VisibleRows


@attrs.frozen(kw_only=True, eq=False)
class TicketCatalog:
    """A host's tickets.

    `tables` is a table, join, subquery or mapped class with one row for each ticket. Every expression may be one of
    SQLAlchemy Core (``cases.c.number``) or of its ORM (``Case.number``). `id` identifies a ticket and breaks ties in
    the sort order. `created_at` (stored in UTC) decides whether a ticket existed at the request. If tickets are
    soft-deleted, `is_deleted` and `deleted_at` say which and when; a deleted ticket without `deleted_at` counts as
    deleted before any request. Without `is_deleted`, a ticket is deleted if it has a `deleted_at`.

    `visible_to` is the row rule: it returns, for the actor of an export, the condition that a row must meet, or
    `EVERY_ROW`. A row for which the condition is NULL is not shown. `EVERY_ROW` itself says that every user may see
    every row; so does None, but `check` asks whether this is meant.

    `selected_by` resolves the `selection` of a view: a text by which your application knows a list of tickets. It
    returns a SELECT of two columns, the id of a ticket and its place in the list, and raises `ValueError` with a
    message for the user if there is no such list for the actor. A user may send any text. The list only narrows the
    view: the rules apply to it. `place` is that place; the library sets it for a view with a selection.

    Raises:
        ConfigurationError: two columns share a name, `is_deleted` has no `deleted_at`, one of these
            expressions is of a wrong type or names a table that `tables` does not join, or `visible_to` is not a rule.
    """

    tables: FromClause = attrs.field(converter=core_tables)
    id: Expression = attrs.field(converter=core_expression)
    created_at: Expression = attrs.field(converter=core_expression)
    is_deleted: Expression | None = attrs.field(default=None, converter=optional_core_expression)
    deleted_at: Expression | None = attrs.field(default=None, converter=optional_core_expression)
    columns: tuple[CatalogColumn, ...] = attrs.field(converter=tuple[CatalogColumn, ...])
    visible_to: RowRule | EveryRow | None = None
    selected_by: SelectionRule | None = None
    place: Expression | None = attrs.field(default=None, converter=optional_core_expression)

    def __attrs_post_init__(self) -> None:
        if self.is_deleted is not None and self.deleted_at is None:
            raise ConfigurationError("ticket catalog: is_deleted needs deleted_at, the moment of the deletion")
        if self.is_deleted is None and self.deleted_at is not None:
            object.__setattr__(self, "is_deleted", self.deleted_at.is_not(None))
        _require_moment("created_at", self.created_at, _TIME_ADVICE[ColumnKind.DATE])
        if self.deleted_at is not None:
            _require_moment("deleted_at", self.deleted_at, "it is the moment of the deletion")
        if self.is_deleted is not None and sql_type(self.is_deleted.type) not in _CONDITIONS:
            raise ConfigurationError(
                f"ticket catalog: is_deleted is of type {self.is_deleted.type!r}, not Boolean; "
                "use a condition, such as `column != 0`"
            )
        require_rule("ticket catalog", self.visible_to, EVERY_ROW, None)
        self._require_joined()
        self.describe()

    def describe(self) -> TicketColumns:
        """All columns as the application knows them, whoever may see them."""
        return self._described

    def visible_to_actor(self, actor: Actor) -> VisibleTickets:
        """The columns, with their choices as they are now, and the rows that the actor may see.

        Raises:
            ConfigurationError: the row rule, or the rule of a column, cannot be evaluated; or a function of choices
                fails, or returns something else.
        """
        rows = visible_rows(self.visible_to, actor, self.tables)
        rules = [(each.column, each.visible_to) for each in self.columns]
        columns = visible_columns(rules, actor, sees_every_row=rows is EVERY_ROW)
        return VisibleTickets(self._with_choices(columns), rows)

    def expression(self, column: TicketColumn) -> Expression:
        """The expression that reads that column."""
        return self._expressions[column.name]

    def _with_choices(self, columns: TicketColumns) -> TicketColumns:
        functions = {each.column.name: each.choices for each in self.columns if each.choices is not None}
        if not functions:
            return columns
        with_choices = [
            _with_choices_now(column, functions[column.name]) if column.name in functions else column
            for column in columns
        ]
        return TicketColumns(with_choices, is_complete=columns.is_complete)

    def _require_joined(self) -> None:
        own = {
            "id": self.id,
            "created_at": self.created_at,
            "is_deleted": self.is_deleted,
            "deleted_at": self.deleted_at,
        }
        named = own | {f"the column {each.column.name!r}": each.expression for each in self.columns}
        for name, expression in named.items():
            if expression is not None and (strange := unjoined(self.tables, expression)):
                raise ConfigurationError(f"ticket catalog: {name} names {strange[0]}, which `tables` does not join")

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
    visible_to: ColumnRule | None = None,
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
    return _catalog_column(column, expression, visible_to)


def number_column(
    name: str,
    label: str,
    expression: HostExpression,
    *,
    searchable: bool = False,
    visible_to: ColumnRule | None = None,
) -> CatalogColumn:
    """An integer, decimal or floating-point number; a search looks at its digits.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    column = TicketColumn(name=name, label=label, kind=ColumnKind.NUMBER, searchable=searchable)
    return _catalog_column(column, expression, visible_to)


def date_column(
    name: str, label: str, expression: HostExpression, *, visible_to: ColumnRule | None = None
) -> CatalogColumn:
    """A moment, in a column of SQLAlchemy's ``DateTime``; shown in the view's time zone.

    On PostgreSQL the stored type decides, not the declared one: a ``timestamptz`` is taken as it is, a ``timestamp`` as
    UTC. On SQLite a text is a moment in UTC unless it has an offset.

    Raises:
        ConfigurationError: the expression is of another type; a day without a time has no zone to be shown in.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.DATE), expression, visible_to)


def day_column(
    name: str, label: str, expression: HostExpression, *, visible_to: ColumnRule | None = None
) -> CatalogColumn:
    """A day without a time, in a column of SQLAlchemy's ``Date``; shown as it is stored, in every time zone.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.DAY), expression, visible_to)


def boolean_column(
    name: str, label: str, expression: HostExpression, *, visible_to: ColumnRule | None = None
) -> CatalogColumn:
    """True or false.

    Raises:
        ConfigurationError: the expression is of another type; ``column != 0`` makes a number a boolean.
    """
    return _catalog_column(TicketColumn(name=name, label=label, kind=ColumnKind.BOOLEAN), expression, visible_to)


def choice_column(
    name: str,
    label: str,
    expression: HostExpression,
    *,
    choices: Choices | ChoicesNow = (),
    searchable: bool = False,
    visible_to: ColumnRule | None = None,
) -> CatalogColumn:
    """One of a few texts, such as a status.

    `choices` are in workflow order, in which the column sorts. They are texts as they are stored, or a mapping of
    stored texts to labels: the file shows the labels, a search looks at them, and a filter takes a value or a label in
    any letter case. The stored text of a number, a UUID or an enumeration is the text that `text_column` shows. A value
    that is not among the choices is shown as it is stored, and sorts after them by its text.

    `choices` may be a function without arguments that returns one of these, for statuses that a table configures. It
    is called at each request and at each run, by the thread that does it, and its result is not kept.

    Raises:
        ConfigurationError: the expression is of a type that `text_column` refuses, or the choices are not such texts:
            empty, of the same value or label, or with a label that is the value of another choice.
    """
    column = TicketColumn(name=name, label=label, kind=ColumnKind.CHOICE, searchable=searchable)
    if callable(choices):
        return attrs.evolve(_catalog_column(column, expression, visible_to), choices=choices)
    return _catalog_column(_with_choices_given(column, choices), expression, visible_to)


def id_column(
    name: str,
    label: str,
    expression: HostExpression,
    *,
    scope_role: ScopeRole | None = None,
    visible_to: ColumnRule | None = None,
) -> CatalogColumn:
    """An identifier: a UUID, an integer or a text, depending on the type of the expression.

    Raises:
        ConfigurationError: the expression is of another type.
    """
    found = sql_type(core_expression(expression).type)
    id_type = {SqlType.UUID: IdType.UUID, SqlType.INTEGER: IdType.INTEGER}.get(found, IdType.TEXT)
    column = TicketColumn(name=name, label=label, kind=ColumnKind.ID, id_type=id_type, scope_role=scope_role)
    return _catalog_column(column, expression, visible_to)


def _catalog_column(column: TicketColumn, expression: HostExpression, visible_to: ColumnRule | None) -> CatalogColumn:
    expression = core_expression(expression)
    require_rule(f"ticket catalog: the column {column.name!r}", visible_to, None)
    if advice := refusal(column, sql_type(expression.type), _TIME_ADVICE):
        wanted = f", not {_TIMES[column.kind]}" if column.kind in _TIMES else ""
        raise ConfigurationError(
            f"ticket catalog: the {column.kind} column {column.name!r} is of type {expression.type!r}{wanted}; {advice}"
        )
    # PostgreSQL has types of its own for these texts, and compares an enumeration with nothing else.
    return CatalogColumn(column, cast(expression, Text) if needs_cast(expression.type) else expression, visible_to)


def _with_choices_given(column: TicketColumn, choices: Choices) -> TicketColumn:
    try:
        return attrs.evolve(column, choices=choices)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"ticket catalog: the choice column {column.name!r}: {error}") from error


def _with_choices_now(column: TicketColumn, choices: ChoicesNow) -> TicketColumn:
    try:
        found = choices()
    except Exception as error:
        # Its text may hold data.
        raise ConfigurationError(
            f"ticket catalog: the function of the choices of {column.name!r} raised {type(error).__name__}"
        ) from error
    return _with_choices_given(column, found)


_TIMES: Final = {ColumnKind.DATE: "DateTime", ColumnKind.DAY: "Date"}
_TIME_ADVICE: Final = {kind: f"type_coerce(…, {name}) declares an expression as one" for kind, name in _TIMES.items()}
# SQLite stores moments as texts, which begin with a day.
_MOMENTS: Final = {SqlType.MOMENT, SqlType.DAY, SqlType.TEXT, SqlType.UNKNOWN}
_CONDITIONS: Final = {SqlType.BOOLEAN, SqlType.UNKNOWN}


def _require_moment(name: str, expression: Expression, advice: str) -> None:
    if sql_type(expression.type) not in _MOMENTS:
        raise ConfigurationError(f"ticket catalog: {name} is of type {expression.type!r}, not DateTime; {advice}")
