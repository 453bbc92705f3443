"""AddFairShare: when each task of an export was last started.

The host's table of tasks gets the same column and index, as the comparison after this history says.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ticket_export.infrastructure.persistence.migrations.host_schema import has_own_tasks

revision = "add_fair_share"
down_revision = "add_export_tasks"

_TABLE, _INDEX = "ExportTasks", "IX_ExportTasks_ShareKey_StartedAt"


def upgrade() -> None:
    """Add the column, which may be null, so that an older version of the library works next to this one."""
    if not has_own_tasks():
        return
    # A table that this upgrade has just created is as the migration before describes it.
    op.add_column(_TABLE, sa.Column("StartedAt", sa.DateTime()))
    op.create_index(_INDEX, _TABLE, ["ShareKey", "StartedAt"])


def downgrade() -> None:
    """Remove the column and its index."""
    if has_own_tasks():
        op.drop_index(_INDEX, _TABLE)
        op.drop_column(_TABLE, "StartedAt")
