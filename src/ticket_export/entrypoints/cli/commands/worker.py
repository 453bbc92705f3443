"""``ticket-export worker``: run queued exports."""

import logging
from collections import Counter, deque
from threading import Lock
from typing import Annotated

import attrs
import typer

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.finding import Severity
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import CommandError, ExitCode
from ticket_export.entrypoints.cli.output.finding_text import with_commands_of
from ticket_export.entrypoints.cli.output.job_text import end_text
from ticket_export.entrypoints.cli.output.standard_streams import write_note, write_summary
from ticket_export.entrypoints.cli.session import Session, session_of
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.tasks.until_stopped import until_stopped

_log = logging.getLogger(__name__)

# For more, several processes are faster than more threads.
_MOST_AT_ONCE = 64


def worker(
    context: typer.Context,
    drain: Annotated[bool, typer.Option("--drain", help="End when the queue is empty.")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=_MOST_AT_ONCE, metavar="N", help="The number of exports to run at a time.")
    ] = 1,
) -> None:
    """Run queued exports, put lost ones back into the queue, delete expired files.

    Start any number of workers, on any machine that reaches database and
    storage. SIGTERM or Ctrl-C stops a worker: its exports go back into the
    queue for another worker. A second Ctrl-C ends it at once; another worker
    then takes over when the lease ends (TICKET_EXPORT_LEASE_SECONDS).
    """
    session = session_of(context)
    session.tells_news = True
    container = session.container()
    hands, stop, tally = container.worker(), StopSignal(), _Tally(session.told)
    with stop_on_signals(stop):
        until_stopped(stop, lambda: _require_setup(session, container))
        write_note(f"worker ready: {concurrency} at a time; stop with Ctrl-C")
        work = hands.drain if drain else hands.run
        work(concurrency=concurrency, stop=stop, on_end=tally.add)
    if drain:
        write_summary(tally.text)


def _require_setup(session: Session, container: TicketExportContainer) -> None:
    _require_database(container)
    findings = [with_commands_of(session, each) for each in container.check()]
    # What may pass does not end a worker that waits for it.
    lasting = [each for each in findings if each.severity is Severity.ERROR and not each.may_pass]
    if lasting:
        raise CommandError(*(each.text for each in lasting), exit_code=ExitCode.BAD_INPUT)
    for each in findings:
        _log.warning(each.text)


def _require_database(container: TicketExportContainer) -> None:
    # A database that cannot work ends the command here; once the threads run, they wait for it.
    container.recover_stalled_exports()()
    audit_log = container.audit_log()
    if isinstance(audit_log, SqlAlchemyAuditLog):
        # Without it, each attempt fails at its start.
        audit_log.require_table()


@attrs.define
class _Tally:
    """Counts how the exports of this worker ended; `_told` is what the log has shown."""

    _told: deque[tuple[str | None, str | None]]
    _counts: Counter[str] = attrs.field(factory=Counter)
    _lock: Lock = attrs.field(factory=Lock)

    def add(self, job: ExportJobDto) -> None:
        """Count one export; several threads call this."""
        with self._lock:
            self._counts[job.status] += 1
            is_told = (str(job.id), job.status) in self._told.copy()
        # A host may switch the library's log off, or write the audit log elsewhere; then nothing has shown it yet.
        if not is_told:
            write_note(end_text(job), job_id=str(job.id))

    @property
    def text(self) -> str:
        """The counts, in one line."""
        return ", ".join(f"{self._counts[status]:,} {status}" for status in ("completed", "failed"))
