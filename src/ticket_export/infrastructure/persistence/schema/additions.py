"""What `upgrade` and `adopt` add to tables that other programs made, so that `downgrade` can remove just that."""

from __future__ import annotations

from typing import cast

import attrs
from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, insert, inspect, select

from ticket_export.infrastructure.persistence.schema.differences import addable

# Besides the version tables; made when there is something to remember.
_additions = Table(
    "ticket_export_additions",
    MetaData(),
    Column("Kind", Text, key="kind", nullable=False),
    Column("TableName", Text, key="table_name", nullable=False),
    Column("Name", Text, key="name"),
)
_TABLE, _COLUMN, _INDEX, _ADOPTED = "table", "column", "index", "adopted"
_REMOVED = (_INDEX, _COLUMN, _TABLE, _ADOPTED)


@attrs.frozen
class SchemaAdditions:
    """The additions to one database, inside the transaction of its migration."""

    _connection: Connection

    def add(self, missing: Table | Column[object] | Index, *, remember: bool) -> None:
        """Create the table, column or index; `remember` it if `remove` shall remove it again."""
        table, name = table_of(missing), missing.name
        match missing:
            case Table():
                kind = _TABLE
                missing.create(self._connection)
            case Index():
                kind = _INDEX
                missing.create(self._connection)
            case _:
                kind = _COLUMN
                quoted = self._connection.dialect.identifier_preparer.format_table(table)
                definition = addable(missing, self._connection.dialect)
                self._connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {definition}")
        if remember:
            self._remember(kind, table, name)

    def remember_adopted(self, table: Table) -> None:
        """Remember that another program made the table."""
        self._remember(_ADOPTED, table, None)

    @property
    def adopted(self) -> frozenset[str]:
        """The names of the tables that another program made."""
        return frozenset(table for kind, table, _ in self._stored() if kind == _ADOPTED)

    def remove(self) -> None:
        """Remove what was added. Tables of other programs stay, with the rows of exports in them."""
        preparer = self._connection.dialect.identifier_preparer
        # Indexes, columns and then tables: the last may have had the first.
        for kind, table, name in sorted(self._stored(), key=lambda each: _REMOVED.index(each[0])):
            quoted, part = ".".join(map(preparer.quote, table.split("."))), preparer.quote(name or "")
            match kind:
                case "index":
                    self._connection.exec_driver_sql(f"DROP INDEX IF EXISTS {part}")
                case "column":
                    self._connection.exec_driver_sql(f"ALTER TABLE {quoted} DROP COLUMN {part}")
                case "table":
                    self._connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted}")
        _additions.drop(self._connection, checkfirst=True)

    def _remember(self, kind: str, table: Table, name: str | None) -> None:
        _additions.create(self._connection, checkfirst=True)
        self._connection.execute(insert(_additions).values(kind=kind, table_name=table.fullname, name=name))

    def _stored(self) -> list[tuple[str, str, str | None]]:
        if not inspect(self._connection).has_table(_additions.name):
            return []
        return [(row.kind, row.table_name, row.name) for row in self._connection.execute(select(_additions))]


def table_of(part: Table | Column[object] | Index) -> Table:
    """Return the table itself, or the table that has this column or index."""
    return part if isinstance(part, Table) else cast("Table", part.table)
