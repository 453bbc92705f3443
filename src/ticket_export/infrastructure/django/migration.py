"""The operations of Django's migrations for the library's tables.

The tables have one description, `build_tables`, also for Alembic's migrations. `CreateExportTables` creates them as the
installed version describes them. A later migration names with `AddExportParts` what its version has added, and adds
only what is missing, since a database that this version has created has everything already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from sqlalchemy import Column, Connection, Index, Inspector, Table, inspect

from ticket_export.errors import ConfigurationError, TicketExportError
from ticket_export.infrastructure.django.connection import connected_to_django
from ticket_export.infrastructure.django.table_statements import TableStatements
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.migrate import is_upgraded, remove_tables, require_utf8, upgrade_tables
from ticket_export.infrastructure.persistence.host_tables import HostTableNames
from ticket_export.infrastructure.persistence.schema.obstacles import obstacles
from ticket_export.infrastructure.persistence.tables import build_tables

_ELSEWHERE: Final = "rename or drop what is there, or let a database router keep the application in another database"
_ADOPT: Final = (
    "to take over an ExportJobs that another program made, call "
    "ticket_export.adopt(ticket_export.create_engine(url), names=container.table_names()) first"
)


class _ExportOperation(Operation):
    """An operation on the tables of `build_tables`, whose users are those of ``AUTH_USER_MODEL``."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: the models are operations of their own."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Change the database, unless a router keeps exports out of it."""
        if _has_exports(app_label, schema_editor):
            with _as_a_command_says(schema_editor, to_state) as (names, statements):
                self._forwards(schema_editor, names, statements)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Undo the change, with everything that is stored in it; files in the storage stay."""
        if _has_exports(app_label, schema_editor):
            with _as_a_command_says(schema_editor, from_state) as (names, statements):
                self._backwards(schema_editor, names, statements)

    def _forwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        raise NotImplementedError

    def _backwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        raise NotImplementedError


class CreateExportTables(_ExportOperation):
    """Creates the tables, as the installed version of the library describes them.

    Tables that ``ticket-export migrate`` has created in this database are brought up to date instead, with their rows,
    and are Django's from then on.
    """

    def describe(self) -> str:
        """Return what ``migrate --plan`` shows."""
        return "Create the tables of exports"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Return how a migration file writes the operation."""
        return type(self).__qualname__, [], {}

    def _forwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        with _found(schema_editor) as found:
            if found is not None:
                if is_upgraded(found):
                    upgrade_tables(found, names)
                    return
                _require_room(found, names, statements)
        for table in statements.created:
            for statement in statements.create(table):
                schema_editor.execute(statement, params=None)

    def _backwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        with _found(schema_editor) as found:
            if found is not None and is_upgraded(found):
                remove_tables(found, names)
                return
        for table in reversed(statements.created):
            schema_editor.execute(statements.drop(table), params=None)


class AddExportParts(_ExportOperation):
    """Adds what a version of the library has added to its description, where it is missing.

    A part is a table, a column or an index of that description: ``"BackgroundTasks.StartedAt"``,
    ``"IX_BackgroundTasks_ShareKey_StartedAt"``. A column may be null, or has a default.
    """

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def describe(self) -> str:
        """Return what ``migrate --plan`` shows."""
        return f"Add to the tables of exports: {', '.join(self._parts)}"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Return how a migration file writes the operation."""
        return type(self).__qualname__, list(self._parts), {}

    def _forwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        with _found(schema_editor) as found:
            if found is not None and is_upgraded(found):
                # Alembic's history of this database goes on, and has the same parts.
                upgrade_tables(found, names)
                return
            for part in self._described(statements):
                if found is not None and _has(inspect(found), part):
                    continue
                for statement in _added(part, statements):
                    schema_editor.execute(statement, params=None)

    def _backwards(
        self, schema_editor: BaseDatabaseSchemaEditor, names: HostTableNames, statements: TableStatements
    ) -> None:
        with _found(schema_editor) as found:
            if found is not None and is_upgraded(found):
                # Alembic's history has no way back from there; an older version works with more columns.
                return
            for part in reversed(self._described(statements)):
                if found is None or _has(inspect(found), part):
                    schema_editor.execute(statements.drop(part), params=None)

    def _described(self, statements: TableStatements) -> list[Table | Column[object] | Index]:
        known: dict[str, Table | Column[object] | Index] = {}
        for table in statements.created:
            known[table.name] = table
            known |= {f"{table.name}.{column.name}": column for column in table.columns}
            known |= {str(index.name): index for index in table.indexes}
        if unknown := [part for part in self._parts if part not in known]:
            raise ConfigurationError(f"{type(self).__name__}: the tables of exports have no {', '.join(unknown)}")
        return [known[part] for part in self._parts]


def _has_exports(app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
    # Routers may look at the model.
    return router.allow_migrate_model(schema_editor.connection.alias, apps.get_model(app_label, "ExportJob"))


@contextmanager
def _as_a_command_says(
    schema_editor: BaseDatabaseSchemaEditor, state: ProjectState
) -> Iterator[tuple[HostTableNames, TableStatements]]:
    """Yield the host's names and the statements; an error of the library becomes one that ``manage.py`` shows well."""
    try:
        names = host_table_names(state.apps.get_model(settings.AUTH_USER_MODEL), schema_editor.connection.alias)
        yield names, TableStatements.of(build_tables(names), schema_editor.connection.vendor)
    except TicketExportError as error:
        raise CommandError(str(error)) from error


@contextmanager
def _found(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[Connection | None]:
    """Yield the database in the transaction of the migration; None for ``sqlmigrate``, which shows every statement."""
    if schema_editor.collect_sql:
        yield None
        return
    connection = connected_to_django(schema_editor.connection.alias)
    try:
        connection.begin()
        yield connection
        connection.commit()
    finally:
        connection.close()


def _require_room(connection: Connection, names: HostTableNames, statements: TableStatements) -> None:
    require_utf8(connection)
    inspector = inspect(connection)
    if taken := [table.name for table in statements.created if inspector.has_table(table.name)]:
        adopting = f"; {_ADOPT}" if "ExportJobs" in taken else ""
        raise ConfigurationError(
            f"the database has {', '.join(taken)} already, and this migration would create what exports need under the "
            f"same name; {_ELSEWHERE}{adopting}. Nothing was changed"
        )
    if found := [*obstacles(connection, build_tables(names), statements.created, [])]:
        lines = "".join(f"\n- {each}" for each in found)
        raise ConfigurationError(f"the tables of exports cannot be created, and nothing was changed:{lines}")


def _added(part: Table | Column[object] | Index, statements: TableStatements) -> Iterator[str]:
    match part:
        case Table():
            yield from statements.create(part)
        case Index():
            yield statements.create_index(part)
        case _:
            yield statements.add_column(part)


def _has(inspector: Inspector, part: Table | Column[object] | Index) -> bool:
    if isinstance(part, Table):
        return inspector.has_table(part.name)
    table = part.table
    assert isinstance(table, Table)  # noqa: S101 - each is a part of a table
    if isinstance(part, Index):
        return part.name in {index["name"] for index in inspector.get_indexes(table.name)}
    return part.name in {column["name"] for column in inspector.get_columns(table.name)}
