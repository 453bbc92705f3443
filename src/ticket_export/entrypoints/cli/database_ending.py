"""How a command ends after an error of the database."""

from __future__ import annotations

from collections.abc import Sequence

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import Ending, ExitCode
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.database.errors import (
    driver_message,
    is_missing_part,
    is_missing_table,
)
from ticket_export.infrastructure.persistence.database.migrate_command import MANAGE_MIGRATE, MIGRATE, migrate_command
from ticket_export.infrastructure.persistence.host_tables import unnamed_tables
from ticket_export.infrastructure.persistence.missing_tables import (
    missing_host_tables,
    missing_own_tables,
    missing_tables,
)


def database_ending(error: Exception, session: Session) -> Ending | None:
    """Return the ending for a database's error; None for any other error."""
    # `migrate` works on the engine itself and raises the driver's own errors.
    cause = error.__cause__ if isinstance(error, JobDatabaseError) else error
    message = driver_message(cause)
    if message is None:
        return None
    container = session.opened_container
    if container is not None and is_missing_table(cause):
        lacking = _own_lack(container, session) if session.host_app is None else _hosts_lack(container, session)
        if lacking:
            return Ending(ExitCode.BAD_INPUT, [lacking])
    elif isinstance(error, JobDatabaseError) and is_missing_part(cause) and _says_what_to_run(str(error)):
        return Ending(ExitCode.BAD_INPUT, [str(error).replace(MIGRATE, session.command_line("migrate"))])
    return Ending(ExitCode.FAILED, [f"{message} ({session.tracing})"])


def _own_lack(container: TicketExportContainer, session: Session) -> str | None:
    missing = missing_tables(container.engine(), container.tables())
    if not missing:
        return None
    return f"{_lacks(missing)}; create what is missing with: {session.command_line('migrate --reference-schema')}"


def _hosts_lack(container: TicketExportContainer, session: Session) -> str | None:
    # The reference schema would create a second help desk next to the host's.
    engine, tables = container.engine(), container.tables()
    created = unnamed_tables(container.table_names())
    missing = missing_host_tables(engine, tables)
    hosts = [name for name in missing if name not in created]
    own = sorted({*missing, *missing_own_tables(engine, tables)} - {*hosts})
    if not hosts and not own:
        return None
    lacks = _lacks(sorted((*hosts, *own)))
    if hosts:
        lacks = f"{lacks}; the host itself has to create {', '.join(hosts)}, with the names in its container"
    command = migrate_command(engine)
    command = session.command_line("migrate") if command == MIGRATE else command
    return f"{lacks}; create {', '.join(own)} with: {command}" if own else lacks


def _says_what_to_run(message: str) -> bool:
    return MIGRATE in message or MANAGE_MIGRATE in message


def _lacks(missing: Sequence[str]) -> str:
    return f"the database lacks the table{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
