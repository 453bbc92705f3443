"""Creates, upgrades and removes the tables."""

from __future__ import annotations

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

_SCRIPT = Path(migrations.__file__).parent
# Any number that nobody else locks by: two migrations at once would both create the tables.
_POSTGRESQL_LOCK = 7_453_091_218


@attrs.frozen
class _History:
    folder: Path
    version_table: str

    def config(self, connection: Connection, names: HostTableNames) -> Config:
        # Imported when it is needed: it takes ten megabytes, which no export should carry.
        from alembic.config import Config

        config = Config()
        for option, value in {
            "script_location": str(_SCRIPT),
            "version_locations": str(self.folder),
            "path_separator": "newline",
        }.items():
            # A percent sign would begin an interpolation.
            config.set_main_option(option, value.replace("%", "%%"))
        config.attributes.update(connection=connection, version_table=self.version_table, names=names)
        return config


_EXPORT_JOBS = _History(Path(export_jobs.__file__).parent, "ticket_export_version")
_REFERENCE = _History(Path(reference.__file__).parent, "ticket_export_reference_version")


def upgrade(engine: Engine, *, reference_schema: bool, names: HostTableNames = SEED_TABLE_NAMES) -> None:
    """Bring the library's own tables up to date, after the help desk's tables if `reference_schema` is asked for.

    Everything happens in one transaction; what is up to date already stays as it is.

    Raises:
        MissingTableError: without `reference_schema`, the host has to bring users, media items and
            background tasks, and one of them is not there.
        ConfigurationError: a table to be created exists already, or `names` are given together with the
            reference schema, which has names of its own.
        UnsupportedDialectError: a PostgreSQL database that cannot hold every letter.
    """
    from alembic import command

    histories = _histories(reference_schema, names)
    with begin_writing(connected(engine)) as connection:
        _require_utf8(connection)
        _wait_for_others(connection)
        for history in histories:
            command.upgrade(history.config(connection, names), "head")
        commit(connection)


def downgrade(engine: Engine, *, reference_schema: bool, names: HostTableNames = SEED_TABLE_NAMES) -> None:
    """Remove the library's own tables, and the help desk's tables if `reference_schema` is asked for, with all data.

    Raises:
        ConfigurationError: `names` are given together with the reference schema.
    """
    from alembic import command

    histories = _histories(reference_schema, names)
    with begin_writing(connected(engine)) as connection:
        _wait_for_others(connection)
        for history in reversed(histories):
            command.downgrade(history.config(connection, names), "base")
        commit(connection)


def _require_utf8(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UnsupportedDialectError(f"the database is in {encoding}; it must be in UTF8, which holds every letter")


def _histories(reference_schema: bool, names: HostTableNames) -> tuple[_History, ...]:
    if not reference_schema:
        return (_EXPORT_JOBS,)
    if names != SEED_TABLE_NAMES:
        raise ConfigurationError("the reference schema has the seed's table names; give names only for a host's tables")
    return (_REFERENCE, _EXPORT_JOBS)


def _wait_for_others(connection: Connection) -> None:
    # SQLite's write lock, taken as the transaction begins, does the same.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
