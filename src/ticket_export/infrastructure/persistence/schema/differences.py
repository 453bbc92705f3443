"""How the tables of a database differ from those that the library needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Column, Connection, Dialect, ForeignKeyConstraint, Index, Inspector, Integer, Table, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.schema import CreateColumn, CreateIndex
from sqlalchemy.types import TypeEngine

from ticket_export.infrastructure.persistence.database.migrate_command import MIGRATE, migrate_command
from ticket_export.infrastructure.persistence.host_users import key_column_type, key_type_of
from ticket_export.infrastructure.persistence.schema.stored_types import LONGEST_TEXT, holds
from ticket_export.infrastructure.persistence.tables import Tables, build_tables
from ticket_export.infrastructure.persistence.tables_in_use import tables_in_use

#: The keys of the columns that every migration adds to the host's tables, with their indexes. They may be null, and
#: nothing of the host's uses them.
ADDED_COLUMNS: Final = frozenset({"storage_place", "share_key", "started_at"})
_NAMES: Final = "in the container's table_names (HostTableNames)"


@attrs.frozen(kw_only=True)
class SchemaDifference:
    """One difference, and what to do about it."""

    #: The table as the database calls it, with its schema if it has one.
    table: str
    #: None for the whole table.
    column: str | None = None
    problem: str
    remedy: str
    #: Whether a use case would fail. Otherwise exports work, but slower or without a guarantee of the database.
    is_fatal: bool = True
    #: What the database lacks, if that is the difference.
    missing: Table | Column[object] | Index | None = attrs.field(default=None, eq=False, repr=False)

    def __str__(self) -> str:
        where = f"table {self.table}" if self.column is None else f"{self.table}.{self.column}"
        return f"{where} {self.problem}; {self.remedy}"


def schema_differences(connection: Connection, tables: Tables) -> tuple[SchemaDifference, ...]:
    """Compare the library's own tables and the host's tables with what the library reads and writes there.

    Views count as tables. Nothing is changed. A type that SQLAlchemy does not know counts as right.
    """
    tables = tables_in_use(connection, tables)
    inspector = inspect(connection)
    found: list[SchemaDifference] = []
    if tables.host_users is not None:
        table, columns = tables.host_users.table, tables.host_users.table_columns()
        types = {column.key: column.type for column in columns} if table.metadata is tables.metadata else {}
        types[tables.host_users.id.key] = key_column_type(tables.user_key)
        found += _Comparison(inspector, connection, table, columns, types, is_written=False).differences()
    for table in hosts_written_tables(tables):
        found += _Comparison(inspector, connection, table).differences()
    for table in own_tables(tables):
        found += _Comparison(inspector, connection, table, is_own=True).differences()
    # Exports refer to no shared task if they have tasks of their own.
    is_unused = {tables.export_jobs.c.background_task_id.name} if tables.has_own_tasks else set()
    return tuple(each for each in found if each.is_fatal or each.column not in is_unused)


def own_tables(tables: Tables) -> Sequence[Table]:
    """Return the tables that only the library's migrations create."""
    own = (tables.export_jobs, tables.export_audit_entries, tables.export_database)
    return (*own, tables.export_tasks) if tables.has_own_tasks else own


def hosts_written_tables(tables: Tables) -> Sequence[Table]:
    """Return the host's tables in which the library stores rows."""
    return (tables.media_items,) if tables.has_own_tasks else (tables.media_items, tables.background_tasks)


