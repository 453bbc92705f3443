"""The library's tables as models, for the admin and for a host's own queries. Only the use cases write to them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.django.fields import UtcDateTimeField

_STATUSES = [(status.developer_name, status.label) for status in ExportJobStatus.supported_types()]


class MediaItem(models.Model):
    """The file of an export."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    length = models.BigIntegerField(db_column="Length")
    file_name = models.TextField(db_column="FileName")
    content_type = models.TextField(db_column="ContentType")
    object_key = models.TextField(db_column="ObjectKey")
    creation_time = UtcDateTimeField(db_column="CreationTime")

    class Meta:
        """The table of the library."""

        db_table = "MediaItems"
        default_permissions = ()


class BackgroundTask(models.Model):
    """The task of an export, which a worker takes."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    name = models.TextField(db_column="Name")
    status = models.CharField(max_length=50, db_column="Status")
    number_of_retries = models.IntegerField(db_column="NumberOfRetries")
    creation_time = UtcDateTimeField(db_column="CreationTime")

    class Meta:
        """The table of the library."""

        db_table = "BackgroundTasks"
        default_permissions = ()


class ExportJob(models.Model):
    """An export that a user has requested."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_column="RequesterUserId", related_name="+"
    )
    requested_at = UtcDateTimeField(db_column="RequestedAt")
    status = models.CharField(max_length=50, choices=_STATUSES, db_column="Status")
    progress_stage = models.CharField(max_length=100, null=True, db_column="ProgressStage")
    progress_percent = models.IntegerField(null=True, db_column="ProgressPercent")
    row_count = models.IntegerField("rows", null=True, db_column="RowCount")
    error_message = models.TextField("error", null=True, db_column="ErrorMessage")
    completed_at = UtcDateTimeField(null=True, db_column="CompletedAt")
    snapshot_payload = models.JSONField("view", db_column="SnapshotPayloadJson")
    media_item = models.ForeignKey(MediaItem, models.SET_NULL, null=True, db_column="MediaItemId", related_name="+")
    expires_at = UtcDateTimeField(db_column="ExpiresAt")
    is_cleaned_up = models.BooleanField(default=False, db_column="IsCleanedUp")
    background_task = models.ForeignKey(
        BackgroundTask, models.SET_NULL, null=True, db_column="BackgroundTaskId", related_name="+"
    )

    class Meta:
        """The table of the library, and the permission to export."""

        db_table = "ExportJobs"
        verbose_name = "export"
        default_permissions = ("view",)
        permissions: ClassVar = [("import_export_tickets", "Can import / export tickets")]

    def __str__(self) -> str:
        return str(self.id)


class ExportAuditEntry(models.Model):
    """An entry of the audit log, where ``TICKET_EXPORT_AUDIT_LOG`` is ``table``."""

    id = models.UUIDField(primary_key=True, db_column="Id", editable=False)
    at = UtcDateTimeField(db_column="At")
    action = models.CharField(max_length=50, db_column="Action")
    export_job_id = models.UUIDField(null=True, db_column="ExportJobId")
    row_count = models.IntegerField(null=True, db_column="RowCount")
    detail = models.TextField(null=True, db_column="Detail")

    class Meta:
        """The table of the library."""

        db_table = "ExportAuditEntries"
        verbose_name_plural = "export audit entries"
        default_permissions = ()
