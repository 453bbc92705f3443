"""The part of a reader that all databases share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator
from typing import Final

import attrs
from sqlalchemy import ColumnElement, Connection

from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets, shown_tickets

#: The size of a block, as near as a reader can come to it: large enough that the calls between blocks do not count,
#: small enough for any length of a ticket's texts.
BLOCK_BYTES: Final = 128 * 1024


@attrs.define(kw_only=True)
class BlockReader(TicketReader, SupportsInterrupt):
    """Counts and reads inside the transaction that `connection` has open.

    `rows` are those that the actor of the query may see.
    """

    connection: Connection
    catalog: TicketCatalog
    query: TicketQuery
    rows: VisibleRows
    file_format: FileFormat
    # Built for the count, and the same for the rows.
    _shown: ColumnElement[bool] | None = attrs.field(default=None, init=False)
    _reading: Generator[RowBlock] | None = attrs.field(default=None, init=False)

    def count(self) -> int:
        """The number of rows.

        Raises:
            ConfigurationError: the catalog does not fit the types that the database stores.
        """
        with read_errors(self.connection.dialect):
            catalog = self.catalog_as_stored()
            self._shown = shown_tickets(catalog, self.query, self.rows)
            counted = count_tickets(catalog, self.query, self.rows, shown=self._shown)
            return self.connection.execute(counted).scalar_one()

    def prepare(self) -> None:
        """Let the database check the query and the types of its columns. No row is read.

        Raises:
            ConfigurationError: the catalog does not fit the types that the database stores.
            TicketSourceError: the database refuses the query.
        """
        with read_errors(self.connection.dialect):
            rows = select_tickets(self.catalog_as_stored(), self.query, self.rows).limit(0)
            self.connection.execute(rows).close()

    def blocks(self) -> Iterator[RowBlock]:
        """All rows, in order."""
        self._reading = self.read()
        return self._reading

    def close(self) -> None:
        """End a statement that was not read to its end; it would disturb the next user of the connection."""
        if self._reading:
            self._reading.close()

    def catalog_as_stored(self) -> TicketCatalog:
        """The catalog with the types that the database stores."""
        return self.catalog

    @abstractmethod
    def read(self) -> Generator[RowBlock]:
        """Execute the SELECT and yield its rows in blocks."""
