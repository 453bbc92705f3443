"""A user asks for the view they are looking at."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.read_view import read_view
from ticket_export.application.view_summary import summarize_view
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ticket_export.application.actor import Actor
    from ticket_export.application.snapshot import ExportSnapshotPayload

_log = logging.getLogger(__name__)

#: The name under which the task of an export lies in the queue.
TASK_NAME = "ticket_export.run_export"


@attrs.frozen(kw_only=True)
class RequestExport:
    """Store a job with a snapshot of the view and queue it.

    Rules:
        1. The actor needs the permission "Import / Export Tickets".
        2. The view must fit the ticket source's columns; every mistake in it is named at once.
        3. The job and its task are written in one transaction, and the queue hears of it only after
           the commit: no job without a task, no task before its job.
        4. The export shows the tickets as of the moment of the request, and expires `retention` later.
    """

    unit_of_work: Callable[[], UnitOfWork]
    ticket_source: TicketSource
    task_queue: TaskQueue
    audit_log: AuditLog
    policy: ExportPolicy
    clock: Clock
    retention: timedelta

    def __call__(self, actor: Actor, payload: ExportSnapshotPayload | Mapping[str, object] | str) -> ExportJobDto:
        """Request an export of the view `payload`, a model, a mapping or JSON text.

        Raises:
            NotPermittedError: by rule 1.
            InvalidPayloadError: by rule 2.
        """
        self.policy.require_request(actor)
        view_json = read_view(payload, self.ticket_source.columns).to_json()
        now = self.clock.now()
        task = BackgroundTask(name=TASK_NAME, creation_time=now)
        job = ExportJob.request(
            requester_user_id=actor.user_id,
            snapshot_payload_json=view_json,
            background_task=task,
            now=now,
            retention=self.retention,
        )
        task.args = json.dumps({"exportJobId": str(job.id)})
        requested = AuditEntry(
            action=AuditAction.REQUESTED, job_id=job.id, actor_id=actor.user_id, at=now, view=summarize_view(view_json)
        )
        with self.unit_of_work() as work:
            work.tasks.add(task)
            work.jobs.add(job)
            work.after_commit(lambda: self._announce(task, requested))
            work.commit()
        return ExportJobDto.of(job)

    def _announce(self, task: BackgroundTask, requested: AuditEntry) -> None:
        try:
            self.audit_log.record(requested)
        except Exception:  # noqa: BLE001 - the job is stored: an error here would have the caller ask again
            _log.exception("export %s is not in the audit log as requested", requested.job_id)
        self.task_queue.dispatch(task)
