"""The library's three tables and the host's three. Column keys are the entities' field names."""

from __future__ import annotations

from typing import Any

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
    text,
)
from sqlalchemy.types import TypeEngine

from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user_id import UserKeyType
from ticket_export.infrastructure.persistence.host_columns import plain_name, require_known
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTable, HostTableNames
from ticket_export.infrastructure.persistence.host_users import HostUsers, host_users, key_column_type, user_key_of
from ticket_export.infrastructure.persistence.types import JsonText, StatusText, UtcDateTime

# As Entity Framework, and so the original system, names constraints and indexes.
_NAMING_CONVENTION = {
    "pk": "PK_%(table_name)s",
    "fk": "FK_%(table_name)s_%(referred_table_name)s_%(column_0_name)s",
    "ix": "IX_%(table_name)s_%(column_0_N_name)s",
}


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """One set of the library's tables and the host's three. No table is global.

    `host_users` is None if the host's users are not in this database. Exports have their tasks in `background_tasks`;
    in a database that `adopt` took over, this is `export_tasks` (`tables_in_use`). Other databases have no table
    `export_tasks`.
    """

    metadata: MetaData
    export_jobs: Table
    export_audit_entries: Table
    export_database: Table
    host_users: HostUsers | None
    media_items: Table
    background_tasks: Table
    export_tasks: Table
    user_key: UserKeyType

    @property
    def every(self) -> tuple[Table, ...]:
        """All of the tables, the host's and the library's."""
        users = () if self.host_users is None else (self.host_users.table,)
        own = (self.export_jobs, self.export_audit_entries, self.export_database, self.export_tasks)
        return (*users, self.media_items, self.background_tasks, *own)

    @property
    def has_own_tasks(self) -> bool:
        """Whether exports have their tasks in a table of their own."""
        return self.background_tasks is self.export_tasks


def build_tables(names: HostTableNames = SEED_TABLE_NAMES) -> Tables:
    """Return the tables for a host whose tables have these `names`.

    Raises:
        ConfigurationError: `names` has a column that the library does not know, or an expression or a type of key that
            it cannot use.
    """
    metadata = MetaData(naming_convention=_NAMING_CONVENTION)
    user_key = user_key_of(names)
    users = None if names.users is None else host_users(names.users, metadata, user_key)
    key = key_column_type(user_key)
    media_items = _media_items(metadata, names.media_items, key)
    background_tasks = _background_tasks(metadata, names.background_tasks)
    export_jobs = _export_jobs(metadata, users, media_items, background_tasks, key)
    return Tables(
        metadata=metadata,
        export_jobs=export_jobs,
        export_audit_entries=_export_audit_entries(metadata, key),
        export_database=_export_database(metadata),
        host_users=users,
        media_items=media_items,
        background_tasks=background_tasks,
        export_tasks=_export_tasks(export_jobs),
        user_key=user_key,
    )


def _export_jobs(
    metadata: MetaData, users: HostUsers | None, media_items: Table, background_tasks: Table, key: TypeEngine[Any]
) -> Table:
    media_item, task = media_items.c.id, background_tasks.c.id
    requester = () if users is None else (ForeignKey(users.id, ondelete="RESTRICT"),)
    table = Table(
        "ExportJobs",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("RequesterUserId", key, *requester, key="requester_user_id", nullable=False),
        Column("RequestedAt", UtcDateTime, key="requested_at", nullable=False),
        Column("Status", StatusText(ExportJobStatus.from_developer_name), key="status", nullable=False),
        Column("ProgressStage", String(100), key="progress_stage"),
        Column("ProgressPercent", Integer, key="progress_percent"),
        Column("RowCount", Integer, key="row_count"),
        Column("ErrorMessage", Text, key="error_message"),
        Column("CompletedAt", UtcDateTime, key="completed_at"),
        Column("SnapshotPayloadJson", JsonText, key="snapshot_payload_json", nullable=False),
        Column("MediaItemId", Uuid, ForeignKey(media_item, ondelete="SET NULL"), key="media_item_id"),
        Column("ExpiresAt", UtcDateTime, key="expires_at", nullable=False),
        Column("IsCleanedUp", Boolean, key="is_cleaned_up", nullable=False, server_default=false()),
        Column("BackgroundTaskId", Uuid, ForeignKey(task, ondelete="SET NULL"), key="background_task_id"),
        *_history(key),
    )
    Index(None, table.c.requester_user_id)
    Index(None, table.c.status)
    Index(None, table.c.expires_at)
    Index(None, table.c.expires_at, table.c.is_cleaned_up)
    return table


