"""A ticket source whose readers do what few real ones can be brought to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.ports.ticket_source import SupportsInterrupt, TicketReader, TicketSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.application.csv_format import CsvFormat
    from ticket_export.application.ports.ticket_source import CsvBlock
    from ticket_export.application.ticket_column import TicketColumns
    from ticket_export.application.ticket_query import TicketQuery


@attrs.define
class ReadersToDisturb:
    """The readers of `source` can be interrupted, and count `miscounted` rows too many."""

    source: TicketSource
    miscounted: int = 0

    @property
    def columns(self) -> TicketColumns:
        return self.source.columns

    @contextmanager
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> Iterator[TicketReader]:
        with self.source.open(query, csv_format) as reader:
            yield _Reader(reader, self.miscounted)


@attrs.frozen
class _Reader:
    reader: TicketReader
    miscounted: int

    def count(self) -> int:
        return self.reader.count() + self.miscounted

    def blocks(self) -> Iterator[CsvBlock]:
        return self.reader.blocks()

    def interrupt(self) -> None:
        # In memory there is nothing to end.
        if isinstance(self.reader, SupportsInterrupt):
            self.reader.interrupt()
