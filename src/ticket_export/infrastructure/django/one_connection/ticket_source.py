"""Tickets as Django's connection sees them, in its present transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import attrs
from django.db import connections, transaction
from sqlalchemy import Connection, text

from ticket_export.application.actor import Actor
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.supports_selections import SupportsSelections
from ticket_export.application.ports.ticket_source import TicketReader, TicketSource
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.django.connection import connected_to_django
from ticket_export.infrastructure.django.one_connection.turns import TURN
from ticket_export.infrastructure.tickets.block_reader import BlockReader
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.postgresql.reader import CopyReader
from ticket_export.infrastructure.tickets.postgresql.snapshot import SETTINGS
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.selection import require_selection, selected_of
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions
from ticket_export.infrastructure.tickets.sqlite.reader import RowStreamReader

_READERS: Final[dict[str, type[BlockReader]]] = {"postgresql": CopyReader, "sqlite": RowStreamReader}
# The transaction may have written, and then it can no longer become one that only reads.
_SETTINGS: Final = {name: value for name, value in SETTINGS.items() if name != "transaction_read_only"}


@attrs.frozen
class OneConnectionTicketSource(TicketSource, SupportsSelections):
    """Reads all rows at once, so that the export needs the connection for nothing else meanwhile.

    Outside of a transaction, count and rows come from one of Django's own.
    """

    alias: str
    catalog: TicketCatalog

    def columns(self, actor: Actor) -> TicketColumns:
        """See `TicketSource.columns`."""
        return self.catalog.visible_to_actor(actor).columns

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        """See `TicketSource.open`."""
        visible = self.catalog.visible_to_actor(query.actor)
        query.require_columns(visible.columns)
        catalog = selected_of(self.catalog, query)
        with TURN, transaction.atomic(using=self.alias), connected_to_django(self.alias) as connection:
            with read_errors(connection.dialect):
                _set_up(connection, connections[self.alias])
            reader = _READERS[connection.dialect.name](
                connection=connection, catalog=catalog, query=query, rows=visible.rows, file_format=file_format
            )
            read = _AllRows(reader.count(), [*reader.blocks()])
            # PostgreSQL takes the settings back.
            transaction.set_rollback(True, using=self.alias)
        yield read

    def require_selection(self, actor: Actor, selection: str) -> None:
        """See `SupportsSelections.require_selection`: the catalog's `selected_by` decides."""
        require_selection(self.catalog, actor, selection)


@attrs.frozen
class _AllRows(TicketReader):
    """The rows that were read."""

    total: int
    read: Sequence[RowBlock]

    def count(self) -> int:
        """See `TicketReader.count`."""
        return self.total

    def blocks(self) -> Iterator[RowBlock]:
        """See `TicketReader.blocks`."""
        return iter(self.read)


def _set_up(connection: Connection, django: Any) -> None:
    if connection.dialect.name == "sqlite":
        register_functions(django.connection)
        return
    for name, value in _SETTINGS.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
