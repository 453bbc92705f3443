"""Contacts can be soft-deleted, as tickets can; the export does not name those that are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "let_contacts_be_deleted"
down_revision = "create_help_desk"


def upgrade() -> None:
    """Add ``Contacts.IsDeleted``, false for all there are."""
    op.add_column("Contacts", sa.Column("IsDeleted", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Remove the column: deleted contacts are named again."""
    op.drop_column("Contacts", "IsDeleted")
