"""What a worker requires before it takes exports: a database that answers, and a setup that can work."""

from __future__ import annotations

import logging
from typing import Final

from ticket_export.application.finding import Severity
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import CommandError, ExitCode
from ticket_export.entrypoints.cli.output.finding_text import with_commands_of
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.errors import is_wrong_database, may_pass

_log = logging.getLogger(__name__)

# Seconds between two tries to reach a database that is away: at first, and at most.
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0


def require_setup(session: Session, container: TicketExportContainer, stop: StopSignal, *, waits: bool) -> None:
    """Check the setup. If the database is away and `waits`, wait for it until `stop` is given.

    Warnings, and errors that may pass without help, are logged.

    Raises:
        CommandError: exports would fail, or the database refuses the login; a restart does not help.
        JobDatabaseError: the database cannot work: it is away, lacks a table, or another error.
    """
    if waits:
        _wait_for_database(session, container, stop)
    else:
        _require_database(session, container)
    if stop.is_given:
        return
    findings = [with_commands_of(session, each) for each in container.check()]
    # What may pass does not end a worker that waits for it.
    lasting = [each for each in findings if each.severity is Severity.ERROR and not each.may_pass]
    if lasting:
        raise CommandError(*(each.text for each in lasting), exit_code=ExitCode.BAD_INPUT)
    for each in findings:
        _log.warning(each.text)


def _wait_for_database(session: Session, container: TicketExportContainer, stop: StopSignal) -> None:
    pause, is_told = _FIRST_PAUSE, False
    while not stop.is_given:
        try:
            _require_database(session, container)
        except JobDatabaseError as error:
            if not (isinstance(error.__cause__, Exception) and may_pass(error.__cause__)):
                raise
            if not is_told:
                _log.warning("the worker waits for the database: %s", error)
                is_told = True
            stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            if is_told:
                # At the level of the warning before it, so that a log that shows one shows both.
                _log.warning("the database answers; the worker goes on")
            return


def _require_database(session: Session, container: TicketExportContainer) -> None:
    # A database that cannot work ends the command here; once the threads run, they wait for it.
    try:
        container.recover_stalled_exports()()
        audit_log = container.audit_log()
        if isinstance(audit_log, SqlAlchemyAuditLog):
            # Without it, each attempt fails at its start.
            audit_log.require_table()
    except JobDatabaseError as error:
        if is_wrong_database(error.__cause__):
            remedy = f"correct {session.database_setting}, or let its role log in"
            raise CommandError(f"{error}; {remedy}", exit_code=ExitCode.BAD_INPUT) from error
        raise
