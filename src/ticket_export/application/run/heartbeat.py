"""The heartbeat of a running export, which also notices when the export must stop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.run.attempt import Attempt
from ticket_export.application.run.bounded_calls import BoundedCalls
from ticket_export.application.run.latch import Latch
from ticket_export.application.run.overtime import Overtime
from ticket_export.application.run.progress import Progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import LeaseLostError

_log = logging.getLogger(__name__)

# Seconds between two interrupts of a query: the first may come between two statements, and have no effect.
_INTERRUPT_AGAIN = 0.1
# Seconds that the export waits once for a database that does not answer.
_PATIENCE = 2.0


class Heartbeat:
    """A thread next to the export, from the first heartbeat that is due, or the stop, to the end of the block.

    - It writes the progress and renews the lease, also during a long count or sort. If the database fails or does not
      answer, the export goes on.
    - It notices that the attempt has lost the job (cancelled, expired, taken over). As soon as `stop` is given, it
      hands the job back and calls `on_hand_back` with the task. Then the export's next `tell` raises, and a running
      query or a waiting upload is interrupted.
    - It lets go of an export that makes no progress for `stall`: it calls `on_stall`, the lease ends, and another
      attempt may succeed.

    If the attempt has lost the job, an error that leaves the block becomes a `LeaseLostError`.
    """

    def __init__(
        self,
        attempt: Attempt,
        *,
        stop: StopSignal,
        stall: timedelta,
        on_stall: Callable[[], None],
        on_hand_back: Callable[[BackgroundTask], None],
        overtime: Overtime | None = None,
    ) -> None:
        self._attempt = attempt
        self._overtime = overtime or Overtime()
        self._stop = stop
        self._stall = stall.total_seconds()
        self._on_stall = on_stall
        self._on_hand_back = on_hand_back
        self._latest = Progress(ProgressStage.COUNTING)
        self._told_at = monotonic()
        self._lost: str | None = None
        self._wake, self._end = Latch(), Event()
        self._writing = Lock()
        self._targets: list[SupportsInterrupt] = []
        self._interrupting = Lock()
        self._resources = ExitStack()
        self._calls = BoundedCalls(f"progress of export {attempt.job.id}", patience=_PATIENCE)
        self._thread = Thread(target=self._beat, name=f"heartbeat of export {attempt.job.id}", daemon=True)

    def __enter__(self) -> Self:
        after = self._attempt.heartbeat.total_seconds()
        late = self._overtime.calling(self._thread.start, after=after, urgent=lambda: self._stop.is_given)
        try:
            self._resources.enter_context(self._calls)
            self._resources.enter_context(self._stop.calling(self._wake.set))
            self._resources.enter_context(late)
        except BaseException:
            # Interrupted, perhaps after the start of the thread, which nothing else would end.
            self._give_end()
            self._resources.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._give_end()
        self._resources.close()
        if self._thread.ident is not None:
            # It may be in a call that never returns. Whatever that call writes later is fenced off.
            self._thread.join(_PATIENCE)
        if isinstance(exc, Exception) and self._lost is not None:
            raise LeaseLostError(self._lost) from exc

    def _give_end(self) -> None:
        self._end.set()
        self._wake.set()

    def tell(self, progress: Progress) -> None:
        """Take note of the progress, and write it if a heartbeat is due.

        Raises:
            LeaseLostError: the attempt has lost the job and must stop.
        """
        self._latest = progress
        self._told_at = monotonic()
        if self._lost is None and self._attempt.is_due:
            self._calls.make(self._renew)
        self.require_job()

    def require_job(self) -> None:
        """Check that the attempt has not lost the job, as far as is known.

        Raises:
            LeaseLostError: it has.
        """
        if self._lost is not None:
            raise LeaseLostError(self._lost)

    @contextmanager
    def interrupting(self, target: object) -> Iterator[None]:
        """Inside the block, the loss of the job interrupts `target`, if it implements `SupportsInterrupt`."""
        targets = [target] if isinstance(target, SupportsInterrupt) else []
        with self._interrupting:
            self._targets += targets
        try:
            yield
        finally:
            # From now on the connection of a reader may serve another one, which must not be interrupted.
            with self._interrupting:
                self._targets = [each for each in self._targets if each is not target]

    def _renew(self) -> None:
        # If the other thread is writing, that is enough.
        if not self._writing.acquire(blocking=False):
            return
        try:
            self._attempt.report(self._latest)
        except LeaseLostError as error:
            self._lost = str(error)
        except Exception:  # noqa: BLE001 - completing the job shows at the latest whether it is lost
            job_id = self._attempt.job.id
            _log.warning(
                "export %s: the heartbeat could not be written", job_id, exc_info=True, extra={"job_id": str(job_id)}
            )
        finally:
            self._writing.release()

    def _beat(self) -> None:
        interval = self._attempt.heartbeat.total_seconds()
        # The thread starts when the first one is due.
        pause = 0.0
        while self._lost is None:
            self._wake.wait(pause)
            if self._end.is_set():
                return
            if self._stop.is_given:
                self._hand_back()
            elif monotonic() - self._told_at > self._stall:
                self._let_go()
            else:
                self._renew()
            pause = interval
        while not self._end.is_set():
            self._interrupt()
            self._end.wait(_INTERRUPT_AGAIN)

    def _hand_back(self) -> None:
        job_id = self._attempt.job.id
        try:
            task = self._attempt.hand_back()
        except LeaseLostError as error:
            self._lost = str(error)
        except Exception:  # noqa: BLE001 - the worker stops in any case
            _log.exception("export %s could not be handed back", job_id, extra={"job_id": str(job_id)})
            self._lost = f"the worker stops; export {job_id} waits until its lease ends"
        else:
            self._lost = f"the worker stops; export {job_id} is back in the queue"
            self._on_hand_back(task)

    def _let_go(self) -> None:
        job_id = self._attempt.job.id
        _log.error("export %s makes no progress and is let go", job_id, extra={"job_id": str(job_id)})
        self._lost = f"export {job_id} made no progress for {self._stall:g} s"
        self._on_stall()

    def _interrupt(self) -> None:
        with self._interrupting:
            for target in self._targets:
                try:
                    target.interrupt()
                except Exception:  # noqa: BLE001 - the export stops at its next block in any case
                    job_id = self._attempt.job.id
                    _log.warning(
                        "export %s: its query or upload could not be interrupted",
                        job_id,
                        exc_info=True,
                        extra={"job_id": str(job_id)},
                    )
