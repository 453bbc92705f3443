"""What is compared, and what is not a difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from ticket_export import HostTable, HostTableNames, create_engine, upgrade
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.persistence.schema.differences import schema_differences


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with both schemas."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
        upgrade(engine, reference_schema=True)
    else:
        engine = create_engine(request.getfixturevalue("postgresql_url"))
    yield engine
    engine.dispose()


def found(engine: Engine, names: HostTableNames | None = None, *, fatal: bool = True) -> list[str]:
    tables = build_help_desk_tables() if names is None else build_help_desk_tables(names)
    with engine.connect() as connection:
        return [str(each) for each in schema_differences(connection, tables) if each.is_fatal is fatal]


def change(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def needs_postgresql(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no such types")


def test_a_migrated_database_has_no_difference(engine: Engine) -> None:
    assert found(engine) == found(engine, fatal=False) == []


def test_comparing_changes_nothing(engine: Engine) -> None:
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    found(engine)
    assert {statement.split()[0] for statement in statements} <= {"BEGIN", "SELECT", "PRAGMA"}


def test_a_view_is_compared_like_a_table(engine: Engine) -> None:
    change(
        engine,
        'CREATE VIEW staff AS SELECT "Id" AS id, "FirstName" AS given FROM "Users"',
        'CREATE VIEW half AS SELECT "Id" FROM "MediaItems"',
    )
    staff = HostTable("staff", {"id": "id", "first_name": "given", "last_name": "family"})
    named = found(engine, HostTableNames(users=staff, media_items=HostTable("half")))
    assert [each.partition(";")[0] for each in named][:2] == ["staff.family is missing", "half.Length is missing"]


def test_users_that_are_elsewhere_are_not_compared(engine: Engine) -> None:
    assert found(engine, HostTableNames(users=None)) == []


@pytest.mark.parametrize("key", [int, str])
def test_keys_of_another_type_are_a_difference(engine: Engine, key: type[int] | type[str]) -> None:
    names = HostTableNames(users=HostTable("Users", {"id": "Id"}), user_key=key)
    differences = found(engine, names)
    is_text_on_sqlite = engine.dialect.name == "sqlite" and key is str
    assert ("Users.Id is" in "".join(differences)) is not is_text_on_sqlite
    assert is_text_on_sqlite or "set the type of a user's key in the container's table_names" in differences[0]


def test_integer_users_where_a_uuid_is_needed_are_a_difference(engine: Engine) -> None:
    change(engine, "CREATE TABLE people (id integer PRIMARY KEY)")
    (difference,) = found(engine, HostTableNames(users=HostTable("people", {"id": "id"})))
    assert difference.startswith("people.id is INTEGER, but must be")


def test_letter_case_matters_where_it_matters_to_the_database(engine: Engine) -> None:
    change(engine, 'ALTER TABLE "Users" RENAME COLUMN "LastName" TO "lastname"')
    expected = [] if engine.dialect.name == "sqlite" else ["Users.LastName is missing; set its name, lastname,"]
    assert [each.partition(" in the")[0] for each in found(engine)] == expected


def test_a_required_column_that_the_library_does_not_fill_is_a_difference(engine: Engine) -> None:
    change(
        engine,
        'CREATE TABLE files AS SELECT * FROM "MediaItems"',
        "DROP TABLE files",
        'ALTER TABLE "MediaItems" ADD COLUMN "Tenant" integer NOT NULL DEFAULT 1',
        'ALTER TABLE "MediaItems" ADD COLUMN "Note" text',
    )
    assert found(engine) == []
    needs_postgresql(engine)
    change(
        engine,
        'ALTER TABLE "MediaItems" ALTER COLUMN "Tenant" DROP DEFAULT',
        'ALTER TABLE "MediaItems" ADD COLUMN "Number" bigint GENERATED ALWAYS AS IDENTITY',
        'ALTER TABLE "MediaItems" ADD COLUMN "Twice" bigint NOT NULL GENERATED ALWAYS AS ("Length" * 2) STORED',
        'ALTER TABLE "MediaItems" ADD COLUMN "Serial" bigserial',
    )
    (difference,) = found(engine)
    assert difference.startswith("MediaItems.Tenant is NOT NULL without a default")
    change(engine, difference.partition("allow NULL: ")[2])
    assert found(engine) == []


def test_an_index_a_key_and_a_reference_that_are_missing_are_told_as_less_than_fatal(engine: Engine) -> None:
    change(engine, 'DROP INDEX "IX_BackgroundTasks_Status_CreationTime"')
    (slow,) = found(engine, fatal=False)
    assert slow.startswith("table BackgroundTasks has no index on Status, CreationTime, so exports become slow")
    change(engine, slow.partition("create it: ")[2].replace("ix_", "made_"))
    assert found(engine, fatal=False) == []
    needs_postgresql(engine)
    change(
        engine,
        'ALTER TABLE "ExportJobs" DROP CONSTRAINT "FK_ExportJobs_MediaItems_MediaItemId"',
        'ALTER TABLE "MediaItems" DROP CONSTRAINT "PK_MediaItems"',
    )
    assert [each.partition(";")[0] for each in found(engine, fatal=False)] == [
        "MediaItems.Id is not the primary key",
        "ExportJobs.MediaItemId has no foreign key to MediaItems",
    ]
    assert found(engine) == []


def test_tables_of_another_schema_are_compared_there(engine: Engine) -> None:
    needs_postgresql(engine)
    change(engine, "CREATE SCHEMA crm", 'ALTER TABLE "Users" SET SCHEMA crm', 'ALTER TABLE "MediaItems" SET SCHEMA crm')
    names = HostTableNames(users=HostTable("Users", schema="crm"), media_items=HostTable("MediaItems", schema="crm"))
    assert found(engine, names) == []
    change(engine, 'ALTER TABLE crm."MediaItems" DROP COLUMN "FileName"')
    assert [each.partition(";")[0] for each in found(engine, names)] == ["crm.MediaItems.FileName is missing"]


@pytest.mark.parametrize(
    ("stored", "fits"),
    [
        ("timestamptz", True),
        ("timestamp(3)", True),
        ("date", False),
        ("text", False),
    ],
)
def test_a_moment_may_have_a_zone_or_not(engine: Engine, stored: str, fits: bool) -> None:
    needs_postgresql(engine)
    change(engine, f'ALTER TABLE "ExportJobs" ALTER COLUMN "ExpiresAt" TYPE {stored}')
    assert (found(engine) == []) is fits


@pytest.mark.parametrize(
    ("column", "stored", "fits"),
    [
        ('"MediaItems"."FileName"', "varchar(255)", True),
        ('"MediaItems"."FileName"', "varchar(20)", False),
        ('"MediaItems"."FileName"', "char(255)", False),
        ('"ExportJobs"."ErrorMessage"', "varchar(2000)", True),
        ('"ExportJobs"."ErrorMessage"', "varchar(999)", False),
        ('"ExportJobs"."Status"', "text", True),
        ('"ExportJobs"."Status"', "words", True),
        ('"ExportJobs"."ProgressPercent"', "bigint USING 1", True),
        ('"ExportJobs"."ProgressPercent"', "smallint USING 1", False),
        ('"ExportJobs"."ProgressPercent"', "boolean USING true", False),
        ('"ExportJobs"."SnapshotPayloadJson"', "json USING null", False),
        ('"Users"."FirstName"', "varchar(1)", True),
        ('"Users"."IsAdmin"', "text", False),
    ],
)
def test_a_type_fits_if_it_holds_what_is_stored(engine: Engine, column: str, stored: str, fits: bool) -> None:
    needs_postgresql(engine)
    table, _, name = column.partition(".")
    change(
        engine,
        "CREATE DOMAIN words AS text",
        f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT",
        f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {stored}",
    )
    assert (found(engine) == []) is fits
