"""How a command ends after an error."""

from __future__ import annotations

from ticket_export.entrypoints.cli.exit_codes import Ending, foreseen_ending, unforeseen_ending
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import JobDatabaseError


def ending_of(error: Exception, session: Session) -> Ending:
    """Return the exit code for an error, and the lines that say what is wrong."""
    foreseen = foreseen_ending(error)
    if foreseen is None or isinstance(error, JobDatabaseError):
        from ticket_export.entrypoints.cli.database_ending import database_ending

        return database_ending(error, session) or foreseen or unforeseen_ending(error, session.tracing)
    return foreseen
