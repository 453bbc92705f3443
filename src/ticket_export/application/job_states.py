"""The states of exports that many readers watch at the same time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from uuid import UUID

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.supports_reading import for_reading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.requester_names import RequesterNames
from ticket_export.application.rights import find_readable_export
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.view_summary import stored_view
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import JobDatabaseError

#: The greatest age of an answer that a reader gets.
MAX_AGE: Final = timedelta(seconds=1)
# A state is at most this part of its export's age old, so that the end of a small export is not shown late.
_PART_OF_AGE: Final = 0.5
# The most answers that are kept; the one that was asked for longest ago leaves first.
_MOST: Final = 2_000


@attrs.frozen(kw_only=True)
class JobState:
    """An export, and its DTO with the name of its requester, as of `at` on the database's clock.

    `view` is None, and `job` has none, if it is long or cannot be read.
    """

    job: ExportJob
    dto: ExportJobDto
    view: ExportSnapshotPayload | None
    at: datetime


@attrs.define(kw_only=True)
class _Answer:
    """The last answer of the database about one id, to a reader who may see the export."""

    lock: Lock = attrs.field(factory=Lock)
    state: JobState | None = None
    failure: JobDatabaseError | None = None
    #: As `monotonic` counts.
    valid_until: float = float("-inf")


class JobStates:
    """Asks the database for the state of an export about once a second, however many readers ask.

    A state is at most half as old as its export, so the database is asked about ten times more in the first two seconds
    of an export. Threads may share the object. It decides nothing about rights.
    """

    def __init__(
        self,
        *,
        unit_of_work: Callable[[], UnitOfWork],
        clock: Clock,
        names: RequesterNames,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._names = names
        self._monotonic = monotonic
        self.renew()

    def renew(self) -> None:
        """Begin without answers, as a forked process must: the threads that wait for one do not exist there."""
        self._answers: OrderedDict[UUID, _Answer] = OrderedDict()
        self._lock = Lock()

    def find(self, job_id: UUID, is_visible: Callable[[ExportJob], bool]) -> JobState | None:
        """Return the state of the export, at most `MAX_AGE` old; None if there is none that `is_visible`.

        Without a visible export the database is asked each time, so that a hidden one costs the same as a missing one.

        Raises:
            JobDatabaseError: the database failed, within the last second.
        """
        arrived = self._monotonic()
        answer = self._answer(job_id)
        # The other readers of this export wait for the answer instead of asking too.
        with answer.lock:
            if arrived < answer.valid_until:
                if answer.failure is not None:
                    # Its cause was raised to the first reader, and would fill the log with the same lines for each.
                    raise JobDatabaseError(*answer.failure.args) from None
                if answer.state is not None and is_visible(answer.state.job):
                    return answer.state
            began = self._monotonic()
            try:
                job, at = self._ask(job_id)
            except JobDatabaseError as error:
                answer.failure, answer.valid_until = error, self._monotonic() + MAX_AGE.total_seconds()
                raise
            if job is None or not is_visible(job):
                return None
            answer.state, answer.failure = self._state(job, at, answer.state), None
            # However long the database took: if those who waited asked again, they would wait one after another.
            answer.valid_until = max(began + _lifetime(answer.state).total_seconds(), self._monotonic())
            return answer.state

    def forget(self, job_id: UUID) -> None:
        """Ask again at the next call: this process has changed the export."""
        with self._lock:
            self._answers.pop(job_id, None)

    def _answer(self, job_id: UUID) -> _Answer:
        with self._lock:
            answer = self._answers.setdefault(job_id, _Answer())
            self._answers.move_to_end(job_id)
            if len(self._answers) > _MOST:
                self._answers.popitem(last=False)
            return answer

    def _ask(self, job_id: UUID) -> tuple[ExportJob | None, datetime]:
        with for_reading(self._unit_of_work()) as work:
            job = find_readable_export(work, job_id)
            # Inside the unit of work, which measures it.
            return job, self._clock.now()

    def _state(self, job: ExportJob, at: datetime, before: JobState | None) -> JobState:
        # The view of an export does not change, and its summary would be the most expensive part of the DTO.
        (dto,) = self._names.added_to([ExportJobDto.of(job, view=before.dto.view if before else None)])
        if len(job.snapshot_payload_json) > SHORT_VIEW:
            job.snapshot_payload_json = ""
        view = before.view if before else stored_view(job.snapshot_payload_json)
        return JobState(job=job, dto=dto, view=view, at=at)


def _lifetime(state: JobState) -> timedelta:
    age = max(timedelta(), state.at - state.job.requested_at)
    return min(MAX_AGE, age * _PART_OF_AGE)
