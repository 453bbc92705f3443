"""The migrated help desk is the one that the tables describe."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.testing.entities import NOW

COLUMNS = {
    "Users": "Id FirstName LastName EmailAddress IsAdmin IsActive",
    "Roles": "Id Label DeveloperName SystemPermissions",
    "RoleUser": "RolesId UsersId",
    "Teams": "Id Name",
    "Contacts": "Id FirstName LastName Email OrganizationAccount IsDeleted",
    "Tickets": (
        "Id Title Description Status Priority Category Language OwningTeamId AssigneeId CreatedByStaffId ContactId "
        "TagsJson ResolvedAt ClosedAt SlaDueAt SlaStatus CreationTime LastModificationTime IsDeleted DeletionTime"
    ),
    "MediaItems": (
        "Id Length FileName ContentType FileStorageProvider ObjectKey CreationTime LastModificationTime CreatorUserId "
        "LastModifierUserId StoragePlace"
    ),
    "BackgroundTasks": (
        "Id Name Args Status StatusInfo PercentComplete NumberOfRetries ErrorMessage CreationTime "
        "LastModificationTime CompletionTime TaskStep FencingToken LeasedBy LeasedUntil ShareKey StartedAt"
    ),
}


def differences(engine: Engine) -> list[object]:
    """What Alembic would change to make the database equal the tables."""

    def is_ours(name: str | None, type_: str, _parents: object) -> bool:
        return type_ != "table" or not str(name).endswith("_version")

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "include_name": is_ours}
        )
        return list(compare_metadata(context, REFERENCE_TABLES.metadata))


def test_the_migrations_make_the_tables_that_the_code_uses(engine: Engine) -> None:
    assert differences(engine) == []


@pytest.mark.parametrize(
    "change",
    [
        'DROP INDEX "IX_ExportJobs_Status"',
        'ALTER TABLE "ExportJobs" DROP COLUMN "RowCount"',
        'ALTER TABLE "Tickets" ADD COLUMN "Surplus" TEXT',
        'CREATE TABLE "Surplus" ("Id" INTEGER)',
    ],
)
def test_a_difference_would_be_noticed(engine: Engine, rows: SqliteRows, change: str) -> None:
    rows.run(change)
    assert differences(engine) != []


@pytest.mark.parametrize("table", COLUMNS)
def test_the_reference_tables_have_the_designs_columns(engine: Engine, table: str) -> None:
    assert [column["name"] for column in sa.inspect(engine).get_columns(table)] == COLUMNS[table].split()


def test_primary_and_foreign_keys_have_the_names_that_the_code_expects(engine: Engine) -> None:
    # SQLite's share of the comparison above leaves the names of constraints out.
    inspector = sa.inspect(engine)
    for table in REFERENCE_TABLES.metadata.tables.values():
        assert inspector.get_pk_constraint(table.name)["name"] == table.primary_key.name
        expected = {
            constraint.name: constraint.ondelete
            for constraint in table.constraints
            if isinstance(constraint, sa.ForeignKeyConstraint)
        }
        found = {key["name"]: key["options"].get("ondelete") for key in inspector.get_foreign_keys(table.name)}
        assert found == expected


@pytest.mark.parametrize(
    ("entity", "table"),
    [
        (User, REFERENCE_TABLES.users),
        (MediaItem, REFERENCE_TABLES.media_items),
        (BackgroundTask, REFERENCE_TABLES.background_tasks),
    ],
)
def test_every_field_of_an_entity_has_its_column(entity: type[attrs.AttrsInstance], table: sa.Table) -> None:
    assert set(table.columns.keys()) == {field.name for field in attrs.fields(entity)}


def test_two_users_cannot_share_an_address(engine: Engine, rows: SqliteRows) -> None:
    user = User(id=uuid4(), first_name="Ann", last_name="Lee", email_address="ann@example.test")
    rows.put(user)
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: Users\.EmailAddress"):
        rows.put(attrs.evolve(user, id=uuid4()))


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (REFERENCE_TABLES.tickets, {"title": "t", "status": "open", "priority": "low", "creation_time": NOW}),
        (REFERENCE_TABLES.contacts, {"first_name": "Zoë"}),
    ],
)
def test_tickets_and_contacts_are_numbered_by_the_database(
    engine: Engine, table: sa.Table, values: dict[str, object]
) -> None:
    with engine.begin() as connection:
        keys = [connection.execute(sa.insert(table).values(values)).inserted_primary_key for _ in range(2)]
    assert keys == [(1,), (2,)]


def test_deleting_a_user_takes_their_roles_and_leaves_their_tickets(engine: Engine, rows: SqliteRows) -> None:
    user_id = uuid4()
    user = User(id=user_id, first_name="Ann", last_name="Lee", email_address="ann@example.test")
    rows.put(user)
    rows.give_roles(user_id, [512])
    rows.run(
        'INSERT INTO "Tickets" ("Title", "Status", "Priority", "AssigneeId", "CreationTime") VALUES (?, ?, ?, ?, ?)',
        *("Printer", "open", "low", user_id.hex, "2025-12-13 00:00:00.000000"),
    )
    rows.run('DELETE FROM "Users"')
    assert rows.run('SELECT * FROM "RoleUser"') == []
    assert [tuple(row) for row in rows.run('SELECT "Title", "AssigneeId" FROM "Tickets"')] == [("Printer", None)]


@pytest.mark.parametrize(
    "query",
    [
        'SELECT * FROM "Tickets" ORDER BY "CreationTime" DESC, "Id" DESC',
        'SELECT * FROM "Tickets" WHERE "Status" = \'open\'',
        'SELECT * FROM "Tickets" WHERE "Priority" = \'low\'',
        'SELECT * FROM "Tickets" WHERE "OwningTeamId" = \'x\'',
        'SELECT * FROM "Tickets" WHERE "AssigneeId" = \'x\'',
        'SELECT * FROM "Tickets" WHERE "CreatedByStaffId" = \'x\'',
        'SELECT * FROM "Tickets" WHERE "ContactId" = 1',
        'SELECT * FROM "Tickets" WHERE "LastModificationTime" >= \'2026\'',
        'SELECT * FROM "Tickets" WHERE "SlaDueAt" >= \'2026\'',
        'SELECT * FROM "Tickets" WHERE "ResolvedAt" >= \'2026\'',
        'SELECT * FROM "Tickets" WHERE "ClosedAt" >= \'2026\'',
    ],
)
def test_the_default_sort_and_each_filter_of_the_default_view_use_an_index(
    engine: Engine, rows: SqliteRows, query: str
) -> None:
    plan = [row["detail"] for row in rows.run(f"EXPLAIN QUERY PLAN {query}")]
    assert all("USING INDEX IX_Tickets_" in step for step in plan)
