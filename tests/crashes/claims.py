"""What is true of every state, and of every end."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID

from tests.crashes.case import Case, Stored
from tests.crashes.process import SECRET
from tests.crashes.world import TITLES, World
from ticket_export import ExportJobStatus
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.application.file.ownership import Owner
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.ports import ExportJob

_TASK_STATUS = {
    ExportJobStatus.QUEUED.developer_name: BackgroundTaskStatus.ENQUEUED,
    ExportJobStatus.RUNNING.developer_name: BackgroundTaskStatus.PROCESSING,
    ExportJobStatus.COMPLETED.developer_name: BackgroundTaskStatus.COMPLETE,
    ExportJobStatus.FAILED.developer_name: BackgroundTaskStatus.ERROR,
}


def claim_sound(world: World, stored: Stored, *, files_may_be_gone: bool = False) -> None:
    """True after every single step of anybody."""
    rows, objects = stored.rows, stored.objects
    jobs = rows.jobs.values()
    assert Counter(job.background_task_id for job in jobs) == Counter(rows.tasks.keys()), "a job or a task is alone"
    assert {job.media_item_id for job in jobs} - {None} == set(rows.media_items), "a media item is nobody's"
    for key, data in objects.items():
        assert not key.startswith("exports/") or is_whole(key, data, world.right_bytes), "half a file is readable"
    for job in jobs:
        has_file = job.status == ExportJobStatus.COMPLETED and not job.is_cleaned_up
        assert (job.media_item_id is not None) == has_file
        assert (job.error_message is not None) == (job.status == ExportJobStatus.FAILED)
        assert SECRET not in (job.error_message or "")
        if job.media_item_id is not None and not job.is_expired_at(world.clock.now()) and not files_may_be_gone:
            item = rows.media_items[job.media_item_id]
            assert objects.get(item.object_key) == world.right_bytes, "a completed export cannot be read"
            assert manifest_key(item.object_key) in objects, "a completed export has no manifest"
            assert item.length == len(world.right_bytes)
        if job.is_cleaned_up:
            assert not files_of(job.id, objects), "cleaned up, it says, and the file is there"


def is_owner(key: str) -> bool:
    return key.endswith("/owner.json")


def is_whole(key: str, data: bytes, right_bytes: bytes) -> bool:
    if is_owner(key):
        return Owner.model_validate_json(data) is not None
    if not key.endswith(".manifest.json"):
        return data == right_bytes
    return ExportManifest.read(data).sha256 == sha256(right_bytes).hexdigest()


def claim_in_order(stored: Stored) -> None:
    """The task is where its job is."""
    rows = stored.rows
    for job in rows.jobs.values():
        assert job.background_task_id is not None
        assert rows.tasks[job.background_task_id].status is _TASK_STATUS[job.status.developer_name]


def claim_audited(case: Case, stored: Stored) -> None:
    """True after every single step of anybody: what is stored is recorded, once, and nothing else is.

    Where no transaction knows the audit log, a process may die in between; nothing is recorded twice then, or too soon.
    """
    holds = operator.eq if case.world.audits_in_transaction else operator.le
    audited, jobs = stored.audited, stored.rows.jobs
    # The entries outlive an export that was purged or forgotten.
    assert {job_id for _, job_id in audited} <= {*jobs, *case.jobs}, "it was recorded and undone"
    for job in jobs.values():
        is_failed = job.status == ExportJobStatus.FAILED
        assert holds(audited[AuditAction.REQUESTED, job.id] + audited[AuditAction.RETRIED, job.id], 1)
        assert holds(audited[AuditAction.COMPLETED, job.id], job.status == ExportJobStatus.COMPLETED)
        assert holds(audited[AuditAction.CANCELLED, job.id], job.is_cancelled)
        assert holds(audited[AuditAction.FAILED, job.id], is_failed and not job.is_cancelled)
        assert holds(audited[AuditAction.CLEANED_UP, job.id], job.is_cleaned_up)


def claim_told(case: Case, stored: Stored) -> None:
    told = Counter((event, job.id) for event, job in case.world.events.events)
    assert not told or max(told.values()) == 1, "somebody was told twice"
    if "TicketSource.open" in case.process.calls:
        assert AuditAction.STARTED in {action for action, _ in stored.audited}, "tickets were read and nobody knows"


def claim_ended(case: Case, stored: Stored) -> None:
    """Nothing is under way, and nothing is left over."""
    rows = stored.rows
    for job in rows.jobs.values():
        assert job.status.is_final, f"it is still {job.status}"
    files = {item.object_key for item in rows.media_items.values()}
    known = files | set(map(manifest_key, files))
    found = {key for key in stored.objects if key.startswith("exports/") and not is_owner(key)}
    assert found == known, "an object is nobody's"
    assert case.world.partials() == 0
    for before in case.at_once.values():
        after = rows.jobs.get(before.id)
        if after is not None and before.status.is_final:
            assert (after.status, after.error_message) == (before.status, before.error_message), "it ended twice"


def claim_completed(job: ExportJob) -> None:
    assert job.status == ExportJobStatus.COMPLETED, job.error_message
    assert job.row_count == len(TITLES)


def claim_failed(job: ExportJob, *messages: str) -> None:
    assert job.status == ExportJobStatus.FAILED
    assert job.error_message is not None
    assert any(message in job.error_message for message in messages), job.error_message


def files_of(job_id: UUID, objects: Mapping[str, bytes]) -> list[str]:
    return [key for key in objects if str(job_id) in key]
