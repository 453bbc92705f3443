"""The library's tables as models, for the admin and for a host's own queries. Only the use cases write to them.

The models have every column and index of the tables, so that ``dumpdata`` and ``loaddata`` lose nothing, and Django can
make a table again where SQLite requires that.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.django.fields import ExportIndex, UserKeyField, UtcDateTimeField

_STATUSES = [(status.developer_name, status.label) for status in ExportJobStatus.supported_types()]


class MediaItem(models.Model):
    """The file of an export."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    length = models.BigIntegerField(db_column="Length")
    file_name = models.TextField(db_column="FileName")
    content_type = models.TextField(db_column="ContentType")
    file_storage_provider = models.TextField(db_column="FileStorageProvider")
    object_key = models.TextField(db_column="ObjectKey")
    storage_place = models.TextField(null=True, db_column="StoragePlace")
    creation_time = UtcDateTimeField(db_column="CreationTime")
    last_modification_time = UtcDateTimeField(null=True, db_column="LastModificationTime")
    creator_user_id = UserKeyField(null=True, db_column="CreatorUserId")
    last_modifier_user_id = UserKeyField(null=True, db_column="LastModifierUserId")

    class Meta:
        """The table of the library."""

        db_table = "MediaItems"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.file_name)


class BackgroundTask(models.Model):
    """The task of an export, which a worker takes."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    name = models.TextField(db_column="Name")
    args = models.JSONField(db_column="Args")
    status = models.CharField(max_length=50, db_column="Status")
    status_info = models.TextField(null=True, db_column="StatusInfo")
    percent_complete = models.IntegerField(db_column="PercentComplete")
    number_of_retries = models.IntegerField(db_column="NumberOfRetries")
    error_message = models.TextField(null=True, db_column="ErrorMessage")
    creation_time = UtcDateTimeField(db_column="CreationTime")
    last_modification_time = UtcDateTimeField(null=True, db_column="LastModificationTime")
    completion_time = UtcDateTimeField(null=True, db_column="CompletionTime")
    task_step = models.IntegerField(db_column="TaskStep")
    fencing_token = models.IntegerField(default=0, db_default=0, db_column="FencingToken")
    leased_by = models.CharField(max_length=200, null=True, db_column="LeasedBy")
    leased_until = UtcDateTimeField(null=True, db_column="LeasedUntil")
    share_key = models.TextField(null=True, db_column="ShareKey")
    started_at = UtcDateTimeField(null=True, db_column="StartedAt")

    class Meta:
        """The table of the library."""

        db_table = "BackgroundTasks"
        default_permissions = ()
        indexes: ClassVar = [
            ExportIndex(fields=["status", "creation_time"], name="IX_BackgroundTasks_Status_CreationTime"),
            ExportIndex(fields=["share_key", "started_at"], name="IX_BackgroundTasks_ShareKey_StartedAt"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class ExportJob(models.Model):
    """An export that a user has requested."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_column="RequesterUserId", related_name="+", db_index=False
    )
    requested_at = UtcDateTimeField(db_column="RequestedAt")
    status = models.CharField(max_length=50, choices=_STATUSES, db_column="Status")
    progress_stage = models.CharField(max_length=100, null=True, db_column="ProgressStage")
    progress_percent = models.IntegerField(null=True, db_column="ProgressPercent")
    row_count = models.IntegerField("rows", null=True, db_column="RowCount")
    error_message = models.TextField("error", null=True, db_column="ErrorMessage")
    completed_at = UtcDateTimeField(null=True, db_column="CompletedAt")
    snapshot_payload = models.JSONField("view", db_column="SnapshotPayloadJson")
    media_item = models.ForeignKey(
        MediaItem, models.SET_NULL, null=True, db_column="MediaItemId", related_name="+", db_index=False
    )
    expires_at = UtcDateTimeField(db_column="ExpiresAt")
    is_cleaned_up = models.BooleanField(default=False, db_default=False, db_column="IsCleanedUp")
    background_task = models.ForeignKey(
        BackgroundTask, models.SET_NULL, null=True, db_column="BackgroundTaskId", related_name="+", db_index=False
    )
    creation_time = UtcDateTimeField(db_column="CreationTime")
    last_modification_time = UtcDateTimeField(null=True, db_column="LastModificationTime")
    creator_user_id = UserKeyField(null=True, db_column="CreatorUserId")
    last_modifier_user_id = UserKeyField(null=True, db_column="LastModifierUserId")

    class Meta:
        """The table of the library, and the permission to export."""

        db_table = "ExportJobs"
        verbose_name = "export"
        default_permissions = ("view",)
        permissions: ClassVar = [("import_export_tickets", "Can import / export tickets")]
        indexes: ClassVar = [
            ExportIndex(fields=["requester"], name="IX_ExportJobs_RequesterUserId"),
            ExportIndex(fields=["status"], name="IX_ExportJobs_Status"),
            ExportIndex(fields=["expires_at"], name="IX_ExportJobs_ExpiresAt"),
            ExportIndex(fields=["expires_at", "is_cleaned_up"], name="IX_ExportJobs_ExpiresAt_IsCleanedUp"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ExportAuditEntry(models.Model):
    """An entry of the audit log, where ``TICKET_EXPORT_AUDIT_LOG`` is ``table``."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    at = UtcDateTimeField(db_column="At")
    action = models.CharField(max_length=50, db_column="Action")
    export_job_id = models.UUIDField(null=True, db_column="ExportJobId")
    actor_user_id = UserKeyField(null=True, db_column="ActorUserId")
    actor_facts = models.JSONField(null=True, db_column="ActorFacts")
    view = models.TextField(db_column="View")
    row_count = models.IntegerField(null=True, db_column="RowCount")
    duration_milliseconds = models.BigIntegerField(null=True, db_column="DurationMilliseconds")
    detail = models.TextField(null=True, db_column="Detail")

    class Meta:
        """The table of the library."""

        db_table = "ExportAuditEntries"
        verbose_name_plural = "export audit entries"
        default_permissions = ()
        indexes: ClassVar = [
            ExportIndex(fields=["export_job_id"], name="IX_ExportAuditEntries_ExportJobId"),
            ExportIndex(fields=["at"], name="IX_ExportAuditEntries_At"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"
