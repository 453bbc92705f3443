"""Reads tickets from a database through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import TypeAlias

import attrs
from sqlalchemy import Connection, Engine

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.supports_selections import SupportsSelections
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.database.engine import connected
from ticket_export.infrastructure.persistence.database.engine_check import engine_problems
from ticket_export.infrastructure.persistence.database.export_pool import one_connection_more
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.tickets.block_reader import BlockReader
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.catalog_check import declared_problems, missing_parts
from ticket_export.infrastructure.tickets.postgresql.reader import copy_reader
from ticket_export.infrastructure.tickets.query_check import query_problems, rule_problems
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.selection import require_selection, selected_of
from ticket_export.infrastructure.tickets.sqlite.reader import row_stream_reader

OpenReader: TypeAlias = Callable[
    [Connection, TicketCatalog, TicketQuery, VisibleRows, FileFormat, timedelta], AbstractContextManager[BlockReader]
]

_READERS: dict[str, OpenReader] = {"postgresql": copy_reader, "sqlite": row_stream_reader}


@attrs.frozen
class SqlAlchemyTicketSource(TicketSource, SupportsCheck, SupportsSelections):
    """Reads a catalog's tickets through `engine`, each export in one read transaction.

    PostgreSQL ends that transaction if nothing is read for `patience`, and for at least a minute.
    """

    engine: Engine
    catalog: TicketCatalog
    patience: timedelta = timedelta(minutes=1)

    def columns(self, actor: Actor) -> TicketColumns:
        """The columns of the catalog that the actor may see.

        Raises:
            ConfigurationError: the row rule, or the rule of a column, cannot be evaluated.
        """
        return self.catalog.visible_to_actor(actor).columns

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[BlockReader]:
        """Begin a snapshot and yield a reader of it; the snapshot ends with the block.

        Raises:
            TicketSourceError: the database failed.
            StaleViewError: the actor of the query may not see one of its columns, or its selection does not exist.
            UnsupportedDialectError: the library does not support the database, its release or its driver.
            ConfigurationError: a rule cannot be evaluated, or the SQLite database is not in WAL mode.
        """
        # Once for count and rows.
        visible = self.catalog.visible_to_actor(query.actor)
        query.require_columns(visible.columns)
        catalog = selected_of(self.catalog, query)
        part_from_parent(self.engine)
        with one_connection_more(self.engine), ExitStack() as stack:
            with read_errors(self.engine.dialect):
                connection = stack.enter_context(connected(self.engine))
            name = connection.dialect.name
            if name not in _READERS:
                raise UnsupportedDialectError(f"tickets cannot be read from {name}; only from PostgreSQL and SQLite")
            with _READERS[name](connection, catalog, query, visible.rows, file_format, self.patience) as reader:
                yield reader

    def require_selection(self, actor: Actor, selection: str) -> None:
        """See `SupportsSelections.require_selection`: the catalog's `selected_by` decides."""
        require_selection(self.catalog, actor, selection)

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: the database, and the catalog compared with it."""
        wrong = [*engine_problems(self.engine, is_written=False)]
        yield from wrong
        yield from declared_problems(self.catalog)
        if wrong:
            return
        with quick_read(self.engine) as connection:
            missing = [*missing_parts(connection, self.catalog)]
        # Each of these would repeat the problems of the one before it.
        refused = missing or [*query_problems(self.catalog, self._prepare)]
        yield from refused or rule_problems(self.catalog, actors, self._prepare)

    def _prepare(self, catalog: TicketCatalog, query: TicketQuery) -> None:
        with attrs.evolve(self, catalog=catalog).open(query, CsvFormat()) as reader:
            reader.prepare()
