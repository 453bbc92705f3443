"""AddExportDatabase: an id of the database, and columns for places of files, fair shares and facts of the audit log.

Every new column may be null, so that an older version of the library works next to this one. The host may have the two
columns of its own tables already.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.infrastructure.persistence.migrations.host_schema import (
    refuse_existing,
)

revision = "add_export_database"
down_revision = "add_export_audit_entries"

_json = sa.Text().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create ``ExportDatabase`` with its row, and add the columns."""
    refuse_existing("ExportDatabase")
    database = op.create_table(
        "ExportDatabase",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Chores", _json),
        sa.PrimaryKeyConstraint("Id", name="PK_ExportDatabase"),
    )
    op.bulk_insert(database, [{"Id": uuid4()}])
    # SQLite copies the table, to change a column.
    with op.batch_alter_table("ExportAuditEntries") as entries:
        entries.add_column(sa.Column("ActorFacts", _json))
        entries.alter_column("ExportJobId", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    """Remove the table, the columns, and the audit entries that are about no export.

    A column of a host's table stays if the host has named it.
    """
    op.execute('DELETE FROM "ExportAuditEntries" WHERE "ExportJobId" IS NULL')
    with op.batch_alter_table("ExportAuditEntries") as entries:
        entries.alter_column("ExportJobId", existing_type=sa.Uuid(), nullable=False)
        entries.drop_column("ActorFacts")
    op.drop_table("ExportDatabase")
