"""Creates, upgrades, adopts and removes the tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Column, Connection, Engine, Index, Table, func, inspect, select, text

from ticket_export.errors import ConfigurationError, MissingTableError, SchemaMismatchError, UnsupportedDialectError
from ticket_export.infrastructure.help_desk import migrations as reference
from ticket_export.infrastructure.persistence import migrations
from ticket_export.infrastructure.persistence.database.engine import begin_writing, commit, connected
from ticket_export.infrastructure.persistence.database.migrate_command import MIGRATE, other_migrate_command
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames, unnamed_tables
from ticket_export.infrastructure.persistence.migrations import export_jobs
from ticket_export.infrastructure.persistence.schema.additions import SchemaAdditions, table_of
from ticket_export.infrastructure.persistence.schema.differences import (
    ADDED_COLUMNS,
    SchemaDifference,
    can_be_added,
    hosts_written_tables,
    own_tables,
    schema_differences,
)
from ticket_export.infrastructure.persistence.schema.obstacles import obstacles
from ticket_export.infrastructure.persistence.tables import Tables, build_tables
from ticket_export.infrastructure.persistence.tables_in_use import look_again, tables_in_use, with_own_tasks

if TYPE_CHECKING:
    from alembic.config import Config

# The key of an advisory lock: two migrations at once would both create the tables.
_POSTGRESQL_LOCK = 7_453_091_218
_OWN_TABLES = {
    *("ExportJobs", "ExportAuditEntries", "ExportDatabase", "ExportTasks"),
    # Of the library where a host has no such tables.
    *("MediaItems", "BackgroundTasks"),
    *("ticket_export_version", "ticket_export_reference_version", "ticket_export_additions"),
}


def upgrade(
    engine: Engine, *, reference_schema: bool = False, names: HostTableNames = SEED_TABLE_NAMES
) -> tuple[str, ...]:
    """Bring the library's own tables up to date; with `reference_schema`, first the help desk's tables.

    Without `reference_schema`, the host's tables are compared with what exports need. ``MediaItems`` and
    ``BackgroundTasks`` are created if they are missing and `names` does not name other tables. Everything happens in
    one transaction. Tables that are up to date stay as they are.

    Returns:
        One line a change. Without lines, there was nothing to do.

    Raises:
        MissingTableError: a table of the host is missing; the error lists every other difference too.
        SchemaMismatchError: the tables differ in another way. ``ExportJobs`` that another program made are for `adopt`.
        ConfigurationError: another table to be created exists already, `names` are given together with the reference
            schema, which has its own names, or a newer version of the library has migrated the database.
        UnsupportedDialectError: a PostgreSQL database that cannot store every letter.
    """
    # Only here: Alembic takes ten megabytes, and an export does not need it.
    from alembic import command

    _require_seed_names(reference_schema, names)
    with _transaction(engine) as connection:
        lines: tuple[str, ...] = ()
        if reference_schema:
            before = _revision(connection, _REFERENCE)
            with _known_revision():
                command.upgrade(_REFERENCE.config(connection), "head")
            if before != (after := _revision(connection, _REFERENCE)):
                lines = (f"the reference schema: {f'brought up to {after}' if before else 'created'}",)
        return lines + _Migration(connection, names, tables_in_use(connection, build_tables(names))).run()


def adopt(engine: Engine, *, names: HostTableNames = SEED_TABLE_NAMES, shared_tasks: bool = False) -> tuple[str, ...]:
    """Do what `upgrade` does, and take over an ``ExportJobs`` that another program made.

    Columns and indexes that are missing in ``ExportJobs`` and in the host's tables are added; no row is changed. The
    tasks of exports get a table of their own, ``ExportTasks``, because the other program may take every task from the
    shared table; with `shared_tasks` they are stored in the host's table. Every process finds out by itself where
    the tasks are.

    Returns:
        One line a change. Without lines, there was nothing to do.

    Raises:
        SchemaMismatchError: a difference that no added column can settle; the error lists every one.
    """
    tables = build_tables(names)
    with _transaction(engine) as connection:
        in_use = tables_in_use(connection, tables)
        if not (shared_tasks or is_upgraded(connection)):
            in_use = with_own_tasks(tables)
        return _Migration(connection, names, in_use, adopts=True).run()


def downgrade(engine: Engine, *, reference_schema: bool = False, names: HostTableNames = SEED_TABLE_NAMES) -> None:
    """Remove the library's own tables with their data; with `reference_schema`, then the help desk's tables.

    A table that `adopt` took over stays, with the rows of exports in it and without the columns that `adopt` added.

    Raises:
        ConfigurationError: `names` are given together with the reference schema, or a newer version of the library has
            migrated the database.
    """
    from alembic import command

    _require_seed_names(reference_schema, names)
    with _transaction(engine) as connection:
        remove_tables(connection, names)
        if reference_schema:
            with _known_revision():
                command.downgrade(_REFERENCE.config(connection), "base")


def is_upgraded(connection: Connection) -> bool:
    """Whether `upgrade` or `adopt` has made the tables of this database."""
    return _revision(connection, _EXPORT_JOBS) is not None


def upgrade_tables(connection: Connection, names: HostTableNames) -> tuple[str, ...]:
    """Do what `upgrade` does, in a transaction of the caller's, where `is_upgraded`."""
    look_again(connection.dialect)
    return _Migration(connection, names, tables_in_use(connection, build_tables(names))).run()


