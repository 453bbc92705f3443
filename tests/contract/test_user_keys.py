"""Users of each type of key are kept apart, with a table of users and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.contract.test_unit_of_work import InMemoryBackDoor, SqlBackDoor, SqlDatabase
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.keyed_databases import KINDS, migrate_host, names_of
from tests.postgresql_server import PostgresqlServer
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.testing.stored_jobs.back_door import BackDoor, D
from ticket_export.testing.stored_jobs.user_keys import UserKeysContract

# Other suites run on the first.
OTHERS = [kind for kind in KINDS if kind != "uuid"]


class OfEachKind(BackDoor[D]):
    @pytest.fixture(params=OTHERS, autouse=True)
    def kind(self, request: pytest.FixtureRequest) -> str:
        kind: str = request.param
        # On the one test that this instance is for.
        vars(self).update(zip(("user_key", "has_users_table"), KINDS[kind], strict=True))
        return kind


class TestInMemoryUsers(OfEachKind[InMemoryDatabase], InMemoryBackDoor, UserKeysContract[InMemoryDatabase]):
    pass


class TestUsersOnSqlite(OfEachKind[SqlDatabase], SqlBackDoor, UserKeysContract[SqlDatabase]):
    @pytest.fixture
    def database(self, kind: str, tmp_path: Path) -> Iterator[SqlDatabase]:
        path = tmp_path / "host.db"
        engine = create_engine(f"sqlite:///{path}")
        yield SqlDatabase(engine, SqliteRows(path, self.user_key), migrate_host(engine, names_of(*KINDS[kind])))
        engine.dispose()


@pytest.fixture(scope="module")
def databases(postgresql_server: PostgresqlServer) -> Iterator[dict[str, SqlDatabase]]:
    made: dict[str, SqlDatabase] = {}
    with ExitStack() as stack:
        for kind in OTHERS:
            url = stack.enter_context(postgresql_server.database(migrated=False))
            engine = create_engine(url)
            stack.callback(engine.dispose)
            tables = migrate_host(engine, names_of(*KINDS[kind]))
            made[kind] = SqlDatabase(engine, PostgresqlRows(url, KINDS[kind][0]), tables)
        yield made


class TestUsersOnPostgresql(OfEachKind[SqlDatabase], SqlBackDoor, UserKeysContract[SqlDatabase]):
    @pytest.fixture
    def database(self, kind: str, databases: dict[str, SqlDatabase]) -> SqlDatabase:
        database = databases[kind]
        with database.engine.begin() as connection:
            for table in reversed(database.tables.metadata.sorted_tables):
                if table.name != "ExportDatabase":
                    connection.execute(sa.delete(table))
        return database
