"""The fast loader of many tickets creates the table's indexes and foreign keys again, as they were."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest
from benchmarks.fill.loader import load_many
from sqlalchemy import Engine, event, func, select, text

from tests.integration.sample_data.filled import fill, number_of
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine

if TYPE_CHECKING:
    import psycopg

_TICKETS = REFERENCE_TABLES.tickets
MANY: Final = 10_000
fill_fast = partial(fill, load=load_many)
_OF_HOST = (
    'CREATE INDEX of_host ON "Tickets" (lower("Title") DESC) INCLUDE ("Status") WHERE "Language" = \'de\'',
    'CREATE UNIQUE INDEX unique_of_host ON "Tickets" ("Id", "Status")',
    "COMMENT ON INDEX \"IX_Tickets_Status\" IS 'of the host'",
    'ALTER TABLE "Tickets" CLUSTER ON "IX_Tickets_Priority"',
    'DROP INDEX "IX_Tickets_ClosedAt"',
    'ALTER TABLE "Tickets" ALTER CONSTRAINT "FK_Tickets_Teams_OwningTeamId" DEFERRABLE',
)
_SCHEMA = text("""
    SELECT pg_get_indexdef(indexrelid) AS definition, indisclustered, indisvalid,
    obj_description(indexrelid, 'pg_class')
    FROM pg_index WHERE indrelid = '"Tickets"'::regclass
    UNION ALL
    SELECT conname || ' ' || pg_get_constraintdef(oid), false, convalidated, obj_description(oid, 'pg_constraint')
    FROM pg_constraint WHERE conrelid = '"Tickets"'::regclass
    ORDER BY definition
""")
_SCHEMA_OF_SQLITE = text("SELECT name, tbl_name, sql FROM sqlite_master ORDER BY name")
_MADE = text("""
    SELECT relname, oid FROM pg_class JOIN pg_index ON indexrelid = oid WHERE indrelid = '"Tickets"'::regclass
    UNION ALL
    SELECT conname, oid FROM pg_constraint WHERE conrelid = '"Tickets"'::regclass AND contype = 'f'
""")
# As the original, under its name and with its indexes; what is to come goes into its two parts.
_PARTITIONED = (
    'ALTER TABLE "Tickets" RENAME TO "Whole"',
    'CREATE TABLE "Tickets" (LIKE "Whole" INCLUDING DEFAULTS) PARTITION BY RANGE ("Id")',
    'ALTER SEQUENCE "Tickets_Id_seq" OWNED BY "Tickets"."Id"',
    'DROP TABLE "Whole"',
    'CREATE TABLE "FirstTickets" PARTITION OF "Tickets" FOR VALUES FROM (MINVALUE) TO (5000)',
    'CREATE TABLE "OtherTickets" PARTITION OF "Tickets" FOR VALUES FROM (5000) TO (MAXVALUE)',
    'CREATE INDEX "IX_Tickets_Status" ON "Tickets" ("Status")',
    'CREATE INDEX "IX_Tickets_Priority" ON "Tickets" ("Priority")',
    (
        'ALTER TABLE "Tickets" ADD CONSTRAINT "FK_Tickets_Teams_OwningTeamId" '
        'FOREIGN KEY ("OwningTeamId") REFERENCES "Teams" ("Id")'
    ),
)
_MAY_MAKE_ROLES = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
_LOCKED = text("""
    SELECT relation::regclass::text FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
    AND granted AND relation IN ('"Tickets"'::regclass, '"Users"'::regclass)
