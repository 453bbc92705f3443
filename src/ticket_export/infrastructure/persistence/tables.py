"""The tables, with PascalCase names in the database and the Python names as column keys."""

from __future__ import annotations

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from ticket_export.infrastructure.persistence import host_tables
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
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


def export_audit_entries_table(metadata: MetaData) -> Table:
    """``ExportAuditEntries``: it refers to nothing, since the record outlives the job and the user."""
    table = Table(
        "ExportAuditEntries",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("At", UtcDateTime, key="at", nullable=False),
        Column("Action", String(50), key="action", nullable=False),
        Column("ExportJobId", Uuid, key="export_job_id", nullable=False),
        Column("ActorUserId", Uuid, key="actor_user_id"),
        Column("View", Text, key="view", nullable=False),
        Column("RowCount", Integer, key="row_count"),
        Column("DurationMilliseconds", BigInteger, key="duration_milliseconds"),
        Column("Detail", Text, key="detail"),
    )
    Index(None, table.c.export_job_id)
    Index(None, table.c.at)
    return table


#: The names that Entity Framework gives, and with it the original system.
_NAMING_CONVENTION = {
    "pk": "PK_%(table_name)s",
    "fk": "FK_%(table_name)s_%(referred_table_name)s_%(column_0_name)s",
    "ix": "IX_%(table_name)s_%(column_0_N_name)s",
}


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """One set of tables: our own two, and the host's three that they refer to. Nothing is global."""

    metadata: MetaData
    export_jobs: Table
    export_audit_entries: Table
    users: Table
    media_items: Table
    background_tasks: Table


def build_tables(names: HostTableNames = SEED_TABLE_NAMES) -> Tables:
    """The tables of a host that calls its own `names`.

    Raises:
        ConfigurationError: `names` speaks of a column that the library does not know.
    """
    metadata = MetaData(naming_convention=_NAMING_CONVENTION)
    users = host_tables.users_table(metadata, names.users)
    media_items = host_tables.media_items_table(metadata, names.media_items)
    background_tasks = host_tables.background_tasks_table(metadata, names.background_tasks)
    return Tables(
        metadata=metadata,
        export_jobs=export_jobs_table(
            metadata, users=users, media_items=media_items, background_tasks=background_tasks
        ),
        export_audit_entries=export_audit_entries_table(metadata),
        users=users,
        media_items=media_items,
        background_tasks=background_tasks,
    )


#: The tables under the seed's own names.
SEED_TABLES = build_tables()
