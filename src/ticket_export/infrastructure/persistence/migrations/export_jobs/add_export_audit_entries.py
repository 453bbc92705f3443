"""AddExportAuditEntries: a table for the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ticket_export.infrastructure.persistence.migrations.host_schema import refuse_existing, user_key_type

revision = "add_export_audit_entries"
down_revision = "add_export_jobs"


def upgrade() -> None:
    """Create ``ExportAuditEntries``, which refers to no other table."""
    refuse_existing("ExportAuditEntries")
    op.create_table(
        "ExportAuditEntries",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("At", sa.DateTime(), nullable=False),
        sa.Column("Action", sa.String(50), nullable=False),
        sa.Column("ExportJobId", sa.Uuid(), nullable=False),
        sa.Column("ActorUserId", user_key_type()),
        sa.Column("View", sa.Text(), nullable=False),
        sa.Column("RowCount", sa.Integer()),
        sa.Column("DurationMilliseconds", sa.BigInteger()),
        sa.Column("Detail", sa.Text()),
        sa.PrimaryKeyConstraint("Id", name="PK_ExportAuditEntries"),
    )
    op.create_index("IX_ExportAuditEntries_ExportJobId", "ExportAuditEntries", ["ExportJobId"])
    op.create_index("IX_ExportAuditEntries_At", "ExportAuditEntries", ["At"])


def downgrade() -> None:
    """Remove the table with all entries of the audit log."""
    op.drop_table("ExportAuditEntries")
