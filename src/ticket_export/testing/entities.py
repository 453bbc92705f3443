"""Entities for the contract suites, with values that show a lost field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import getrandbits
from uuid import UUID, uuid4

import attrs

from ticket_export.application.actor import Actor
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import RETENTION, ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.system_permissions import BuiltInSystemPermission
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId, UserKeyType

# Microseconds are the smallest step that every database keeps.
NOW = datetime(2025, 12, 13, 9, 30, 15, 123456, tzinfo=UTC)


#: An administrator with every permission.
AN_ACTOR = Actor(
    user_id=UUID("00000000-0000-4000-8000-0000000000a1"),
    is_admin=True,
    permissions=BuiltInSystemPermission.all_permissions(),
)


def a_user_id(user_key: UserKeyType = UUID) -> UserId:
    """A new key that changes if it is cut, trimmed, folded or made a smaller number."""
    if user_key is UUID:
        return uuid4()
    return getrandbits(62) + 2**62 if user_key is int else f" Zoë \u0130 '{uuid4()}' "


def user_key_of(user_id: UserId) -> UserKeyType:
    """The type of the key."""
    return next(kind for kind in (UUID, int, str) if isinstance(user_id, kind))


def a_user(user_key: UserKeyType = UUID) -> User:
    """A new user with an id and an address of their own."""
    user_id = a_user_id(user_key)
    return User(
        id=user_id, first_name="Zoë", last_name="O'Hara", email_address=f"{uuid4()}@example.test", is_admin=True
    )


def a_task() -> BackgroundTask:
    """A task with nothing left at its default."""
    return BackgroundTask(
        name="export",
        args='{"job":"é"}',
        status=BackgroundTaskStatus.PROCESSING,
        status_info="Exporting",
        percent_complete=40,
        number_of_retries=2,
        error_message="went wrong: 'quoted' ☃",
        creation_time=NOW,
        last_modification_time=NOW + timedelta(seconds=1),
        completion_time=NOW + timedelta(seconds=2),
        task_step=3,
        fencing_token=3,
        leased_by="worker-1",
        leased_until=NOW + timedelta(seconds=30),
        share_key="acme ☃",
        started_at=NOW + timedelta(seconds=4),
    )


def a_media_item(user_key: UserKeyType = UUID) -> MediaItem:
    """A media item with nothing left at its default, longer than 32 bits can hold."""
    return MediaItem(
        length=5_000_000_000,
        file_name="tickets ☃.csv",
        content_type="text/csv; charset=utf-8",
        file_storage_provider="local",
        object_key=f"exports/{uuid4()}/1/tickets.csv",
        storage_place="file:///srv/exports ☃",
        creation_time=NOW,
        last_modification_time=NOW + timedelta(seconds=1),
        creator_user_id=a_user_id(user_key),
        last_modifier_user_id=a_user_id(user_key),
    )


def a_job(
    requester: User,
    *,
    requested_at: datetime = NOW,
    status: ExportJobStatus = ExportJobStatus.QUEUED,
    background_task_id: UUID | None = None,
) -> ExportJob:
    """A job that points only at its requester and, if it is given, a background task."""
    return ExportJob(
        requester_user_id=requester.id,
        requested_at=requested_at,
        status=status,
        snapshot_payload_json='{"columns":["id","title"]}',
        expires_at=NOW + RETENTION,
        background_task_id=background_task_id,
        creation_time=NOW,
    )


def a_completed_job(requester: User, media_item: MediaItem, task: BackgroundTask) -> ExportJob:
    """A job with nothing left at its default."""
    return attrs.evolve(
        a_job(requester, status=ExportJobStatus.COMPLETED, background_task_id=task.id),
        progress_stage="Uploading",
        progress_percent=100,
        row_count=1_000_000,
        error_message="none, but stored ☃",
        completed_at=NOW + timedelta(minutes=1),
        media_item_id=media_item.id,
        is_cleaned_up=True,
        last_modification_time=NOW + timedelta(minutes=2),
        creator_user_id=a_user_id(user_key_of(requester.id)),
        last_modifier_user_id=a_user_id(user_key_of(requester.id)),
    )
