"""The operation of a Django migration that creates the library's tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from sqlalchemy import Dialect, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.persistence.tables import Tables, build_tables

_DIALECTS: Final = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}


class CreateExportTables(Operation):
    """Creates the tables of `build_tables`, whose users are those of ``AUTH_USER_MODEL``."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: the models are operations of their own."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create the tables, their indexes, and the one row of ``ExportDatabase``."""
        alias = schema_editor.connection.alias
        if not router.allow_migrate(alias, app_label):
            return
        dialect, tables = _dialect(schema_editor), _tables(to_state, alias)
        for table in _created(tables):
            schema_editor.execute(str(CreateTable(table).compile(dialect=dialect)).strip(), params=None)
            for index in sorted(table.indexes, key=lambda each: str(each.name)):
                schema_editor.execute(str(CreateIndex(index).compile(dialect=dialect)), params=None)
        row = insert(tables.export_database).values(id=uuid4())
        compiled = row.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        schema_editor.execute(str(compiled), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Remove the tables with their rows; the files in the storage stay."""
        alias = schema_editor.connection.alias
        if not router.allow_migrate(alias, app_label):
            return
        for table in reversed([*_created(_tables(from_state, alias))]):
            schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table.name)}", params=None)

    def describe(self) -> str:
        """Return what ``migrate --plan`` shows."""
        return "Create the tables of exports"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Return how a migration file writes the operation."""
        return type(self).__qualname__, [], {}


def _tables(state: ProjectState, alias: str) -> Tables:
    return build_tables(host_table_names(state.apps.get_model(settings.AUTH_USER_MODEL), alias))


def _created(tables: Tables) -> Iterator[Table]:
    yield from (tables.media_items, tables.background_tasks, tables.export_jobs)
    yield from (tables.export_audit_entries, tables.export_database)


def _dialect(schema_editor: BaseDatabaseSchemaEditor) -> Dialect:
    vendor = schema_editor.connection.vendor
    if vendor not in _DIALECTS:
        raise ConfigurationError(f"exports cannot be stored in {vendor}; use PostgreSQL or SQLite")
    dialect: Dialect = _DIALECTS[vendor]()
    return dialect
