"""Request the export of a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.actor_facts import facts_of, rights_digest
from ticket_export.application.announcements import audit_entry, dispatch_committed, record_in
from ticket_export.application.dto import RequestedExportDto
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.audit_log import AuditAction, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.supports_selections import selection_check
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.refusals import Refusals
from ticket_export.application.rights import Rights
from ticket_export.application.run.export_task import TASK_NAME, has_rights, task_args
from ticket_export.application.user_turns import UserTurns
from ticket_export.application.view.json_text import parse_json
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import InvalidPayloadError, TooManyExportsError


@attrs.frozen(kw_only=True)
class RequestExport:
    """Store a job with a snapshot of the view, and queue it.

    Rules:
        1. The policy decides whether the actor may request. By default they need the permission "Import / Export
           Tickets".
        2. The view must fit the columns and selections that the actor may see, and the formats that the host offers.
           One error names every mistake in it. The stored view has every option of its file.
        3. While an export of the same view is queued or running that the actor requested with the same permissions and
           attributes, a request returns that export, with `already_requested` set.
        4. A user has at most `max_active_jobs` queued or running exports; 0 means no limit.
        5. The job and its task are stored in one transaction, and the task is dispatched after the commit: there is no
           job without a task, and no task before its job.
        6. Requests of one user are stored one after the other. Requests that share `turns` wait for each other outside
           the database, so that one user does not occupy all its connections.
        7. The policy decides with which other exports this one shares the workers.
        8. The export shows the tickets as of the request, and expires `retention` later.
    """

    unit_of_work: Callable[[], UnitOfWork]
    ticket_source: TicketSource
    file_formats: FileFormats
    task_queue: TaskQueue
    audit_log: AuditLog
    rights: Rights
    refusals: Refusals
    clock: Clock
    retention: timedelta
    max_active_jobs: int
    turns: UserTurns = attrs.field(factory=UserTurns)

    def __call__(self, actor: Actor, payload: ExportSnapshotPayload | Mapping[str, object] | str) -> RequestedExportDto:
        """Request an export of the view `payload`, a model, a mapping or JSON text.

        Raises:
            NotPermittedError: by rule 1.
            InvalidPayloadError: by rule 2.
            TooManyExportsError: by rule 4.
            JobDatabaseError: the database failed, or other requests of the user took some seconds. Nothing was stored,
                except where the answer to the commit was lost. You can repeat the request: by rule 3, it returns the
                stored export.
        """
        return self.submit(actor, payload, action=AuditAction.REQUESTED)

    def submit(
        self,
        actor: Actor,
        payload: ExportSnapshotPayload | Mapping[str, object] | str,
        *,
        action: AuditAction,
        detail: str | None = None,
    ) -> RequestedExportDto:
        """Request an export, and record it in the audit log with `action` and `detail`."""
        if refusal := self.rights.refusal_of_request(actor):
            raise self.refusals.recorded(refusal, "request", actor)
        view_json = read_view(
            payload,
            self.ticket_source.columns(actor),
            formats=self.file_formats.offered,
            selections=selection_check(self.ticket_source, actor),
        ).to_json()
        share_key = self.rights.share_key(actor)
        with self.turns.of(actor.user_id) as turn_is_over, self.unit_of_work() as work:
            # The first action after the commit: a later one may run the whole export.
            work.after_commit(turn_is_over)
            now = self.clock.now()
            active = [job for job in work.jobs.active_of(actor.user_id) if not job.is_expired_at(now)]
            rights = rights_digest(actor)
            same = next((job for job in active if _is_same(job, work, view_json, rights)), None)
            if same is None:
                if 0 < self.max_active_jobs <= len(active):
                    raise TooManyExportsError(self.max_active_jobs)
                job, task = self._new_job(actor, view_json, rights, share_key, now)
                work.tasks.add(task)
                work.jobs.add(job)
                # The result has the name of the requester, which only the repository knows.
                job.requester = next((stored.requester for stored in work.jobs.find_all([job.id])), None)
                requested = audit_entry(
                    action, job, at=now, by=actor.user_id, detail=detail, actor_facts=facts_of(actor)
                )
                work.after_commit(record_in(work, self.audit_log, requested))
                work.after_commit(lambda: dispatch_committed(self.task_queue, task))
                work.commit()
                return RequestedExportDto.of_request(job, already_requested=False)
            waiting = same.background_task if same.status == ExportJobStatus.QUEUED else None
            if waiting is not None:
                # The dispatch of the first request may have been lost, or may wait for the host's commit.
                work.after_commit(lambda: dispatch_committed(self.task_queue, waiting))
                work.commit()
        return RequestedExportDto.of_request(same, already_requested=True)

    def _new_job(
        self, actor: Actor, view_json: str, rights: str, share_key: str, now: datetime
    ) -> tuple[ExportJob, BackgroundTask]:
        task = BackgroundTask(name=TASK_NAME, creation_time=now, share_key=share_key or None)
        job = ExportJob.request(
            requester_user_id=actor.user_id,
            snapshot_payload_json=view_json,
            background_task=task,
            now=now,
            retention=self.retention,
        )
        task.args = task_args(job.id, rights=rights)
        return job, task


def _is_same(job: ExportJob, work: UnitOfWork, view_json: str, rights: str) -> bool:
    task = job.background_task
    return task is not None and has_rights(task, rights) and _is_same_view(_view_of(job, work), view_json)


def _view_of(job: ExportJob, work: UnitOfWork) -> str:
    # Long views are read one at a time, so that only one of them is in memory.
    whole = job if job.has_view else work.jobs.find(job.id)
    return whole.snapshot_payload_json if whole else ""


def _is_same_view(stored: str, asked: str) -> bool:
    # Compared as JSON: a database may store the document in another spelling.
    try:
        return bool(parse_json(stored) == parse_json(asked))
    except InvalidPayloadError:
        # The worker fails an export whose view cannot be read. It must not prevent other requests.
        return False
