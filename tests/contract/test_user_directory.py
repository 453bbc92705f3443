"""Every user directory that ships keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from uuid import uuid4

import attrs
import pytest

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user import User
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.testing.user_directory import UserDirectoryContract


class TestInMemoryUserDirectory(UserDirectoryContract[InMemoryUserDirectory]):
    @pytest.fixture
    def directory(self) -> InMemoryUserDirectory:
        return InMemoryUserDirectory()

    def put_behind(self, directory: InMemoryUserDirectory, user: User, roles: Sequence[int]) -> None:
        directory.add(user, SystemPermissions(reduce(or_, roles, 0)))


class SqlUserDirectoryContract(UserDirectoryContract[SqlAlchemyUserDirectory]):
    rows: SqliteRows | PostgresqlRows

    def put_behind(self, directory: SqlAlchemyUserDirectory, user: User, roles: Sequence[int]) -> None:
        self.rows.give_roles(user.id, [])
        self.rows.remove(user)
        self.rows.put(user)
        self.rows.give_roles(user.id, roles)

    @pytest.mark.parametrize("address", ["\x00", "ann.lee@example.test\x00", "\udcff@example.test"])
    def test_an_address_that_no_text_can_hold_is_nobodys(
        self, directory: SqlAlchemyUserDirectory, ann: User, address: str
    ) -> None:
        self.put_behind(directory, ann, [])
        assert directory.find_by_email(address) is None

    def test_of_two_spellings_of_one_address_the_exact_one_is_found(
        self, directory: SqlAlchemyUserDirectory, ann: User
    ) -> None:
        shouting = User(id=uuid4(), first_name="A", last_name="L", email_address=(ann.email_address or "").upper())
        for user in (ann, shouting):
            self.put_behind(directory, user, [])
        for user in (ann, shouting):
            found = directory.find_by_email(user.email_address or "")
            assert found is not None
            assert found.user_id == user.id


class TestSqlAlchemyUserDirectoryOnSqlite(SqlUserDirectoryContract):
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Iterator[SqlAlchemyUserDirectory]:
        engine = migrated_sqlite(tmp_path / "help-desk.db")
        self.rows = SqliteRows(tmp_path / "help-desk.db")
        yield SqlAlchemyUserDirectory(engine)
        engine.dispose()


class TestSqlAlchemyUserDirectoryOnPostgresql(SqlUserDirectoryContract):
    @pytest.fixture
    def directory(self, each_postgresql_url: str) -> Iterator[SqlAlchemyUserDirectory]:
        engine = create_engine(each_postgresql_url)
        self.rows = PostgresqlRows(each_postgresql_url)
        yield SqlAlchemyUserDirectory(engine)
        engine.dispose()

    def test_letter_case_means_nothing_beyond_ascii_either(self, directory: SqlAlchemyUserDirectory, ann: User) -> None:
        self.put_behind(directory, attrs.evolve(ann, email_address="zoë@example.test"), [])
        found = directory.find_by_email("ZOË@example.test")
        assert found is not None
        assert found.user_id == ann.id
