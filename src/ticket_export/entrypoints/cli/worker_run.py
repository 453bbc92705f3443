"""A worker as a command, from its options to its summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock
from typing import Final

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.entrypoints.cli.health import Health, health_served
from ticket_export.entrypoints.cli.metrics_endpoint import metrics_endpoint
from ticket_export.entrypoints.cli.output.job_text import end_text
from ticket_export.entrypoints.cli.output.standard_streams import write_note, write_summary
from ticket_export.entrypoints.cli.session import Session
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.entrypoints.cli.worker_setup import require_setup
from ticket_export.infrastructure.tasks.until_stopped import until_stopped

#: The most exports of a worker at a time. For more, several processes are faster than more threads.
MOST_AT_ONCE: Final = 64
LAST_PORT: Final = 65535


class OnStop(StrEnum):
    """What happens to the running exports of a worker that is told to stop."""

    HAND_BACK = "hand-back"
    FINISH = "finish"


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """The options of a worker. `drain` ends it when the queue is empty; a port that is None is not opened."""

    drain: bool = False
    concurrency: int = 1
    on_stop: OnStop = OnStop.HAND_BACK
    health_port: int | None = None
    health_host: str = "127.0.0.1"
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"


def run_worker(session: Session, options: WorkerOptions) -> None:
    """Run queued exports until a signal stops the process, or until the queue is empty.

    Raises:
        CommandError: exports would fail, or a port cannot be opened.
        ConfigurationError: a part of the container cannot be made.
        JobDatabaseError: the database cannot work.
    """
    session.tells_news = True
    container = session.container()
    tally = _Tally(session)
    finish, stop = StopSignal(), StopSignal()
    stops = (finish, stop) if options.on_stop is OnStop.FINISH else (stop,)
    health = Health(container.check_readiness().questions)
    with (
        metrics_endpoint(container, options.metrics_port, options.metrics_host),
        _served(session, health, options.health_host, options.health_port),
        stop_on_signals(*stops),
        stops[0].calling(health.stop),
    ):
        hands = container.worker()

        def check() -> None:
            with hands.around():
                require_setup(session, container, stops[0], waits=not options.drain)

        until_stopped(stops[0], check, on_turn=health.turn)
        if not stops[0].is_given:
            _say(session, f"worker ready: {options.concurrency} at a time; stop with Ctrl-C")
            health.start()
            work = hands.drain if options.drain else hands.run
            work(concurrency=options.concurrency, stop=stop, finish=finish, on_end=tally.add, on_turn=health.turn)
    if options.drain and not session.is_quiet:
        write_summary(tally.text)


@contextmanager
def _served(session: Session, health: Health, host: str, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    with health_served(health, host=host, port=port) as number:
        address = f"[{host}]" if ":" in host else host
        _say(session, f"health: http://{address}:{number}/live and /ready")
        yield


@attrs.define
class _Tally:
    """Counts how the exports of this worker ended."""

    _session: Session
    _counts: Counter[str] = attrs.field(factory=Counter)
    _lock: Lock = attrs.field(factory=Lock)

    def add(self, job: ExportJobDto) -> None:
        """Count one export; several threads call this."""
        with self._lock:
            self._counts[job.status] += 1
            is_told = (str(job.id), job.status) in self._session.told.copy()
        # A host may switch the library's log off, or write the audit log elsewhere; then nothing has shown it yet.
        if not is_told:
            _say(self._session, end_text(job), job_id=str(job.id))

    @property
    def text(self) -> str:
        """The counts, in one line."""
        return ", ".join(f"{self._counts[status]:,} {status}" for status in ("completed", "failed"))


def _say(session: Session, text: str, *, job_id: str | None = None) -> None:
    if not session.is_quiet:
        write_note(text, job_id=job_id)
