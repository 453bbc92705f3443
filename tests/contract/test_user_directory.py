"""Every user directory that ships keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa

from tests.contract.conftest import SharedDatabase
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.testing.entities import a_user_id
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
    def directory(self, each_emptied_database: SharedDatabase) -> SqlAlchemyUserDirectory:
        self.rows = each_emptied_database.rows
        return SqlAlchemyUserDirectory(each_emptied_database.engine)

    def test_letter_case_means_nothing_beyond_ascii_either(self, directory: SqlAlchemyUserDirectory, ann: User) -> None:
        self.put_behind(directory, attrs.evolve(ann, email_address="zoë@example.test"), [])
        found = directory.find_by_email("ZOË@example.test")
        assert found is not None
        assert found.user_id == ann.id


class TestInMemoryNumberedUsers(TestInMemoryUserDirectory):
    user_key = int


class TestInMemoryNamedUsers(TestInMemoryUserDirectory):
    user_key = str


class HostUserDirectory(UserDirectory):
    """As a host writes it, over a table of its own."""

    def __init__(self, engine: sa.Engine, user_key: UserKeyType) -> None:
        self.engine = engine
        self.users = sa.Table(
            "agents",
            sa.MetaData(),
            sa.Column("id", sa.BigInteger if user_key is int else sa.Text, primary_key=True),
            sa.Column("email", sa.Text, nullable=False),
            sa.Column("is_boss", sa.Boolean, nullable=False),
            sa.Column("works_here", sa.Boolean, nullable=False),
            sa.Column("flags", sa.Integer, nullable=False),
        )
        self.users.create(engine)

    def find(self, user_id: UserId) -> Actor | None:
        return self._find(self.users.c.id == user_id)

    def find_by_email(self, email_address: str) -> Actor | None:
        return self._find(sa.func.lower(self.users.c.email) == email_address.lower())

    def _find(self, which: sa.ColumnElement[bool]) -> Actor | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(self.users).where(which, self.users.c.works_here)).first()
        rights = SystemPermissions(row.flags if row else 0)
        return Actor(user_id=row.id, is_admin=row.is_boss, permissions=rights) if row else None


class TestHostUserDirectory(UserDirectoryContract[HostUserDirectory]):
    @pytest.fixture(params=["sqlite", "postgresql"])
    def url(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path / 'host.db'}"
        return str(request.getfixturevalue("empty_postgresql_url"))

    @pytest.fixture(params=[int, str])
    def directory(self, request: pytest.FixtureRequest, url: str) -> Iterator[HostUserDirectory]:
        vars(self)["user_key"] = request.param
        engine = create_engine(url)
        yield HostUserDirectory(engine, request.param)
        engine.dispose()

    @pytest.fixture
    def ann(self, directory: HostUserDirectory) -> User:
        user_id = a_user_id(self.user_key)
        return User(id=user_id, first_name="Ann", last_name="Lee", email_address="Ann.Lee@Example.test")

    def put_behind(self, directory: HostUserDirectory, user: User, roles: Sequence[int]) -> None:
        values = {"id": user.id, "email": user.email_address, "is_boss": user.is_admin, "works_here": user.is_active}
        with directory.engine.begin() as connection:
            connection.execute(sa.delete(directory.users).where(directory.users.c.id == user.id))
            connection.execute(sa.insert(directory.users).values(**values, flags=reduce(or_, roles, 0)))