def remove_tables(connection: Connection, names: HostTableNames) -> None:
    """Do what `downgrade` does, in a transaction of the caller's."""
    from alembic import command

    additions = SchemaAdditions(connection)
    own_tasks = tables_in_use(connection, build_tables(names)).has_own_tasks
    config = _EXPORT_JOBS.config(connection, names, adopted=additions.adopted, own_tasks=own_tasks)
    with _known_revision():
        command.downgrade(config, "base")
    additions.remove()


def is_own_table(name: str) -> bool:
    """Whether a table of that name belongs to the library, unless the host has one of that name itself.

    For the ``include_name`` of a host's own Alembic, which would otherwise propose to drop the library's tables.
    """
    return name in _OWN_TABLES


@attrs.frozen
class _History:
    folder: Path
    version_table: str

    def config(self, connection: Connection, names: HostTableNames = SEED_TABLE_NAMES, **attributes: object) -> Config:
        from alembic.config import Config

        config = Config()
        for option, value in {
            "script_location": str(Path(migrations.__file__).parent),
            "version_locations": str(self.folder),
            "path_separator": "newline",
        }.items():
            # A percent sign would begin an interpolation.
            config.set_main_option(option, value.replace("%", "%%"))
        config.attributes.update(connection=connection, version_table=self.version_table, names=names, **attributes)
        return config


_EXPORT_JOBS = _History(Path(export_jobs.__file__).parent, "ticket_export_version")
_REFERENCE = _History(Path(reference.__file__).parent, "ticket_export_reference_version")


