"""The source of the tickets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from ticket_export.application.actor import Actor
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery


class TicketReader(Protocol):
    """One consistent snapshot of the tickets of a query."""

    @abstractmethod
    def count(self) -> int:
        """Return the number of rows in the snapshot."""

    @abstractmethod
    def blocks(self) -> Iterator[RowBlock]:
        """Return all rows of the snapshot, in the query's order, in the bytes of `FileFormat.rows`; call it once."""


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
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> AbstractContextManager[TicketReader]:
        """Open a reader of what `query.actor` may see. Its count and rows come from the same moment.

        The reader gives the cells of each row to `FileFormat.rows`, or makes the same bytes in a faster way.

        Raises (here, or from the reader):
            TicketSourceError: the tickets could not be read.
            TicketsUnavailableError: the same, but another attempt may succeed.
            ConfigurationError: a rule of the host cannot be evaluated; no row is read.
        """
