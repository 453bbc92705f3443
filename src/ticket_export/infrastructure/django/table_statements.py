"""The library's description of its tables as statements of a database of Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import attrs
from sqlalchemy import Column, Dialect, Index, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.schema.differences import addable
from ticket_export.infrastructure.persistence.tables import Tables

_DIALECTS: Final = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}


@attrs.frozen
class TableStatements:
    """The statements for one set of tables, to be executed without parameters."""

    _tables: Tables
    _dialect: Dialect

    @classmethod
    def of(cls, tables: Tables, vendor: str) -> TableStatements:
        """Return the statements for a database of that `vendor`, as Django calls it.

        Raises:
            ConfigurationError: exports cannot be stored there.
        """
        if vendor not in _DIALECTS:
            raise ConfigurationError(f"exports cannot be stored in {vendor}; use PostgreSQL or SQLite")
        # Without parameters, the driver does not read a percent sign in a name; other styles would double it.
        return cls(tables, _DIALECTS[vendor](paramstyle="named"))

    @property
    def created(self) -> tuple[Table, ...]:
        """The tables that a migration creates, in this order."""
        own = (self._tables.export_jobs, self._tables.export_audit_entries, self._tables.export_database)
        return (self._tables.media_items, self._tables.background_tasks, *own)

    def create(self, table: Table) -> Iterator[str]:
        """Yield what creates the table, its indexes, and the one row of ``ExportDatabase``."""
        yield str(CreateTable(table).compile(dialect=self._dialect)).strip()
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield self.create_index(index)
        if table is self._tables.export_database:
            yield self.add_database_row()

    def add_database_row(self) -> str:
        """Return what gives this database an id."""
        row = insert(self._tables.export_database).values(id=uuid4())
        return str(row.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))

    def add_column(self, column: Column[object]) -> str:
        """Return what adds the column to its table, which may have rows."""
        return f"ALTER TABLE {self._table(column.table)} ADD COLUMN {addable(column, self._dialect)}"

    def create_index(self, index: Index) -> str:
        """Return what creates the index."""
        return str(CreateIndex(index).compile(dialect=self._dialect))

    def drop(self, part: Table | Column[object] | Index) -> str:
        """Return what removes the table, the column or the index, with what is stored in it."""
        match part:
            case Table():
                return f"DROP TABLE {self._table(part)}"
            case Index():
                return f"DROP INDEX {self._dialect.identifier_preparer.quote(str(part.name))}"
        column = self._dialect.identifier_preparer.quote(part.name)
        return f"ALTER TABLE {self._table(part.table)} DROP COLUMN {column}"

    def _table(self, table: object) -> str:
        assert isinstance(table, Table)  # noqa: S101 - only parts of tables are given
        return self._dialect.identifier_preparer.format_table(table)
