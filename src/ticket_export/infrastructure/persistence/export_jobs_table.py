"""The table of jobs (the seed's "New Table: ExportJobs")."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, Uuid, false

from ticket_export.infrastructure.persistence.types import ExportJobStatusText, JsonText, UtcDateTime


def export_jobs_table(metadata: MetaData, *, users: Table, media_items: Table, background_tasks: Table) -> Table:
    """``ExportJobs``, exactly as the seed has it; constraints are named by the metadata's convention."""
    table = Table(
        "ExportJobs",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column(
            "RequesterUserId",
            Uuid,
            ForeignKey(users.c.id, ondelete="RESTRICT"),
            key="requester_user_id",
            nullable=False,
        ),
        Column("RequestedAt", UtcDateTime, key="requested_at", nullable=False),
        Column("Status", ExportJobStatusText, key="status", nullable=False),
        Column("ProgressStage", String(100), key="progress_stage"),
        Column("ProgressPercent", Integer, key="progress_percent"),
        Column("RowCount", Integer, key="row_count"),
        Column("ErrorMessage", Text, key="error_message"),
        Column("CompletedAt", UtcDateTime, key="completed_at"),
        Column("SnapshotPayloadJson", JsonText, key="snapshot_payload_json", nullable=False),
        Column("MediaItemId", Uuid, ForeignKey(media_items.c.id, ondelete="SET NULL"), key="media_item_id"),
        Column("ExpiresAt", UtcDateTime, key="expires_at", nullable=False),
        Column("IsCleanedUp", Boolean, key="is_cleaned_up", nullable=False, server_default=false()),
        Column(
            "BackgroundTaskId", Uuid, ForeignKey(background_tasks.c.id, ondelete="SET NULL"), key="background_task_id"
        ),
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("CreatorUserId", Uuid, key="creator_user_id"),
        Column("LastModifierUserId", Uuid, key="last_modifier_user_id"),
    )
    Index(None, table.c.requester_user_id)
    Index(None, table.c.status)
    Index(None, table.c.expires_at)
    Index(None, table.c.expires_at, table.c.is_cleaned_up)
    return table
