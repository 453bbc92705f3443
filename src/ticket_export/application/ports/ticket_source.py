"""The source of the tickets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery


@attrs.frozen
class CsvBlock:
    """Whole records of CSV, and their number."""

    data: bytes
    rows: int


class TicketReader(Protocol):
    """One consistent snapshot of the tickets of a query."""

    @abstractmethod
    def count(self) -> int:
        """Return the number of rows in the snapshot."""

    @abstractmethod
    def blocks(self) -> Iterator[CsvBlock]:
        """Return all rows of the snapshot, in the query's order, without the header. It can be called once."""


class TicketSource(Protocol):
    """A table of tickets that can be filtered, searched, sorted and read."""

    @abstractmethod
    def columns(self, actor: Actor) -> TicketColumns:
        """Return the columns that the actor may export; the others do not exist for them.

        Set `is_complete` of the result to False unless the actor may see every row and every column: who sees all may
        download the files of others by default, and sees the details of their exports.

        Raises:
            ConfigurationError: a rule of the host cannot be evaluated.
        """

    @abstractmethod
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> AbstractContextManager[TicketReader]:
        """Open a reader of what `query.actor` may see. Its count and rows come from the same moment.

        Raises (here, or from the reader):
            TicketSourceError: the tickets could not be read.
            TicketsUnavailableError: the same, but another attempt may succeed.
            ConfigurationError: a rule of the host cannot be evaluated; no row is read.
        """