""")


def _schema(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(_SCHEMA)]


def _made(engine: Engine) -> dict[str, int]:
    """The indexes and foreign keys, each with a number that another one of the same name would not have."""
    with engine.connect() as connection:
        return {row.relname: row.oid for row in connection.execute(_MADE)}


def _locked(engine: Engine) -> set[str]:
    """Which of the two tables nobody else can read now."""
    with engine.connect() as connection:
        return set(connection.execute(_LOCKED).scalars())


def _is_readable(engine: Engine) -> bool:
    with engine.connect() as reader:
        reader.execute(text("SET LOCAL lock_timeout = '5s'"))
        return reader.execute(select(func.count()).select_from(_TICKETS)).scalar_one() == 0


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ((), {"PK_Tickets"}),
        (_OF_HOST, {"PK_Tickets", "of_host", "unique_of_host", "IX_Tickets_Status", "IX_Tickets_Priority"}),
    ],
    ids=["as migrated", "changed by a host"],
)
def test_schema_is_made_anew_and_the_same_afterwards(
    postgresql: Engine, changes: tuple[str, ...], kept: set[str]
) -> None:
    with postgresql.begin() as connection:
        for change in changes:
            connection.execute(text(change))
    before, made = _schema(postgresql), _made(postgresql)
    locked: list[set[str]] = []
    fill_fast(postgresql, MANY, on_progress=lambda _inserted: locked.append(_locked(postgresql)))
    assert locked[0] == {'"Tickets"', '"Users"'}
    assert _schema(postgresql) == before
    assert {name for name, number in _made(postgresql).items() if number == made[name]} == kept
    assert number_of(postgresql, _TICKETS) == MANY


def test_partitioned_table_keeps_its_indexes(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        for change in _PARTITIONED:
            connection.execute(text(change))
    before, made = _schema(postgresql), _made(postgresql)
    fill_fast(postgresql, MANY)
    assert _schema(postgresql) == before
    assert _made(postgresql) == made
    assert number_of(postgresql, _TICKETS) == MANY


def test_a_few_tickets_lock_nobody_out(postgresql: Engine) -> None:
    readable: list[bool] = []
    fill_fast(postgresql, MANY - 1, on_progress=lambda _inserted: readable.append(_is_readable(postgresql)))
    assert set(readable) == {True}


def test_run_that_fails_leaves_the_schema_as_it_was(postgresql: Engine) -> None:
    before = _schema(postgresql)

    def fail(_inserted: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fill_fast(postgresql, MANY, on_progress=fail)
    assert _schema(postgresql) == before
    assert number_of(postgresql, _TICKETS) == 0


@pytest.mark.parametrize("table", ["Tickets", "Users"])
def test_somebody_at_work_is_neither_waited_for_nor_kept_waiting(postgresql: Engine, table: str) -> None:
    readable: list[bool] = []
    with postgresql.connect() as host:
        host.execute(text(f'SELECT count(*) FROM "{table}"'))
        fill_fast(postgresql, MANY, on_progress=lambda _inserted: readable.append(_is_readable(postgresql)))
    assert set(readable) == {True}
    assert number_of(postgresql, _TICKETS) == MANY


@pytest.fixture
def writer(postgresql: Engine, postgresql_url: str) -> Iterator[Engine]:
    """Logged in as a role that may write to the tables, which are another's."""
    role = f"writer_{uuid4().hex}"
    with postgresql.begin() as connection:
        if not connection.execute(_MAY_MAKE_ROLES).scalar_one():
            pytest.skip("the role of TICKET_EXPORT_TEST_POSTGRES_URL may not make others")
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"))
        connection.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"))
        connection.execute(text(f"GRANT {role} TO current_user"))

    def become_writer(connection: psycopg.Connection[object], _record: object) -> None:
        connection.execute(f"SET ROLE {role}".encode())
        connection.commit()

    engine = create_engine(postgresql_url)
    event.listen(engine, "connect", become_writer)
    yield engine
    engine.dispose()
    with postgresql.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))


def test_role_that_may_only_write_can_add_many_too(postgresql: Engine, writer: Engine) -> None:
    before = _made(postgresql)
    fill_fast(writer, MANY)
    assert _made(postgresql) == before
    assert number_of(postgresql, _TICKETS) == MANY


def test_schema_of_sqlite_is_the_same_afterwards(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        connection.execute(text('CREATE INDEX of_host ON "Tickets" (lower("Title") DESC) WHERE "Language" = \'de\''))
        connection.execute(text('DROP INDEX "IX_Tickets_ClosedAt"'))
        before = connection.execute(_SCHEMA_OF_SQLITE).all()
    fill_fast(sqlite, MANY)
    with sqlite.connect() as connection:
        assert connection.execute(_SCHEMA_OF_SQLITE).all() == before
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        # What was made last stands last.
        last = connection.execute(text("SELECT name FROM sqlite_master ORDER BY rowid DESC LIMIT 1")).scalar_one()
    assert str(last).startswith("IX_Tickets_")
    assert number_of(sqlite, _TICKETS) == MANY


def test_run_that_fails_leaves_the_schema_of_sqlite_as_it_was(sqlite: Engine) -> None:
    with sqlite.connect() as connection:
        before = connection.execute(_SCHEMA_OF_SQLITE).all()

    def fail(_inserted: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fill_fast(sqlite, MANY, on_progress=fail)
    with sqlite.connect() as connection:
        assert connection.execute(_SCHEMA_OF_SQLITE).all() == before