def _export_audit_entries(metadata: MetaData, key: TypeEngine[Any]) -> Table:
    # Without foreign keys, since the record outlives the job and the user.
    table = Table(
        "ExportAuditEntries",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("At", UtcDateTime, key="at", nullable=False),
        Column("Action", String(50), key="action", nullable=False),
        # Null if the action was refused before there was a job.
        Column("ExportJobId", Uuid, key="export_job_id"),
        Column("ActorUserId", key, key="actor_user_id"),
        # The actor's permissions and attributes.
        Column("ActorFacts", JsonText, key="actor_facts"),
        Column("View", Text, key="view", nullable=False),
        Column("RowCount", Integer, key="row_count"),
        Column("DurationMilliseconds", BigInteger, key="duration_milliseconds"),
        Column("Detail", Text, key="detail"),
    )
    Index(None, table.c.export_job_id)
    Index(None, table.c.at)
    return table


def _export_database(metadata: MetaData) -> Table:
    """One row: the id of this database, and when each chore was last done, as a JSON object by its name."""
    return Table(
        "ExportDatabase",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Chores", JsonText, key="chores"),
    )


def _media_items(metadata: MetaData, host: HostTable, key: TypeEngine[Any]) -> Table:
    return _host_table(
        host,
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Length", BigInteger, key="length", nullable=False),
        Column("FileName", Text, key="file_name", nullable=False),
        Column("ContentType", Text, key="content_type", nullable=False),
        Column("FileStorageProvider", Text, key="file_storage_provider", nullable=False),
        Column("ObjectKey", Text, key="object_key", nullable=False),
        # The storage that has the file; null for a file that an older version stored.
        Column("StoragePlace", Text, key="storage_place"),
        *_history(key),
    )


def _background_tasks(metadata: MetaData, host: HostTable) -> Table:
    table = _host_table(
        host,
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Name", Text, key="name", nullable=False),
        Column("Args", JsonText, key="args", nullable=False),
        Column("Status", StatusText(BackgroundTaskStatus), key="status", nullable=False),
        Column("StatusInfo", Text, key="status_info"),
        Column("PercentComplete", Integer, key="percent_complete", nullable=False),
        Column("NumberOfRetries", Integer, key="number_of_retries", nullable=False),
        Column("ErrorMessage", Text, key="error_message"),
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("CompletionTime", UtcDateTime, key="completion_time"),
        Column("TaskStep", Integer, key="task_step", nullable=False),
        # The lease. The original system stores tasks too, and does not know these columns.
        Column("FencingToken", Integer, key="fencing_token", nullable=False, server_default=text("0")),
        Column("LeasedBy", String(200), key="leased_by"),
        Column("LeasedUntil", UtcDateTime, key="leased_until"),
        # All tasks of one key get the same share of the workers as those of another one.
        Column("ShareKey", Text, key="share_key"),
        Column("StartedAt", UtcDateTime, key="started_at"),
    )
    # Workers look for enqueued tasks, for leases that have run out, and for the last start of a share.
    Index(None, table.c.status, table.c.creation_time)
    Index(None, table.c.share_key, table.c.started_at)
    return table


def _export_tasks(export_jobs: Table) -> Table:
    # Not in the metadata of the other tables, since most databases do not have it.
    table = _background_tasks(MetaData(naming_convention=_NAMING_CONVENTION), HostTable("ExportTasks"))
    # Null until the job is stored, which comes after its task, and after the job is deleted.
    job = ForeignKey(export_jobs.c.id, ondelete="SET NULL")
    table.append_column(Column("ExportJobId", Uuid, job, key="export_job_id"))
    Index(None, table.c.export_job_id, unique=True)
    return table


def _history(key: TypeEngine[Any]) -> tuple[Column[Any], ...]:
    return (
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("CreatorUserId", key, key="creator_user_id"),
        Column("LastModifierUserId", key, key="last_modifier_user_id"),
    )


def _host_table(host: HostTable, metadata: MetaData, *columns: Column[Any]) -> Table:
    require_known(host, (column.key for column in columns))
    for column in columns:
        column.name = plain_name(host, column.key, column.name)
    return Table(host.name, metadata, *columns, schema=host.schema)


#: The tables with the seed's names.
SEED_TABLES = build_tables()
