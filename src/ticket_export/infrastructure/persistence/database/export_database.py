"""The identity of a database, from its own table and from what its server or its file system says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Table, select, update
from sqlalchemy.exc import DBAPIError

from ticket_export.application.ports.export_database import DatabaseIdentity, ExportDatabase, time_until_due
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.database.migrate_command import migrate_command

_ID: Final = 'SELECT "Id" FROM "ExportDatabase"'
# A restored dump is another database, in most cases in another cluster. A standby that is promoted is the same one.
_COPY: Final = {
    "sqlite": "PRAGMA database_list",
    "postgresql": "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid "
    "FROM pg_database WHERE datname = current_database()",
}
# In the JSON object of `Chores`.
_MARKS: Final = "ownerMarks"
_BEGUN: Final = "begun"
# An engine, and the engines made from it with other options, share one dialect.
_identities: WeakKeyDictionary[Dialect, DatabaseIdentity] = WeakKeyDictionary()


class SqlAlchemyExportDatabase(ExportDatabase):
    """See `ExportDatabase`. Each engine looks once."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._table = table

    def identity(self) -> DatabaseIdentity:
        dialect = self._connection.dialect
        found = _identities.get(dialect)
        if found is None:
            found = _identities[dialect] = DatabaseIdentity(self._id(), self._copy())
        return found

    def marks(self, *, to_change: bool = False) -> Sequence[str]:
        marks = self._chores(to_change=to_change).get(_MARKS, ())
        return tuple(map(str, marks))

    def set_marks(self, marks: Sequence[str]) -> None:
        self._store({**self._chores(), _MARKS: list(marks)})

    def begin_chore(self, chore: str, *, now: datetime, interval: timedelta) -> timedelta:
        def rest(chores: dict[str, Any]) -> timedelta:
            return time_until_due(_moment(chores.get(_BEGUN, {}).get(chore)), now=now, interval=interval)

        # In most calls it is not due, so the first look takes no lock.
        if not_yet := rest(self._chores()) or rest(chores := self._chores(to_change=True)):
            return not_yet
        self._store({**chores, _BEGUN: {**chores.get(_BEGUN, {}), chore: now.isoformat()}})
        return timedelta(0)

    def _store(self, chores: dict[str, Any]) -> None:
        self._connection.execute(update(self._table).values(chores=json.dumps(chores)))

    def _chores(self, *, to_change: bool = False) -> dict[str, Any]:
        statement = select(self._table.c.chores)
        # SQLite has one writer at a time anyway.
        chores = self._connection.execute(statement.with_for_update() if to_change else statement).scalar()
        return {} if chores is None else json.loads(chores)

    def _id(self) -> UUID:
        value = self._first(_ID)
        if value is None:
            raise JobDatabaseError(f"the table ExportDatabase has no row; run `{migrate_command(self._connection)}`")
        return value if isinstance(value, UUID) else UUID(str(value))

    def _copy(self) -> str:
        if self._connection.dialect.name == "sqlite":
            path = self._first(_COPY["sqlite"], column=2)
            # A file that is copied has another inode; a database in memory cannot be copied.
            return f"inode {Path(str(path)).stat().st_ino}" if path else "memory"
        return str(self._first(_COPY["postgresql"]))

    def _first(self, statement: str, *, column: int = 0) -> object:
        # With the driver itself, so that each call of a use case, the first one included, has the same statements.
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute(statement)
            row = cursor.fetchone()
            return None if row is None else row[column]
        except self._connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(statement, None, error) from error
        finally:
            cursor.close()


def _moment(stored: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(stored)).astimezone(UTC)
    except ValueError:
        return None
