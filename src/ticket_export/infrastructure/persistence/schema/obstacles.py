"""What keeps the database from creating tables and indexes: names that are taken, keys that are not unique."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, ForeignKeyConstraint, Index, Table, inspect, text

from ticket_export.infrastructure.persistence.schema.differences import SchemaDifference
from ticket_export.infrastructure.persistence.tables import Tables

_NAMES = {
    # Tables, indexes and views share their names within a schema.
    "postgresql": "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
    "WHERE nspname = coalesce(CAST(:schema AS text), current_schema())",
    "sqlite": "SELECT name FROM sqlite_master WHERE :schema IS NULL",
}


def obstacles(
    connection: Connection, tables: Tables, created: Collection[Table], indexes: Collection[Index]
) -> Iterator[SchemaDifference]:
    """Return why the database would refuse to create these tables, with their indexes, and these further indexes."""
    further = [index for index in indexes if index.table not in created]
    names = [(table, name) for table in created for name in _names_with(table)]
    names += [(index.table, str(index.name)) for index in further if index.table is not None]
    for table, name in names:
        if _is_taken(connection, name, table.schema):
            yield SchemaDifference(
                table=table.fullname,
                problem=f"needs the name {name} for an index, and the database has something else of that name",
                remedy=f'rename that, for example: ALTER INDEX "{name}" RENAME TO "{name}_old"'
                if connection.dialect.name == "postgresql"
                else "drop that index, and create it again with another name",
            )
    for table in created:
        for reference in sorted(table.foreign_key_constraints, key=lambda each: str(each.name)):
            if reference.referred_table not in created:
                yield from _unreferable(connection, tables, reference)


def _names_with(table: Table) -> list[str]:
    return [*sorted(str(index.name) for index in table.indexes), str(table.primary_key.name)]


def _is_taken(connection: Connection, name: str, schema: str | None) -> bool:
    dialect = connection.dialect.name
    found = connection.execute(text(_NAMES[dialect]), {"schema": schema}).scalars()
    # SQLite finds a name in any letter case.
    return name.casefold() in map(str.casefold, found) if dialect == "sqlite" else name in found


def _unreferable(connection: Connection, tables: Tables, reference: ForeignKeyConstraint) -> Iterator[SchemaDifference]:
    table, inspector = reference.referred_table, inspect(connection)
    column = reference.elements[0].column.name
    if table is tables.export_jobs and table.name in inspector.get_view_names(table.schema):
        yield SchemaDifference(
            table=table.fullname,
            problem="is a view, and the tasks of exports refer to it with a foreign key",
            remedy="give the view another name, and its table this one",
        )
    # A table or a column that is missing is a difference of its own.
    if not inspector.has_table(table.name, table.schema) or table.name in inspector.get_view_names(table.schema):
        return
    if column not in {each["name"] for each in inspector.get_columns(table.name, table.schema)}:
        return
    unique = [
        inspector.get_pk_constraint(table.name, table.schema)["constrained_columns"],
        *(each["column_names"] for each in inspector.get_unique_constraints(table.name, table.schema)),
        *(each["column_names"] for each in inspector.get_indexes(table.name, table.schema) if each["unique"]),
    ]
    if [column] not in unique:
        yield SchemaDifference(
            table=table.fullname,
            column=column,
            problem="is not unique, and exports refer to it with a foreign key",
            remedy="make it the primary key",
        )