@attrs.frozen
class _Comparison:
    _inspector: Inspector
    _connection: Connection
    _table: Table
    _columns: Collection[Column[Any]] = attrs.field(
        default=attrs.Factory(lambda self: tuple(self._table.columns), takes_self=True)
    )
    #: The types that are needed, by key; other types are the host's own affair.
    _types: Mapping[str, TypeEngine[Any]] = attrs.field(
        default=attrs.Factory(lambda self: {each.key: each.type for each in self._columns}, takes_self=True)
    )
    _is_written: bool = attrs.field(default=True, kw_only=True)
    _is_own: bool = attrs.field(default=False, kw_only=True)

    def differences(self) -> Iterator[SchemaDifference]:
        try:
            stored = self._inspector.get_columns(self._table.name, self._table.schema)
        except NoSuchTableError:
            yield attrs.evolve(
                self._difference(None, "is missing", self._remedy_of_missing_table()), missing=self._table
            )
            return
        by_name = {self._found_as(column["name"]): column for column in stored}
        for column in self._columns:
            found = by_name.get(self._found_as(column.name))
            if found is not None:
                yield from self._compared(column, found)
            else:
                yield self._missing(column, [each["name"] for each in stored])
        if self._is_written:
            yield from self._unfilled(stored)
            yield from self._unguarded()

    def _compared(self, column: Column[object], stored: ReflectedColumn) -> Iterator[SchemaDifference]:
        needed_type = self._types.get(column.key)
        # Of a table that is only read, the key is the one column whose type matters; the host may call it as it likes.
        key = column.key if self._is_written else "id"
        if needed_type is not None and not holds(stored["type"], needed_type, key, self._dialect):
            is_type, needed = stored["type"].compile(self._dialect), needed_type.compile(self._dialect)
            if "VARCHAR" in is_type and ("VARCHAR" in needed or needed == "TEXT"):
                needed = f"a text of at least {LONGEST_TEXT.get(column.key, 0):,} characters"
            yield self._difference(
                column, f"is {is_type}, but must be {needed}", self._remedy_of_type(column, stored["type"])
            )
        if self._is_written and column.nullable and not stored["nullable"]:
            yield self._difference(
                column,
                "is NOT NULL, but the library also stores rows without a value",
                f"allow NULL: {self._altered(column)} DROP NOT NULL" if self._can_alter else "allow NULL in the column",
            )

    def _missing(self, column: Column[object], present: Collection[str]) -> SchemaDifference:
        if self._is_view:
            return self._difference(column, "is missing", "add it to the view")
        alike = next((name for name in present if _plain(name) == _plain(column.name)), None)
        added = f"ALTER TABLE {self._quoted()} ADD COLUMN {self._ddl(column)}"
        if alike is not None and not self._is_own:
            remedy = f"set its name, {alike}, {_NAMES}"
        elif self._is_own:
            remedy = f"run `{self._migrate}`, or if that does not help: {added}"
        elif self._is_written and column.key in ADDED_COLUMNS:
            remedy = f"run `{self._migrate}`, or add it: {added}"
        elif self._is_written and can_be_added(column) and self._migrate == MIGRATE:
            remedy = f"run `{MIGRATE} --adopt`, or add it: {added}"
        else:
            remedy = f"set the name of your column {_NAMES}, or add it: {added}"
        return attrs.evolve(self._difference(column, "is missing", remedy), missing=column)

    @property
    def _dialect(self) -> Dialect:
        return self._connection.dialect

    @property
    def _migrate(self) -> str:
        return migrate_command(self._connection)

    @property
    def _is_view(self) -> bool:
        return self._table.name in self._inspector.get_view_names(self._table.schema)

    def _unfilled(self, stored: Sequence[ReflectedColumn]) -> Iterator[SchemaDifference]:
        known = {self._found_as(column.name) for column in self._table.columns}
        for column in stored:
            is_filled = column["nullable"] or column["default"] is not None or "computed" in column
            is_filled = is_filled or bool(column.get("identity")) or column.get("autoincrement") is True
            if is_filled or self._found_as(column["name"]) in known:
                continue
            name = self._dialect.identifier_preparer.quote(column["name"])
            yield SchemaDifference(
                table=self._name,
                column=column["name"],
                problem="is NOT NULL without a default, and the library does not fill it, so it cannot add a row",
                remedy=f"allow NULL: ALTER TABLE {self._quoted()} ALTER COLUMN {name} DROP NOT NULL"
                if self._can_alter
                else "give it a default, or allow NULL",
            )

    def _unguarded(self) -> Iterator[SchemaDifference]:
        name, schema = self._table.name, self._table.schema
        if self._is_view:
            return
        indexes = self._inspector.get_indexes(name, schema)
        unique: list[Sequence[str | None]] = [
            self._inspector.get_pk_constraint(name, schema)["constrained_columns"],
            *(each["column_names"] for each in self._inspector.get_unique_constraints(name, schema)),
            *(each["column_names"] for each in indexes if each["unique"]),
        ]
        # An index on an expression has a part without a name.
        paths = [
            [self._found_as(part or "") for part in path]
            for path in (*unique, *(each["column_names"] for each in indexes))
        ]
        column: Column[object] = next(iter(self._table.primary_key.columns))
        if [self._found_as(column.name)] not in paths[: len(unique)]:
            yield self._difference(column, "is not the primary key", "make it the primary key", is_fatal=False)
        for index in sorted(self._table.indexes, key=lambda each: str(each.name)):
            names = [self._found_as(column.name) for column in index.columns]
            if all(path[: len(names)] != names for path in paths):
                yield SchemaDifference(
                    table=self._name,
                    problem=f"has no index on {', '.join(column.name for column in index.columns)}, so exports become "
                    "slow with many rows",
                    remedy=f"create it: {CreateIndex(index).compile(dialect=self._dialect)}",
                    is_fatal=False,
                    missing=index,
                )
        referring = {
            tuple(self._found_as(part) for part in each["constrained_columns"])
            for each in self._inspector.get_foreign_keys(name, schema)
        }
        for reference in self._table.foreign_key_constraints:
            yield from self._unreferenced(reference, referring)

    def _unreferenced(
        self, reference: ForeignKeyConstraint, referring: Collection[tuple[str, ...]]
    ) -> Iterator[SchemaDifference]:
        columns = list(reference.columns)
        if tuple(self._found_as(column.name) for column in columns) not in referring:
            problem = f"has no foreign key to {_name_of(reference.referred_table)}"
            remedy = "add one, so that the database keeps the rows that exports refer to"
            yield self._difference(columns[0], problem, remedy, is_fatal=False)

    def _remedy_of_missing_table(self) -> str:
        if self._is_own or self._is_unnamed:
            return f"run `{self._migrate}`"
        named = f"set the name of your table {_NAMES}"
        if self._is_written:
            return f"{named}; without such a table, leave out its name and run `{self._migrate}`"
        # Another command than the library's own migrates the host's tables too.
        return named if self._migrate == MIGRATE else f"run `{self._migrate}`"

    def _remedy_of_type(self, column: Column[object], stored: TypeEngine[Any]) -> str:
        if column.key == "id" or column.key.endswith("user_id"):
            # A UUID is stored as text in SQLite.
            key = key_type_of(stored) if self._dialect.name == "postgresql" or isinstance(stored, Integer) else None
            example = f": user_key={key.__name__}" if key else ""
            own = "" if self._is_written else "; if you gave a Table or a mapped class, correct the type of its column"
            return f"if your users have other keys, set the type of a user's key {_NAMES}{example}{own}"
        if self._can_alter:
            needed = column.type.compile(self._dialect)
            quoted = self._dialect.identifier_preparer.quote(column.name)
            return f"change it: {self._altered(column)} TYPE {needed} USING {quoted}::{needed}"
        return "change the type of the column"

    @property
    def _is_unnamed(self) -> bool:
        # The host has no table of its own for this, so a migration creates it.
        seed = build_tables()
        names = [column.name for column in self._table.columns]
        return any(
            (each.name, [column.name for column in each.columns]) == (self._name, names)
            for each in (seed.media_items, seed.background_tasks)
        )

    @property
    def _name(self) -> str:
        return _name_of(self._table)

    @property
    def _can_alter(self) -> bool:
        # SQLite cannot change a column.
        return self._dialect.name == "postgresql"

    def _found_as(self, name: str) -> str:
        # SQLite finds a name in any letter case.
        return name.casefold() if self._dialect.name == "sqlite" else name

    def _quoted(self) -> str:
        return self._dialect.identifier_preparer.format_table(self._table)

    def _altered(self, column: Column[object]) -> str:
        name = self._dialect.identifier_preparer.quote(column.name)
        return f"ALTER TABLE {self._quoted()} ALTER COLUMN {name}"

    def _ddl(self, column: Column[object]) -> str:
        return addable(column, self._dialect)

    def _difference(
        self, column: Column[object] | None, problem: str, remedy: str, *, is_fatal: bool = True
    ) -> SchemaDifference:
        name = None if column is None else column.name
        return SchemaDifference(table=self._name, column=name, problem=problem, remedy=remedy, is_fatal=is_fatal)


def can_be_added(column: Column[Any]) -> bool:
    """Whether a table that has rows can get the column."""
    return column.nullable is True or column.server_default is not None


def addable(column: Column[object], dialect: Dialect) -> str:
    """Return the column's definition, as one can add it to a table that has rows."""
    definition = str(CreateColumn(column).compile(dialect=dialect))
    # The rows that exist have no value for it.
    return definition if column.server_default is not None else definition.removesuffix(" NOT NULL")


def _name_of(table: Table) -> str:
    return table.name if table.schema is None else f"{table.schema}.{table.name}"


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()
