"""Let contacts be soft-deleted, as tickets can be; exports do not name a deleted contact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "let_contacts_be_deleted"
down_revision = "create_help_desk"


def upgrade() -> None:
    """Add ``Contacts.IsDeleted``, false for all existing contacts."""
    op.add_column("Contacts", sa.Column("IsDeleted", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Remove the column; exports name deleted contacts again."""
    op.drop_column("Contacts", "IsDeleted")
