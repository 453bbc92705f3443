"""``ticket-export worker``: run queued exports."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock
from typing import Annotated

import attrs
import typer

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.entrypoints.cli.health import Health, health_served
from ticket_export.entrypoints.cli.metrics_endpoint import metrics_endpoint
from ticket_export.entrypoints.cli.output.job_text import end_text
from ticket_export.entrypoints.cli.output.standard_streams import write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.entrypoints.cli.worker_setup import require_setup
from ticket_export.infrastructure.tasks.until_stopped import until_stopped

# For more, several processes are faster than more threads.
_MOST_AT_ONCE = 64
_LAST_PORT = 65535


class OnStop(StrEnum):
    """What happens to the running exports of a worker that is told to stop."""

    HAND_BACK = "hand-back"
    FINISH = "finish"


def worker(
    context: typer.Context,
    drain: Annotated[bool, typer.Option("--drain", help="End when the queue is empty.")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=_MOST_AT_ONCE, metavar="N", help="The number of exports to run at a time.")
    ] = 1,
    on_stop: Annotated[
        OnStop,
        typer.Option(
            "--on-stop", help="At SIGTERM or Ctrl-C: put running exports back into the queue, or finish them."
        ),
    ] = OnStop.HAND_BACK,
    health_port: Annotated[
        int | None,
        typer.Option(min=0, max=_LAST_PORT, metavar="PORT", help="Serve /live and /ready over HTTP; 0: any free port."),
    ] = None,
    health_host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address for --health-port; 0.0.0.0 is every one of IPv4.")
    ] = "127.0.0.1",
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=_LAST_PORT, metavar="PORT", help="Serve metrics for Prometheus at this port."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address for --metrics-port.")] = "127.0.0.1",
) -> None:
    """Run queued exports, put lost ones back into the queue, delete expired files.

    Start any number of workers, on any machine that reaches database and
    storage. SIGTERM or Ctrl-C stops a worker: its exports go back into the
    queue for another worker. With --on-stop finish, they end first, and no
    other export begins; a second signal puts them back into the queue. One
    more signal ends the worker at once; another worker then takes over when
    the lease ends (TICKET_EXPORT_LEASE_SECONDS).
    """
    session = session_of(context)
    session.tells_news = True
    container = session.container()
    tally = _Tally(session.told)
    finish, stop = StopSignal(), StopSignal()
    stops = (finish, stop) if on_stop is OnStop.FINISH else (stop,)
    health = Health(container.check_readiness().questions)
    with (
        metrics_endpoint(container, metrics_port, metrics_host),
        _served(health, health_host, health_port),
        stop_on_signals(*stops),
        stops[0].calling(health.stop),
    ):
        hands = container.worker()
        until_stopped(
            stops[0], lambda: require_setup(session, container, stops[0], waits=not drain), on_turn=health.turn
        )
        if not stops[0].is_given:
            write_note(f"worker ready: {concurrency} at a time; stop with Ctrl-C")
            health.start()
            work = hands.drain if drain else hands.run
            work(concurrency=concurrency, stop=stop, finish=finish, on_end=tally.add, on_turn=health.turn)
    if drain:
        write_summary(tally.text)


@contextmanager
def _served(health: Health, host: str, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    with health_served(health, host=host, port=port) as number:
        address = f"[{host}]" if ":" in host else host
        write_note(f"health: http://{address}:{number}/live and /ready")
        yield


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
