"""The order of in-memory tickets in a view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ticket_export.infrastructure.memory.ticket_cells import CellValue, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ticket_export.application.ticket_column import TicketColumn
    from ticket_export.application.ticket_query import TicketQuery
    from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket


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
