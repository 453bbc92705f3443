"""AddExportJobs: the seed's one migration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.infrastructure.persistence.migrations.host_schema import (
    host_table_names,
    is_adopted,
    refuse_existing,
)

revision = "add_export_jobs"
down_revision = None


def upgrade() -> None:
    """Create ``ExportJobs``, which refers to the host's users, media items and background tasks."""
    names = host_table_names()
    users, media_items, tasks = names.users, names.media_items, names.background_tasks
    refuse_existing("ExportJobs")
    op.create_table(
        "ExportJobs",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("RequesterUserId", sa.Uuid(), nullable=False),
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
        sa.Column("CreatorUserId", sa.Uuid()),
        sa.Column("LastModifierUserId", sa.Uuid()),
        sa.PrimaryKeyConstraint("Id", name="PK_ExportJobs"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table.name}.{table.columns.get('id', 'Id')}"],
                name=f"FK_ExportJobs_{table.name}_{column}",
                ondelete=ondelete,
            )
            for column, table, ondelete in (
                ("RequesterUserId", users, "RESTRICT"),
                ("MediaItemId", media_items, "SET NULL"),
                ("BackgroundTaskId", tasks, "SET NULL"),
            )
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
