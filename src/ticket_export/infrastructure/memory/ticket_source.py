"""Tickets from a list: the ticket source for tests, and the plainest statement of what one must do."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias, TypeGuard
from uuid import UUID

import attrs

from ticket_export.application.csv_format import Cell, CsvFormat, encode_rows
from ticket_export.application.formula_guard import guard
from ticket_export.application.number_text import decimal_text, float_text
from ticket_export.application.ports.ticket_source import CsvBlock, TicketReader, TicketSource
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
from ticket_export.application.view.local_time import time_text
from ticket_export.application.view.ticket_column import TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import TicketSourceError

#: A sequence of texts stands for joined tags; a `Decimal` has the scale that its column shows.
CellValue: TypeAlias = str | int | float | Decimal | bool | datetime | date | time | UUID | Sequence[str] | None


def cell_of(value: CellValue, column: TicketColumn, query: TicketQuery, csv_format: CsvFormat) -> Cell:
    """The value as `encode_rows` takes it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return time_text(value, query.time_zone)
    text = text_of(value)
    return guard(text) if column.is_text and csv_format.formula_guard else text


def text_of(value: CellValue) -> str:
    """The value as a file shows it and a search sees it; empty for None."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case Decimal():
            return decimal_text(value, _scale(value))
        case time():
            return value.isoformat("seconds")
        case str() | int() | UUID() | date():
            return str(value)
    return ", ".join(value)


def _scale(number: Decimal) -> int:
    _, _, exponent = number.as_tuple()
    return max(-exponent, 0) if isinstance(exponent, int) else 0


_POSITIONS: dict[TextPosition, Callable[[str, str], bool]] = {
    TextPosition.WHOLE: operator.eq,
    TextPosition.ANYWHERE: operator.contains,
    TextPosition.START: str.startswith,
    TextPosition.END: str.endswith,
}


def is_shown(ticket: InMemoryTicket, query: TicketQuery) -> bool:
    """Whether the ticket was there at the query's moment and meets all it asks."""
    if ticket.created_at > query.as_of:
        return False
    if ticket.deleted_at is not None and ticket.deleted_at <= query.as_of:
        return False
    if not all(holds(condition, ticket.values.get(condition.column.name)) for condition in query.conditions):
        return False
    search = query.search
    return search is None or any(
        search.needle in fold(text_of(ticket.values.get(column.name))) for column in search.columns
    )


def holds(condition: Condition, value: CellValue) -> bool:
    """Whether a cell meets the condition."""
    match condition:
        case IsEmpty(column=column, negated=negated):
            empty = value is None or (column.is_text and text_of(value) == "")
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
            text = fold(text_of(value))
            return any(_POSITIONS[position](text, needle) for needle in needles) is not negated
        case IsOneOf(values=values, negated=negated):  # pragma: no branch - there are no others
            return negated if value is None else _is_one_of(value, values) is not negated


def _compares(value: float | Decimal, comparison: Comparison, number: int | Decimal) -> bool:
    if math.isnan(value):
        # Greater than every number, as PostgreSQL has it.
        return comparison in {operator.gt, operator.ge}
    return bool(comparison(value, _comparable(number, value)))


def _is_one_of(value: CellValue, members: Sequence[int | Decimal] | Sequence[str] | Sequence[UUID]) -> bool:
    if isinstance(members[0], str):
        return text_of(value) in members
    return any(value == _comparable(member, value) for member in members)


def _comparable(number: object, value: object) -> Any:
    # A decimal stands for the floating-point number that is written as it is.
    return float(number) if isinstance(number, Decimal) and isinstance(value, float) else number


def _is_in(interval: Interval, moment: datetime) -> bool:
    return (interval.start is None or moment >= interval.start) and (interval.end is None or moment < interval.end)


def _is_day(value: CellValue) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def in_order(tickets: Iterable[InMemoryTicket], query: TicketQuery) -> list[InMemoryTicket]:
    """Sorted as the query says: empty cells last either way, ties by id in the same direction."""
    ordered = sorted(tickets, key=lambda ticket: ticket.id, reverse=query.descending)
    column = query.sort_column
    if column is None:
        return ordered
    filled = [ticket for ticket in ordered if ticket.values.get(column.name) is not None]
    empty = [ticket for ticket in ordered if ticket.values.get(column.name) is None]
    # A stable sort keeps the order by id among equals, reversed or not.
    filled.sort(key=lambda ticket: _sort_key(ticket.values[column.name], column), reverse=query.descending)
    return filled + empty


def _sort_key(value: CellValue, column: TicketColumn) -> Any:  # values of one column compare with each other
    if column.choices:
        return column.choices.index(value) if value in column.choices else len(column.choices)
    if isinstance(value, (float, Decimal)) and math.isnan(value):
        return True, 0  # last among numbers
    if isinstance(value, (int, float, Decimal)):
        return False, value
    return text_of(value) if isinstance(value, Sequence) else value


BLOCK_ROWS = 1000


@attrs.frozen(kw_only=True)
class InMemoryTicket:
    """`values` by column name; an absent one is empty. Moments are aware UTC, days are `date`.

    `deleted_at` is when it was soft-deleted.
    """

    id: int
    created_at: datetime
    deleted_at: datetime | None = None
    values: Mapping[str, CellValue] = attrs.field(factory=dict)


@attrs.define
class InMemoryTicketSource(TicketSource):
    """`tickets` may be changed at any time; a reader keeps to those it found when it was opened."""

    columns: TicketColumns
    tickets: Sequence[InMemoryTicket] = ()

    @contextmanager
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> Iterator[TicketReader]:
        """A reader on the tickets of this moment."""
        shown = [ticket for ticket in tuple(self.tickets) if is_shown(ticket, query)]
        yield _Reader(in_order(shown, query), query, csv_format)


@attrs.frozen
class _Reader(TicketReader):
    tickets: list[InMemoryTicket]
    query: TicketQuery
    csv_format: CsvFormat

    def count(self) -> int:
        return len(self.tickets)

    def blocks(self) -> Iterator[CsvBlock]:
        for start in range(0, len(self.tickets), BLOCK_ROWS):
            rows = [self._row(ticket) for ticket in self.tickets[start : start + BLOCK_ROWS]]
            try:
                yield CsvBlock(encode_rows(rows), len(rows))
            except UnicodeEncodeError as error:
                raise TicketSourceError("A ticket holds text that is no valid Unicode.") from error

    def _row(self, ticket: InMemoryTicket) -> list[Cell]:
        return [
            cell_of(ticket.values.get(column.name), column, self.query, self.csv_format)
            for column in self.query.columns
        ]
