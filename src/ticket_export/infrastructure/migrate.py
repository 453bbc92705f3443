"""Creates, upgrades and removes the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Connection, Engine, text

from ticket_export.errors import ConfigurationError, UnsupportedDialectError
from ticket_export.infrastructure.help_desk import migrations as reference
from ticket_export.infrastructure.persistence import migrations
from ticket_export.infrastructure.persistence.database.engine import begin_writing, commit, connected
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.persistence.migrations import export_jobs

if TYPE_CHECKING:
    from alembic.config import Config

# The key of an advisory lock: two migrations at once would both create the tables.
_POSTGRESQL_LOCK = 7_453_091_218


def upgrade(engine: Engine, *, reference_schema: bool = False, names: HostTableNames = SEED_TABLE_NAMES) -> None:
    """Bring the library's own tables up to date; with `reference_schema`, first the help desk's tables.

    Everything happens in one transaction. Tables that are up to date stay as they are.

    Raises:
        MissingTableError: without `reference_schema`, the host must have tables of users, media items and background
            tasks, and one of them is missing.
        ConfigurationError: a table to be created exists already, or `names` are given together with the reference
            schema, which has its own names.
        UnsupportedDialectError: a PostgreSQL database that cannot store every letter.
    """
    # Only here: Alembic takes ten megabytes, and an export does not need it.
    from alembic import command

    histories = _histories(reference_schema, names)
    with _transaction(engine) as connection:
        _require_utf8(connection)
        for history in histories:
            command.upgrade(history.config(connection, names), "head")


def downgrade(engine: Engine, *, reference_schema: bool = False, names: HostTableNames = SEED_TABLE_NAMES) -> None:
    """Remove the library's own tables with their data; with `reference_schema`, then the help desk's tables.

    Raises:
        ConfigurationError: `names` are given together with the reference schema.
    """
    from alembic import command

    histories = _histories(reference_schema, names)
    with _transaction(engine) as connection:
        for history in reversed(histories):
            command.downgrade(history.config(connection, names), "base")


@attrs.frozen
class _History:
    folder: Path
    version_table: str

    def config(self, connection: Connection, names: HostTableNames) -> Config:
        from alembic.config import Config

        config = Config()
        for option, value in {
            "script_location": str(Path(migrations.__file__).parent),
            "version_locations": str(self.folder),
            "path_separator": "newline",
        }.items():
            # A percent sign would begin an interpolation.
            config.set_main_option(option, value.replace("%", "%%"))
        config.attributes.update(connection=connection, version_table=self.version_table, names=names)
        return config


_EXPORT_JOBS = _History(Path(export_jobs.__file__).parent, "ticket_export_version")
_REFERENCE = _History(Path(reference.__file__).parent, "ticket_export_reference_version")


def _histories(reference_schema: bool, names: HostTableNames) -> tuple[_History, ...]:
    if not reference_schema:
        return (_EXPORT_JOBS,)
    if names != SEED_TABLE_NAMES:
        raise ConfigurationError("the reference schema has the seed's table names; give names only for a host's tables")
    return (_REFERENCE, _EXPORT_JOBS)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with begin_writing(connected(engine)) as connection:
        # On SQLite, the write lock of the transaction does the same.
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
        yield connection
        commit(connection)


def _require_utf8(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UnsupportedDialectError(f"the database is in {encoding}; it must be in UTF8, which holds every letter")
