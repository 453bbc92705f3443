"""Tickets in a list: the ticket source for tests, and the shortest description of what a ticket source does."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias, TypeGuard
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.number_text import decimal_text, number_text
from ticket_export.application.ports.file_format import Cell, FileFormat, RowBlock
from ticket_export.application.ports.supports_selections import SupportsSelections
from ticket_export.application.ports.ticket_source import TicketReader, TicketSource
from ticket_export.application.safe_text import quoted
from ticket_export.application.view.conditions import (
    Comparison,
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
    fold,
)
from ticket_export.application.view.local_time import shown_moment
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import (
    EVERY_ROW,
    ColumnRule,
    EveryRow,
    asked_bool,
    require_rule,
    visible_columns,
)
from ticket_export.errors import ConfigurationError, StaleViewError, TicketSourceError

#: A sequence of texts is the tags of a ticket. A `Decimal` has the scale that its column shows.
CellValue: TypeAlias = str | int | float | Decimal | bool | datetime | date | time | UUID | Sequence[str] | None

BLOCK_ROWS = 1000


@attrs.frozen(kw_only=True)
class InMemoryTicket:
    """A ticket with its `values` by column name; an absent value is empty. Moments are aware UTC, days are `date`.

    `deleted_at` is the moment of its soft deletion.
    """

    id: int
    created_at: datetime
    deleted_at: datetime | None = None
    values: Mapping[str, CellValue] = attrs.field(factory=dict)

    def value(self, column: TicketColumn) -> CellValue:
        """Return the value of `column`."""
        return self.values.get(column.name)


@attrs.define
class InMemoryTicketSource(TicketSource, SupportsSelections):
    """`tickets` may change at any time. A reader keeps the tickets that it found when it was opened.

    `visible_to` says whether an actor may see a ticket; `every_row_to` names the actors to whom it is not applied, as
    those for whom the row rule of a catalog returns `EVERY_ROW`. `column_rules` has the rules of columns, by name.
    `selections` has the ids of tickets, in order, by the text of a view's `selection`.

    These are rules in Python: a test with this source does not test the SQL rule of your catalog. Test that rule on
    SQLite.

    Raises:
        ConfigurationError: a rule is not a function, or is for an unknown column.
    """

    catalog: TicketColumns
    tickets: Sequence[InMemoryTicket] = ()
    visible_to: Callable[[Actor, InMemoryTicket], bool] | EveryRow = attrs.field(default=EVERY_ROW, kw_only=True)
    every_row_to: ColumnRule = attrs.field(default=lambda _actor: False, kw_only=True)
    column_rules: Mapping[str, ColumnRule] = attrs.field(factory=dict, kw_only=True)
    selections: Mapping[str, Sequence[int]] = attrs.field(factory=dict, kw_only=True)

    def __attrs_post_init__(self) -> None:
        require_rule("ticket source", self.visible_to, EVERY_ROW)
        for name, rule in self.column_rules.items():
            require_rule(f"ticket source: the column {name!r}", rule)
            if self.catalog.find(name) is None:
                raise ConfigurationError(f"ticket source: there is a rule for the unknown column {name!r}")

    def columns(self, actor: Actor) -> TicketColumns:
        by_name = {name.lower(): rule for name, rule in self.column_rules.items()}
        rules = [(column, by_name.get(column.name.lower())) for column in self.catalog]
        return visible_columns(rules, actor, sees_every_row=self._sees_every_row(actor))

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        query.require_columns(self.columns(query.actor))
        sees_every_row = self._sees_every_row(query.actor)
        visible = [each for each in tuple(self.tickets) if sees_every_row or self._shows(each, query.actor)]
        shown = [ticket for ticket in visible if _is_shown(ticket, query)]
        places = self._places(query)
        if places is not None:
            shown = [ticket for ticket in shown if ticket.id in places]
        yield _Reader(_in_order(shown, query, places), query, file_format)

    def require_selection(self, actor: Actor, selection: str) -> None:
        if selection not in self.selections:
            raise ValueError(f"{quoted(selection)} is not a selection of these tickets")

    def _places(self, query: TicketQuery) -> Mapping[int, int] | None:
        if query.selection is None:
            return None
        if query.selection not in self.selections:
            raise StaleViewError("The selection of the view no longer exists.")
        ids = list(dict.fromkeys(self.selections[query.selection]))
        return {each: place for place, each in enumerate(ids)}

    def _sees_every_row(self, actor: Actor) -> bool:
        if isinstance(self.visible_to, EveryRow):
            return True
        return asked_bool("ticket source: the rule every_row_to", lambda: self.every_row_to(actor))

    def _shows(self, ticket: InMemoryTicket, actor: Actor) -> bool:
        rule = self.visible_to
        return isinstance(rule, EveryRow) or asked_bool(
            "ticket source: the row rule (visible_to)", lambda: rule(actor, ticket)
        )


@attrs.frozen
class _Reader(TicketReader):
    tickets: list[InMemoryTicket]
    query: TicketQuery
    file_format: FileFormat

    def count(self) -> int:
        return len(self.tickets)

    def blocks(self) -> Iterator[RowBlock]:
        for start in range(0, len(self.tickets), BLOCK_ROWS):
            tickets = self.tickets[start : start + BLOCK_ROWS]
            cells = [[self._cell(ticket.value(column), column) for column in self.query.columns] for ticket in tickets]
            try:
                yield RowBlock(self.file_format.rows(self.query.columns, cells), len(cells))
            except UnicodeEncodeError as error:
                raise TicketSourceError("A ticket holds text that is not valid Unicode.") from error

    def _cell(self, value: CellValue, column: TicketColumn) -> Cell:
        if value is None:
            return None
        if isinstance(value, datetime):
            return shown_moment(value, self.query.time_zone)
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and not column.is_text:
            return _number(value)
        if column.kind is ColumnKind.BOOLEAN and isinstance(value, bool):
            return value
        if column.kind is ColumnKind.DAY and isinstance(value, date):
            return value
        return _shown(value, column)


def _is_shown(ticket: InMemoryTicket, query: TicketQuery) -> bool:
    is_there = ticket.created_at <= query.as_of and (ticket.deleted_at is None or ticket.deleted_at > query.as_of)
    search = query.search
    return (
        is_there
        and all(holds(condition, ticket.value(condition.column)) for condition in query.conditions)
        and (search is None or any(search.needle in fold(_shown(ticket.value(each), each)) for each in search.columns))
    )


def _in_order(
    tickets: list[InMemoryTicket], query: TicketQuery, places: Mapping[int, int] | None
) -> list[InMemoryTicket]:
    """Sort as the query says: empty cells last in both directions, equal cells by id in the same direction.

    In a selection, the place of a ticket stands for its id.
    """

    def place(ticket: InMemoryTicket) -> int:
        return ticket.id if places is None else places[ticket.id]

    ordered = sorted(tickets, key=place, reverse=query.descending)
    column = query.sort_column
    if column is None:
        return ordered
    filled = [ticket for ticket in ordered if ticket.value(column) is not None]
    # A stable sort keeps this order among equals, in both directions.
    filled.sort(key=lambda ticket: _sort_key(ticket.value(column), column), reverse=query.descending)
    return filled + [ticket for ticket in ordered if ticket.value(column) is None]


def _sort_key(value: CellValue, column: TicketColumn) -> Any:  # the values of one column compare with each other
    if column.choices:
        text = _text_of(value)
        rank = column.ranks.get(text)
        return (len(column.choices), text) if rank is None else (rank, "")
    if isinstance(value, (int, float, Decimal)):
        return (True, 0) if _is_nan(value) else (False, value)
    return _text_of(value) if isinstance(value, Sequence) else value


_POSITIONS: dict[TextPosition, Callable[[str, str], bool]] = {
    TextPosition.WHOLE: operator.eq,
    TextPosition.ANYWHERE: operator.contains,
    TextPosition.START: str.startswith,
    TextPosition.END: str.endswith,
}


def holds(condition: Condition, value: CellValue) -> bool:
    """Return whether a cell meets the condition."""
    match condition:
        case IsEmpty(column=column, negated=negated):
            empty = value is None or (column.is_text and _text_of(value) == "")
            return empty is not negated
        case IsBoolean(value=wanted):
            return value is wanted
        case NumberCompares(comparison=comparison, number=number):
            return isinstance(value, (int, float, Decimal)) and _compares(value, comparison, number)
        case WithinIntervals(intervals=intervals):
            return isinstance(value, datetime) and any(_is_in(each, value) for each in intervals)
        case WithinDays(first=first, last=last):
            return _is_day(value) and (first is None or value >= first) and (last is None or value <= last)
        case TextMatches(position=position, needles=needles, negated=negated):
            if value is None:
                return negated
            text = fold(_text_of(value))
            return any(_POSITIONS[position](text, needle) for needle in needles) is not negated
        case IsOneOf(values=values, negated=negated):  # pragma: no branch - there are no others
            return negated if value is None else _is_one_of(value, values) is not negated


def _compares(value: float | Decimal, comparison: Comparison, number: int | Decimal) -> bool:
    if _is_nan(value):
        return comparison in {operator.gt, operator.ge}
    return bool(comparison(value, _comparable(number, value)))


def _is_nan(value: float | Decimal) -> bool:
    # It is greater than every number, as on PostgreSQL. An integer may be too large to ask.
    return not isinstance(value, int) and math.isnan(value)


def _is_one_of(value: CellValue, members: Sequence[int | Decimal] | Sequence[str] | Sequence[UUID]) -> bool:
    if isinstance(members[0], str):
        return _text_of(value) in members
    return any(value == _comparable(member, value) for member in members)


def _comparable(number: object, value: object) -> Any:
    # A decimal number of a view means the floating-point number that is written in the same way.
    return float(number) if isinstance(number, Decimal) and isinstance(value, float) else number


def _is_in(interval: Interval, moment: datetime) -> bool:
    return (interval.start is None or moment >= interval.start) and (interval.end is None or moment < interval.end)


def _is_day(value: CellValue) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def _shown(value: CellValue, column: TicketColumn) -> str:
    """Return the value as a file shows it and a search sees it; empty for None."""
    text = _text_of(value)
    return column.labels.get(text, text)


def _text_of(value: CellValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return number_text(_number(value))
        case time():
            return value.isoformat("seconds")
        case str() | UUID() | date():
            return str(value)
    return ", ".join(value)


def _number(value: int | float | Decimal) -> int | float | Decimal:
    if not isinstance(value, Decimal):
        return value
    exponent = value.as_tuple().exponent
    return Decimal(decimal_text(value, max(-exponent, 0) if isinstance(exponent, int) else 0))
