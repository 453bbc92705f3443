"""AddExportJobs: the seed's one migration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.infrastructure.persistence.migrations.host_schema import (
    has_own_tasks,
    host_table_names,
    is_adopted,
    refuse_existing,
    require_key,
    require_tables,
    user_key_type,
)
from ticket_export.infrastructure.persistence.tables import build_tables

revision = "add_export_jobs"
down_revision = None


def upgrade() -> None:
    """Create ``ExportJobs``, which refers to the host's users, media items and background tasks."""
    tables, key = build_tables(host_table_names()), user_key_type()
    referred = [(tables.media_items.c.id, "MediaItemId", "SET NULL")]
    if not has_own_tasks():
        referred.append((tables.background_tasks.c.id, "BackgroundTaskId", "SET NULL"))
    users = tables.host_users
    if users is not None:
        referred.insert(0, (users.id, "RequesterUserId", "RESTRICT"))
    require_tables(*(column.table for column, _, _ in referred))
    if users is not None:
        require_key(users.id, tables.user_key)
    refuse_existing("ExportJobs")
    op.create_table(
        "ExportJobs",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("RequesterUserId", key, nullable=False),
        sa.Column("RequestedAt", sa.DateTime(), nullable=False),
        sa.Column("Status", sa.String(50), nullable=False),
        sa.Column("ProgressStage", sa.String(100)),
        sa.Column("ProgressPercent", sa.Integer()),
        sa.Column("RowCount", sa.Integer()),
        sa.Column("ErrorMessage", sa.Text()),
        sa.Column("CompletedAt", sa.DateTime()),
        sa.Column("SnapshotPayloadJson", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("MediaItemId", sa.Uuid()),
        sa.Column("ExpiresAt", sa.DateTime(), nullable=False),
        sa.Column("IsCleanedUp", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("BackgroundTaskId", sa.Uuid()),
        sa.Column("CreationTime", sa.DateTime(), nullable=False),
        sa.Column("LastModificationTime", sa.DateTime()),
        sa.Column("CreatorUserId", key),
        sa.Column("LastModifierUserId", key),
        sa.PrimaryKeyConstraint("Id", name="PK_ExportJobs"),
        *(
            sa.ForeignKeyConstraint(
                [name],
                [column],
                name=f"FK_ExportJobs_{column.table.name}_{name}",
                ondelete=ondelete,
            )
            for column, name, ondelete in referred
        ),
    )
    op.create_index("IX_ExportJobs_RequesterUserId", "ExportJobs", ["RequesterUserId"])
    op.create_index("IX_ExportJobs_Status", "ExportJobs", ["Status"])
    op.create_index("IX_ExportJobs_ExpiresAt", "ExportJobs", ["ExpiresAt"])
    op.create_index("IX_ExportJobs_ExpiresAt_IsCleanedUp", "ExportJobs", ["ExpiresAt", "IsCleanedUp"])


def downgrade() -> None:
    """Remove the table with every record of an export, unless another program made it."""
    if not is_adopted("ExportJobs"):
        op.drop_table("ExportJobs")