@attrs.frozen
class _Migration:
    """The library's own history, and a comparison with what exports need before and after it."""

    _connection: Connection
    _names: HostTableNames
    _tables: Tables
    _adopts: bool = attrs.field(default=False, kw_only=True)

    def run(self) -> tuple[str, ...]:
        """Return one line a change."""
        from alembic import command

        jobs, additions = self._tables.export_jobs, SchemaAdditions(self._connection)
        before = self._present()
        strangers = [] if is_upgraded(self._connection) else [each for each in self._own_names if each in before]
        takes_over = self._adopts and jobs.name in strangers
        # Tables of an earlier revision are compared after the history, which changes them.
        uncompared = (
            self._own_names if is_upgraded(self._connection) else [each for each in strangers if each != jobs.name]
        )
        found = [each for each in self._differences() if each.table not in uncompared]
        others = [_stranger(each) for each in strangers if each != jobs.name or not self._adopts]
        self._refuse([*others, *found, *self._obstacles(found, before)])
        if takes_over:
            additions.remember_adopted(jobs)
        adopted = additions.adopted
        # The reference schema's tables are the library's too.
        is_reference = inspect(self._connection).has_table(_REFERENCE.version_table)
        # What the history builds on. It creates the other tables itself.
        foundations = {*hosts_written_tables(self._tables), *([jobs] if takes_over else [])}
        for missing in self._addable(found):
            if table_of(missing) in foundations:
                additions.add(missing, remember=not is_reference)
        own_tasks = self._tables.has_own_tasks
        config = _EXPORT_JOBS.config(self._connection, self._names, adopted=adopted, own_tasks=own_tasks)
        if takes_over:
            command.stamp(config, "add_export_jobs")
        with _known_revision():
            command.upgrade(config, "head")
        # What is missing although the history has created it.
        for missing in self._addable(self._differences()):
            additions.add(missing, remember=table_of(missing).name in adopted)
        self._refuse(self._differences())
        return self._lines(before, takes_over=takes_over)

    def _obstacles(self, found: Sequence[SchemaDifference], present: Collection[str]) -> Iterator[SchemaDifference]:
        missing = self._addable(found)
        created = [table for table in own_tables(self._tables) if table.fullname not in present]
        created += [each for each in missing if isinstance(each, Table) and each not in created]
        indexes = [each for each in missing if isinstance(each, Index)]
        return obstacles(self._connection, self._tables, created, indexes)

    def _differences(self) -> Sequence[SchemaDifference]:
        return schema_differences(self._connection, self._tables)

    @property
    def _own_names(self) -> list[str]:
        return [table.name for table in own_tables(self._tables)]

    def _refuse(self, found: Sequence[SchemaDifference]) -> None:
        refused = [each for each in found if each.is_fatal and not self._may_add(each.missing)]
        if refused:
            is_missing_table = any(isinstance(each.missing, Table) for each in refused)
            raise (MissingTableError if is_missing_table else SchemaMismatchError)([str(each) for each in refused])

    def _addable(self, found: Sequence[SchemaDifference]) -> list[Table | Column[object] | Index]:
        return [each.missing for each in found if each.missing is not None and self._may_add(each.missing)]

    def _may_add(self, missing: Table | Column[object] | Index | None) -> bool:
        if missing is None:
            return False
        table = table_of(missing)
        if table in own_tables(self._tables):
            is_ours = True
        elif isinstance(missing, Table):
            return table in hosts_written_tables(self._tables) and table.name in unnamed_tables(self._names)
        else:
            is_ours = table in hosts_written_tables(self._tables) and (self._adopts or self._is_of_own_columns(missing))
        return is_ours and (not isinstance(missing, Column) or can_be_added(missing))

    @staticmethod
    def _is_of_own_columns(missing: Column[object] | Index) -> bool:
        columns = missing.columns if isinstance(missing, Index) else (missing,)
        return all(column.key in ADDED_COLUMNS for column in columns)

    def _present(self) -> dict[str, tuple[set[str], set[str]]]:
        """Return the columns and the indexes of the tables that exist."""
        inspector, present = inspect(self._connection), {}
        for table in (*hosts_written_tables(self._tables), *own_tables(self._tables)):
            if inspector.has_table(table.name, table.schema):
                columns = {column["name"] for column in inspector.get_columns(table.name, table.schema)}
                indexes = {str(index["name"]) for index in inspector.get_indexes(table.name, table.schema)}
                present[table.fullname] = columns, indexes
        return present

    def _lines(self, before: Mapping[str, tuple[set[str], set[str]]], *, takes_over: bool) -> tuple[str, ...]:
        lines, jobs = [], self._tables.export_jobs
        if takes_over:
            count = self._connection.execute(select(func.count()).select_from(jobs)).scalar_one()
            lines.append(f"{jobs.name}: taken over; its rows ({count:,}) are not changed")
        for name, (columns, indexes) in self._present().items():
            if name not in before:
                lines.append(f"{name}: created")
                continue
            lines += [f"{name}: added the column {each}" for each in sorted(columns - before[name][0])]
            lines += [f"{name}: added the index {each}" for each in sorted(indexes - before[name][1])]
        if self._tables.has_own_tasks and self._tables.export_tasks.name not in before:
            shared = self._names.background_tasks.name
            lines.append(f"exports have their tasks in {self._tables.export_tasks.name} from now on, not in {shared}")
        return tuple(lines)


def _stranger(table: str) -> SchemaDifference:
    return SchemaDifference(
        table=table,
        problem=f"exists, but `{MIGRATE}` has not created it",
        remedy=f"run `{MIGRATE} --adopt` to take it over" if table == "ExportJobs" else "rename it or drop it",
    )


def _revision(connection: Connection, history: _History) -> str | None:
    """Return the revision of the database in that history; None if the history has not begun."""
    versions = history.version_table
    if not inspect(connection).has_table(versions):
        return None
    return connection.execute(text(f"SELECT version_num FROM {versions}")).scalar()  # noqa: S608 - a constant


def _require_seed_names(reference_schema: bool, names: HostTableNames) -> None:
    if reference_schema and names != SEED_TABLE_NAMES:
        raise ConfigurationError("the reference schema has the seed's table names; give names only for a host's tables")


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with begin_writing(connected(engine)) as connection:
        # On SQLite, the write lock of the transaction does the same.
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
        _refuse_if_others_migrate(connection)
        require_utf8(connection)
        look_again(connection.dialect)
        try:
            yield connection
            commit(connection)
        finally:
            look_again(connection.dialect)


def _refuse_if_others_migrate(connection: Connection) -> None:
    if command := other_migrate_command(connection):
        raise ConfigurationError(
            f"`{command}` creates, upgrades and removes the tables of this database, as Django records there what it "
            f"has migrated; run `{command}`. Nothing was changed"
        )


@contextmanager
def _known_revision() -> Iterator[None]:
    """Translate Alembic's error about a revision that this version of the library does not have."""
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        raise ConfigurationError(
            "a newer version of ticket-export has migrated this database; use that version, or a newer one, to migrate"
        ) from error


def require_utf8(connection: Connection) -> None:
    """Raise `UnsupportedDialectError` if the database cannot store every letter."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UnsupportedDialectError(f"the database is in {encoding}; it must be in UTF8, which holds every letter")
