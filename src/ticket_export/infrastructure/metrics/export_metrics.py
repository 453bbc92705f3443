"""The instruments of OpenTelemetry that count and time exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from ticket_export.application.ports.background_task_repository import Backlog
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.housekeep import Chore, Housekept
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import MissingExtraError
from ticket_export.infrastructure.metrics.queue_watch import QueueWatch

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    # Under this name for the container too, which does not know the package.
    from opentelemetry.metrics import MeterProvider as MeterProvider  # noqa: PLC0414

# Seconds: from a small export on an idle worker to one that waits for hours.
_BOUNDARIES: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)

_OUTCOME: Final = "ticket_export.outcome"
_STAGE: Final = "ticket_export.stage"
_PART: Final = "ticket_export.part"
_REMOVED: Final = "ticket_export.removed"
_CHORE: Final = "ticket_export.chore"
_OUTCOMES: Final = ("completed", "failed", "cancelled")


class LostPart(StrEnum):
    """The parts without which an attempt is lost."""

    WORKER = "worker"
    TICKETS = "tickets"
    STORAGE = "storage"


def global_meter_provider() -> MeterProvider:
    """Return the meter provider that the host has set for its process, or will set.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.metrics import get_meter_provider
    except ImportError as error:
        raise MissingExtraError("metrics", "TICKET_EXPORT_METRICS=opentelemetry") from error
    return get_meter_provider()


class ExportMetrics:
    """Records what this process does with exports, and observes the queue of its database.

    Names and units follow the conventions of OpenTelemetry. No attribute has data of a user: their values are the few
    words of this module, and those of `ProgressStage` and `Chore` in small letters. No method raises an error.
    """

    def __init__(self, meter_provider: MeterProvider, queue: QueueWatch) -> None:
        meter = meter_provider.get_meter("ticket_export", version("ticket-export"))
        self._queue = queue
        self._observe_queue(meter)
        self._ended = meter.create_counter("ticket_export.exports", "{export}", "The exports that have ended.")
        self._durations = meter.create_histogram(
            "ticket_export.export.duration",
            "s",
            "The time from the request of an export to its end.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._stages = meter.create_histogram(
            "ticket_export.stage.duration",
            "s",
            "The time that a finished stage of an export took.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._rows = meter.create_counter("ticket_export.rows", "{row}", "The rows of completed exports.")
        self._bytes = meter.create_counter(
            "ticket_export.file.io", "By", "The bytes of the files of completed exports."
        )
        self._lost = meter.create_counter(
            "ticket_export.attempts.lost", "{attempt}", "The lost attempts that another attempt follows."
        )
        self._removals = meter.create_counter(
            "ticket_export.housekeeping.removals", "{item}", "What the housekeeping has removed."
        )
        self._failures = meter.create_counter(
            "ticket_export.housekeeping.failures", "{failure}", "The chores that failed, and the items that they left."
        )
        self._begin_at_zero()

    def export_ended(self, job: ExportJob) -> None:
        """Record an export that has ended, with its rows and the bytes of its file."""
        outcome = "cancelled" if job.is_cancelled else job.status.developer_name
        self._ended.add(1, {_OUTCOME: outcome})
        if job.completed_at is not None:
            duration = (job.completed_at - job.requested_at).total_seconds()
            self._durations.record(max(0.0, duration), {_OUTCOME: outcome})
        if job.status == ExportJobStatus.COMPLETED:
            self._rows.add(job.row_count or 0)
            self._bytes.add(job.media_item.length if job.media_item is not None else 0)

    def stage_ended(self, stage: ProgressStage, took: timedelta) -> None:
        """Record a stage that has ended, so that the next one begins or the export is complete."""
        self._stages.record(max(0.0, took.total_seconds()), {_STAGE: stage.lower()})

    def attempts_lost(self, part: LostPart, number: int = 1) -> None:
        """Record attempts that are lost because `part` was not there, and that another attempt follows."""
        self._lost.add(number, {_PART: part.value})

    def housekept(self, kept: Housekept) -> None:
        """Record what one call of the housekeeping has done, and where it has failed."""
        if kept.clean_up is not None:
            self._housekept(Chore.CLEAN_UP, {"expired_export": kept.clean_up.cleaned_up}, kept.clean_up.failed)
        if kept.sweep is not None:
            removed = {"orphaned_object": kept.sweep.removed, "unfinished_object": kept.sweep.unfinished}
            self._housekept(Chore.SWEEP, removed, kept.sweep.failed)
        if kept.purge is not None:
            self._housekept(Chore.PURGE, {"old_export": kept.purge.purged}, kept.purge.failed)
        for chore in kept.failed:
            self._housekept(chore, {}, 1)

    def _housekept(self, chore: Chore, removed: Mapping[str, int], failed: int) -> None:
        for kind, number in removed.items():
            self._removals.add(number, {_REMOVED: kind})
        self._failures.add(failed, {_CHORE: chore.value})

    def _begin_at_zero(self) -> None:
        """Record what has not happened yet, so that the first failure is a change that an alert can see."""
        for outcome in _OUTCOMES:
            self._ended.add(0, {_OUTCOME: outcome})
        for part in LostPart:
            self.attempts_lost(part, 0)
        self._rows.add(0)
        self._bytes.add(0)
        nothing = Housekept(clean_up=CleanUp(), sweep=Sweep(), purge=Purge(), due_in=timedelta(0))
        self.housekept(nothing)
        for chore in Chore:
            self._housekept(chore, {}, 0)

    def _observe_queue(self, meter: Meter) -> None:
        observed: dict[tuple[str, str, str], Callable[[Backlog, timedelta], float]] = {
            ("ticket_export.queue.waiting", "{export}", "The exports that wait for a worker, in the whole database."): (
                lambda backlog, _age: backlog.waiting
            ),
            ("ticket_export.queue.running", "{export}", "The exports that are running, in the whole database."): (
                lambda backlog, _age: backlog.running
            ),
            ("ticket_export.queue.age", "s", "The time since the request of the oldest export that waits, or 0."): (
                lambda _backlog, age: age.total_seconds()
            ),
        }
        for (name, unit, description), value in observed.items():
            meter.create_observable_gauge(name, [self._observing(value)], unit, description)

    def _observing(
        self, value: Callable[[Backlog, timedelta], float]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        from opentelemetry.metrics import Observation

        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            found = self._queue.look()
            return () if found is None else (Observation(value(*found)),)

        return observe
