"""The three tables that ``ExportJobs`` points at; a host that has its own gives their names."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
    text,
    true,
)

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.types import BackgroundTaskStatusText, JsonText, UtcDateTime


@attrs.frozen
class HostTable:
    """One table of the host.

    `columns` maps a Python name to the host's column name (``{"email_address": "email"}``); what it
    leaves out has the seed's name.
    """

    name: str
    columns: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class HostTableNames:
    """The three tables that the host brings along, with the seed's names as the default."""

    users: HostTable = HostTable("Users")
    media_items: HostTable = HostTable("MediaItems")
    background_tasks: HostTable = HostTable("BackgroundTasks")


#: The names of the owner's data model.
SEED_TABLE_NAMES = HostTableNames()


def users_table(metadata: MetaData, host: HostTable) -> Table:
    """``Users``: the staff."""
    table = _host_table(
        host,
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("FirstName", Text, key="first_name", nullable=False),
        Column("LastName", Text, key="last_name", nullable=False),
        Column("EmailAddress", Text, key="email_address", nullable=False),
        Column("IsAdmin", Boolean, key="is_admin", nullable=False, server_default=false()),
        Column("IsActive", Boolean, key="is_active", nullable=False, server_default=true()),
    )
    Index(None, table.c.email_address, unique=True)
    return table


def media_items_table(metadata: MetaData, host: HostTable) -> Table:
    """``MediaItems``: the stored files."""
    return _host_table(
        host,
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Length", BigInteger, key="length", nullable=False),
        Column("FileName", Text, key="file_name", nullable=False),
        Column("ContentType", Text, key="content_type", nullable=False),
        Column("FileStorageProvider", Text, key="file_storage_provider", nullable=False),
        Column("ObjectKey", Text, key="object_key", nullable=False),
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("CreatorUserId", Uuid, key="creator_user_id"),
        Column("LastModifierUserId", Uuid, key="last_modifier_user_id"),
    )


def background_tasks_table(metadata: MetaData, host: HostTable) -> Table:
    """``BackgroundTasks``: the queue, with the three columns of the lease at its end."""
    table = _host_table(
        host,
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Name", Text, key="name", nullable=False),
        Column("Args", JsonText, key="args", nullable=False),
        Column("Status", BackgroundTaskStatusText, key="status", nullable=False),
        Column("StatusInfo", Text, key="status_info"),
        Column("PercentComplete", Integer, key="percent_complete", nullable=False),
        Column("NumberOfRetries", Integer, key="number_of_retries", nullable=False),
        Column("ErrorMessage", Text, key="error_message"),
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("CompletionTime", UtcDateTime, key="completion_time"),
        Column("TaskStep", Integer, key="task_step", nullable=False),
        # The original system writes tasks too, and knows nothing of leases.
        Column("FencingToken", Integer, key="fencing_token", nullable=False, server_default=text("0")),
        Column("LeasedBy", String(200), key="leased_by"),
        Column("LeasedUntil", UtcDateTime, key="leased_until"),
    )
    # A worker looks for the oldest task that is enqueued, and for leases that ran out.
    Index(None, table.c.status, table.c.creation_time)
    return table


def _host_table(host: HostTable, metadata: MetaData, *columns: Column[object]) -> Table:
    known = {column.key for column in columns}
    unknown = sorted(set(host.columns) - known)
    if unknown:
        raise ConfigurationError(
            f"table {host.name!r}: no column is known as {', '.join(unknown)}; known are: {', '.join(sorted(known))}"
        )
    for column in columns:
        column.name = host.columns.get(column.key, column.name)
    return Table(host.name, metadata, *columns)
