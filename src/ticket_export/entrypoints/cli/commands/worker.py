"""``ticket-export worker``: runs what is queued."""

from collections import Counter, deque
from threading import Lock
from typing import Annotated

import attrs
import typer

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.job_text import end_text
from ticket_export.entrypoints.cli.output import write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.tasks.until_stopped import until_stopped

# Beyond this, more processes do better than more threads.
_MOST_AT_ONCE = 64


def worker(
    context: typer.Context,
    drain: Annotated[bool, typer.Option("--drain", help="End as soon as nothing is queued any more.")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=_MOST_AT_ONCE, metavar="N", help="How many exports to run at a time.")
    ] = 1,
) -> None:
    """Run queued exports, put lost ones back into the queue, delete expired files.

    Start as many as you like, wherever database and storage can be reached.
    SIGTERM or Ctrl-C stops a worker: what it was running goes back into the
    queue, for another one. A second Ctrl-C ends it at once; another worker then
    takes over when the lease ends (TICKET_EXPORT_LEASE_SECONDS).
    """
    session = session_of(context)
    session.tells_news = True
    container = session.container()
    hands, stop, tally = container.worker(), StopSignal(), _Tally(session.told)
    with stop_on_signals(stop):
        until_stopped(stop, lambda: _require_database(container))
        write_note(f"worker ready: {concurrency} at a time; stop with Ctrl-C")
        work = hands.drain if drain else hands.run
        work(concurrency=concurrency, stop=stop, on_end=tally.add)
    if drain:
        write_summary(tally.text)


def _require_database(container: TicketExportContainer) -> None:
    # A database that cannot work ends the command; once the threads run, it is only something to wait for.
    container.recover_stalled_exports()()
    audit_log = container.audit_log()
    if isinstance(audit_log, SqlAlchemyAuditLog):
        # No attempt gets further than its start without it.
        audit_log.require_table()


@attrs.define
class _Tally:
    """How the exports ended that were run here; `_told` is what the log has shown."""

    _told: deque[str]
    _counts: Counter[str] = attrs.field(factory=Counter)
    _lock: Lock = attrs.field(factory=Lock)

    def add(self, job: ExportJobDto) -> None:
        """One more; called by several threads."""
        with self._lock:
            self._counts[job.status] += 1
            told = self._told.copy()
        # Where a host keeps the library's log quiet, or the audit log elsewhere, nothing has told it yet.
        if not any(message.startswith(f"export {job.id} {job.status}") for message in told):
            write_note(end_text(job))

    @property
    def text(self) -> str:
        """A line that sums it up."""
        return ", ".join(f"{self._counts[status]:,} {status}" for status in ("completed", "failed"))
