"""Tickets from a list: the ticket source for tests, and the plainest statement of what one must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.csv_format import CsvFormat, encode_rows
from ticket_export.application.ports.ticket_source import CsvBlock
from ticket_export.application.ticket_column import TicketColumns
from ticket_export.application.ticket_query import TicketQuery
from ticket_export.errors import TicketSourceError
from ticket_export.infrastructure.memory.ticket_cells import CellValue, cell_of
from ticket_export.infrastructure.memory.ticket_matching import is_shown
from ticket_export.infrastructure.memory.ticket_order import in_order

if TYPE_CHECKING:
    from ticket_export.application.csv_format import Cell
    from ticket_export.application.ports.ticket_source import TicketReader

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
class InMemoryTicketSource:
    """`tickets` may be changed at any time; a reader keeps to those it found when it was opened."""

    columns: TicketColumns
    tickets: Sequence[InMemoryTicket] = ()

    @contextmanager
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> Iterator[TicketReader]:
        """A reader on the tickets of this moment."""
        shown = [ticket for ticket in tuple(self.tickets) if is_shown(ticket, query)]
        yield _Reader(in_order(shown, query), query, csv_format)


@attrs.frozen
class _Reader:
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
