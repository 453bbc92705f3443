"""Where tickets come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import attrs

from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery


@attrs.frozen
class CsvBlock:
    """Some whole records of CSV and how many they are."""

    data: bytes
    rows: int


class TicketReader(Protocol):
    """One consistent snapshot of the tickets of a query."""

    @abstractmethod
    def count(self) -> int:
        """How many rows the snapshot holds."""

    @abstractmethod
    def blocks(self) -> Iterator[CsvBlock]:
        """All rows of the snapshot, in the query's order, without the header; can be had once."""


@runtime_checkable
class SupportsInterrupt(Protocol):
    """A reader whose long query can be ended, so that a cancelled export stops before its first row."""

    @abstractmethod
    def interrupt(self) -> None:
        """Called from another thread: let what is being counted or read raise `TicketSourceError` soon."""


class TicketSource(Protocol):
    """A table of tickets that can be filtered, searched, sorted and read."""

    @property
    @abstractmethod
    def columns(self) -> TicketColumns:
        """What can be exported."""

    @abstractmethod
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> AbstractContextManager[TicketReader]:
        """A reader whose count and rows are of one and the same moment.

        Raises (here, or from the reader):
            TicketSourceError: the tickets could not be read.
            TicketsUnavailableError: that may pass, and another attempt may read them.
        """
