"""A ticket source whose readers do what few real ones can be brought to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.ports.ticket_source import TicketReader, TicketSource
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import TicketsUnavailableError

#: What is said of a connection that is lost.
AWAY = "The tickets went away."


@attrs.define
class ReadersToDisturb:
    """The readers of `source` can be interrupted, count `miscounted` rows too many, and may lose their connection."""

    source: TicketSource
    miscounted: int
    loses_tickets: bool

    def columns(self, actor: Actor) -> TicketColumns:
        return self.source.columns(actor)

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        with self.source.open(query, file_format) as reader:
            yield _Reader(reader, self.miscounted, self.loses_tickets)


@attrs.frozen
class _Reader:
    reader: TicketReader
    miscounted: int
    loses_tickets: bool

    def count(self) -> int:
        return self.reader.count() + self.miscounted

    def blocks(self) -> Iterator[RowBlock]:
        for block in self.reader.blocks():
            yield block
            if self.loses_tickets:
                raise TicketsUnavailableError(AWAY)

    def interrupt(self) -> None:
        # In memory there is nothing to end.
        if isinstance(self.reader, SupportsInterrupt):
            self.reader.interrupt()
