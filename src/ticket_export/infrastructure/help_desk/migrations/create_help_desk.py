"""Create the help desk's tables as the first release has them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.infrastructure.persistence.migrations.host_schema import refuse_existing

revision = "create_help_desk"
down_revision = None

_json = sa.Text().with_variant(JSONB(), "postgresql")
_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# In the order of their creation: a table comes after the tables that it refers to.
_TABLES = ("Users", "Roles", "RoleUser", "Teams", "Contacts", "Tickets", "MediaItems", "BackgroundTasks")
_FILTERED = (
    *("Status", "Priority", "OwningTeamId", "AssigneeId", "CreatedByStaffId", "ContactId"),
    *("LastModificationTime", "SlaDueAt", "ResolvedAt", "ClosedAt"),
)


def upgrade() -> None:
    """Create the eight tables."""
    refuse_existing(*_TABLES)
    _create_users()
    _create_tickets()
    _create_media_items()
    _create_background_tasks()


def downgrade() -> None:
    """Remove them with all their rows."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _create_users() -> None:
    op.create_table(
        "Users",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("FirstName", sa.Text(), nullable=False),
        sa.Column("LastName", sa.Text(), nullable=False),
        sa.Column("EmailAddress", sa.Text(), nullable=False),
        sa.Column("IsAdmin", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("IsActive", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("Id", name="PK_Users"),
    )
    op.create_index("IX_Users_EmailAddress", "Users", ["EmailAddress"], unique=True)
    op.create_table(
        "Roles",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Label", sa.Text(), nullable=False),
        sa.Column("DeveloperName", sa.Text(), nullable=False),
        sa.Column("SystemPermissions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("Id", name="PK_Roles"),
    )
    op.create_table(
        "RoleUser",
        sa.Column("RolesId", sa.Uuid(), nullable=False),
        sa.Column("UsersId", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("RolesId", "UsersId", name="PK_RoleUser"),
        _reference("RoleUser", "RolesId", "Roles", "CASCADE"),
        _reference("RoleUser", "UsersId", "Users", "CASCADE"),
    )
    op.create_index("IX_RoleUser_UsersId", "RoleUser", ["UsersId"])


def _create_tickets() -> None:
    op.create_table(
        "Teams",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("Id", name="PK_Teams"),
    )
    op.create_table(
        "Contacts",
        sa.Column("Id", _row_number, nullable=False),
        sa.Column("FirstName", sa.Text(), nullable=False),
        sa.Column("LastName", sa.Text()),
        sa.Column("Email", sa.Text()),
        sa.Column("OrganizationAccount", sa.Text()),
        sa.PrimaryKeyConstraint("Id", name="PK_Contacts"),
    )
    op.create_table(
        "Tickets",
        sa.Column("Id", _row_number, nullable=False),
        sa.Column("Title", sa.Text(), nullable=False),
        sa.Column("Description", sa.Text()),
        sa.Column("Status", sa.String(50), nullable=False),
        sa.Column("Priority", sa.String(50), nullable=False),
        sa.Column("Category", sa.Text()),
        sa.Column("Language", sa.Text()),
        sa.Column("OwningTeamId", sa.Uuid()),
        sa.Column("AssigneeId", sa.Uuid()),
        sa.Column("CreatedByStaffId", sa.Uuid()),
        sa.Column("ContactId", _row_number),
        sa.Column("TagsJson", _json),
        sa.Column("ResolvedAt", sa.DateTime()),
        sa.Column("ClosedAt", sa.DateTime()),
        sa.Column("SlaDueAt", sa.DateTime()),
        sa.Column("SlaStatus", sa.String(50)),
        sa.Column("CreationTime", sa.DateTime(), nullable=False),
        sa.Column("LastModificationTime", sa.DateTime()),
        sa.Column("IsDeleted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("DeletionTime", sa.DateTime()),
        sa.PrimaryKeyConstraint("Id", name="PK_Tickets"),
        _reference("Tickets", "OwningTeamId", "Teams", "SET NULL"),
        _reference("Tickets", "AssigneeId", "Users", "SET NULL"),
        _reference("Tickets", "CreatedByStaffId", "Users", "SET NULL"),
        _reference("Tickets", "ContactId", "Contacts", "SET NULL"),
    )
    op.create_index("IX_Tickets_CreationTime_Id", "Tickets", ["CreationTime", "Id"])
    for column in _FILTERED:
        op.create_index(f"IX_Tickets_{column}", "Tickets", [column])


def _create_media_items() -> None:
    op.create_table(
        "MediaItems",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Length", sa.BigInteger(), nullable=False),
        sa.Column("FileName", sa.Text(), nullable=False),
        sa.Column("ContentType", sa.Text(), nullable=False),
        sa.Column("FileStorageProvider", sa.Text(), nullable=False),
        sa.Column("ObjectKey", sa.Text(), nullable=False),
        sa.Column("CreationTime", sa.DateTime(), nullable=False),
        sa.Column("LastModificationTime", sa.DateTime()),
        sa.Column("CreatorUserId", sa.Uuid()),
        sa.Column("LastModifierUserId", sa.Uuid()),
        sa.PrimaryKeyConstraint("Id", name="PK_MediaItems"),
    )


def _create_background_tasks() -> None:
    op.create_table(
        "BackgroundTasks",
        sa.Column("Id", sa.Uuid(), nullable=False),
        sa.Column("Name", sa.Text(), nullable=False),
        sa.Column("Args", _json, nullable=False),
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
        sa.PrimaryKeyConstraint("Id", name="PK_BackgroundTasks"),
    )
    op.create_index("IX_BackgroundTasks_Status_CreationTime", "BackgroundTasks", ["Status", "CreationTime"])


def _reference(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.Id"], name=f"FK_{table}_{target}_{column}", ondelete=ondelete)
