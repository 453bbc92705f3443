"""AddExportTasks: a table for the tasks of exports, where another program takes every task of the shared table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.infrastructure.persistence.migrations.host_schema import has_own_tasks, refuse_existing

revision = "add_export_tasks"
down_revision = "add_export_database"

_TABLE = "ExportTasks"


def upgrade() -> None:
    """Create the table in a database that is adopted; other databases have the tasks in ``BackgroundTasks``."""
    if not has_own_tasks():
        return
    refuse_existing(_TABLE)
    op.create_table(
        _TABLE,
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Name", sa.Text(), nullable=False),
        sa.Column("Args", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("Status", sa.String(50), nullable=False),
        sa.Column("StatusInfo", sa.Text()),
        sa.Column("PercentComplete", sa.Integer(), nullable=False),
        sa.Column("NumberOfRetries", sa.Integer(), nullable=False),
        sa.Column("ErrorMessage", sa.Text()),
        sa.Column("CreationTime", sa.DateTime(), nullable=False),
        sa.Column("LastModificationTime", sa.DateTime()),
        sa.Column("CompletionTime", sa.DateTime()),
        sa.Column("TaskStep", sa.Integer(), nullable=False),
        sa.Column("FencingToken", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("LeasedBy", sa.String(200)),
        sa.Column("LeasedUntil", sa.DateTime()),
        sa.Column("ShareKey", sa.Text()),
        sa.Column("ExportJobId", sa.Uuid()),
        sa.PrimaryKeyConstraint("Id", name="PK_ExportTasks"),
        sa.ForeignKeyConstraint(
            ["ExportJobId"], ["ExportJobs.Id"], name="FK_ExportTasks_ExportJobs_ExportJobId", ondelete="SET NULL"
        ),
    )
    op.create_index("IX_ExportTasks_Status_CreationTime", _TABLE, ["Status", "CreationTime"])
    op.create_index("IX_ExportTasks_ExportJobId", _TABLE, ["ExportJobId"], unique=True)


def downgrade() -> None:
    """Remove the table, if there is one, with all tasks of exports."""
    op.drop_table(_TABLE, if_exists=True)
