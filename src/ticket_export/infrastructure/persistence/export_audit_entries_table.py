"""The table of the audit log, which the library brings beside ``ExportJobs``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, Uuid

from ticket_export.infrastructure.persistence.types import UtcDateTime


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
