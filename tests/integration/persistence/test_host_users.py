"""A host's users: by names, by SQL expressions over its own table or mapped class, or in no table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from tests.keyed_databases import migrate_host
from tests.postgresql_server import PostgresqlServer
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserKeyType
from ticket_export.errors import ConfigurationError, MissingTableError
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.tables import build_tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_job


class Base(DeclarativeBase):
    pass


class Agent(Base):
    __tablename__ = "agents"
    number: Mapped[int] = mapped_column("agent_no", primary_key=True)
    name: Mapped[str | None]
    login: Mapped[str]
    role: Mapped[str | None] = mapped_column("role_name")
    left_at: Mapped[datetime | None]

    @hybrid_property
    def shown_name(self) -> Any:
        return self.login

    @shown_name.inplace.expression
    @classmethod
    def _shown_name(cls) -> sa.ColumnElement[str]:
        return sa.func.coalesce(cls.name, cls.login)


class Address(Base):
    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_no: Mapped[int] = mapped_column(sa.ForeignKey(Agent.number))
    mail: Mapped[str]


class Person(Base):
    __tablename__ = "people"
    __table_args__ = (sa.CheckConstraint("name <> ''"), {"schema": "crm"})
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


AGENTS = Agent.__table__
MAIL = sa.select(Address.mail).where(Address.agent_no == Agent.number).limit(1).scalar_subquery()
ADA = User(id=7, first_name="Ada", last_name=None, email_address="ada@a.test", is_admin=True, is_active=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with the host's own tables, and two agents."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'host.db'}"
    else:
        url = request.getfixturevalue("empty_postgresql_url")
    engine = create_engine(url)
    Base.metadata.create_all(engine, [sa.Table("agents", Base.metadata), sa.Table("addresses", Base.metadata)])
    with Session(engine) as session:
        session.add(Agent(number=7, name="Ada", login="ada", role="boss"))
        session.flush()
        session.add_all([Address(agent_no=7, mail="ada@a.test"), Address(agent_no=7, mail="ada@a.test")])
        left = datetime(2025, 1, 2, tzinfo=UTC).replace(tzinfo=None)
        session.add(Agent(number=8, name=None, login="bob", role=None, left_at=left))
        session.commit()
    yield engine
    engine.dispose()


WAYS: dict[str, HostTable] = {
    "mapped class": HostTable(
        Agent,
        {
            "first_name": Agent.shown_name,
            "email_address": MAIL,
            "is_admin": Agent.role == "boss",
            "is_active": Agent.left_at.is_(None),
        },
    ),
    "table, and its key by name": HostTable(
        AGENTS,
        {
            "id": "agent_no",
            "first_name": sa.func.coalesce(AGENTS.c.name, AGENTS.c.login),
            "email_address": MAIL,
            "is_admin": AGENTS.c.role_name == "boss",
            "is_active": AGENTS.c.left_at.is_(None),
        },
    ),
    "names next to expressions": HostTable(
        "agents",
        {
            "id": Agent.number,
            "first_name": Agent.shown_name,
            "email_address": MAIL,
            "is_admin": sa.case((Agent.role == "boss", 1), else_=0),
            "is_active": sa.exists().where(Address.agent_no == Agent.number),
        },
    ),
}
BOB = {
    "mapped class": User(id=8, first_name="bob", is_active=False),
    "table, and its key by name": User(id=8, first_name="bob", is_active=False),
    "names next to expressions": User(id=8, first_name="bob", is_active=False),
}


def requesters(engine: sa.Engine, names: HostTableNames, *user_ids: Any) -> list[User | None]:
    tables = migrate_host(engine, names)
    jobs = [a_job(User(id=user_id)) for user_id in user_ids]
    with SqlAlchemyUnitOfWork(engine, tables) as work:
        for job in jobs:
            work.jobs.add(job)
        work.commit()
        found = {job.id: job for job in work.jobs.find_all([job.id for job in jobs])}
    return [found[job.id].requester for job in jobs]


@pytest.mark.parametrize("way", WAYS)
def test_expressions_over_the_hosts_table_are_read(host: sa.Engine, way: str) -> None:
    assert requesters(host, HostTableNames(users=WAYS[way]), 7, 8) == [ADA, BOB[way]]


@pytest.mark.parametrize(
    ("users", "ada"),
    [
        (HostTable("agents", {"id": "agent_no"}), User(id=7)),
        (HostTable(Agent), User(id=7)),
        (HostTable("agents", {"id": "agent_no", "last_name": "name"}), User(id=7, last_name="Ada")),
        (
            HostTable("agents", {"id": "agent_no", "first_name": "login", "is_admin": sa.true()}),
            User(id=7, first_name="ada", is_admin=True),
        ),
        (HostTable("agents", {"id": "agent_no", "first_name": sa.literal("Agent")}), User(id=7, first_name="Agent")),
        (None, None),
    ],
    ids=["only the key", "only the class", "one name", "a constant condition", "a constant name", "no table"],
)
def test_only_the_key_is_required(host: sa.Engine, users: HostTable | None, ada: User | None) -> None:
    assert requesters(host, HostTableNames(users=users, user_key=int), 7) == [ada]


def test_a_job_whose_user_is_not_in_the_table_is_refused_only_if_there_is_a_table(host: sa.Engine) -> None:
    assert requesters(host, HostTableNames(users=None, user_key=int), 404) == [None]


def test_a_table_in_another_schema_is_referred_to(empty_postgresql_url: str) -> None:
    engine = create_engine(empty_postgresql_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA crm"))
    Base.metadata.create_all(engine, [Person.__table__])  # type: ignore[list-item]  # declared as a FromClause
    ada = uuid4()
    with Session(engine) as session:
        session.add(Person(id=ada, name="Ada"))
        session.commit()
    by_name = HostTable("people", {"id": "id", "first_name": "name"}, schema="crm")
    assert requesters(engine, HostTableNames(users=by_name), ada) == [User(id=ada, first_name="Ada")]
    tables = build_tables(HostTableNames(users=HostTable(Person, {"last_name": Person.name})))
    with SqlAlchemyUnitOfWork(engine, tables) as work:
        (job,) = work.jobs.page(requester_ids=None, offset=0, limit=10)[0]
    assert job.requester == User(id=ada, last_name="Ada")
    (key,) = [each for each in sa.inspect(engine).get_foreign_keys("ExportJobs") if "people" in each["referred_table"]]
    assert (key["referred_schema"], key["referred_columns"]) == ("crm", ["id"])
    engine.dispose()


OTHER = sa.Table(
    "agents", sa.MetaData(), sa.Column("agent_no", sa.Integer, primary_key=True), sa.Column("name", sa.Text)
)
KEY = {"id": Agent.number}


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (lambda: HostTable("agents", KEY | {"email_address": Address.mail}), "email_address reads addresses, another"),
        (lambda: HostTable("agents", {"id": Person.id}), "id reads people, another table"),
        (lambda: HostTable("agents", {"id": aliased(Agent).number}), "id reads .*another table"),
        (lambda: HostTable("agents", KEY | {"first_name": OTHER.c.name}), "two Table objects"),
        (lambda: HostTable("agents", KEY | {"first_name": "first"}), "no column 'first'.*first_name.*role_name"),
        (
            lambda: HostTable("agents", KEY | {"first_name": cast(Any, True)}),
            "first_name is of type bool; use the name",
        ),
        (
            lambda: HostTable("agents", KEY | {"first_name": cast(Any, sa.select(Address.mail))}),
            r"call \.scalar_subquery\(\)",
        ),
        (lambda: HostTable("agents", KEY | {"is_admin": Agent.role}), "is_admin is of type .*String.*, not Boolean"),
        (lambda: HostTable("agents", KEY | {"surname": Agent.name}), "unknown column surname; known columns: email"),
        (lambda: HostTable("agents", {"id": Agent.number + 0}), "id must be a plain column"),
        (lambda: HostTable("agents", {"id": sa.literal(7)}), "plain column of this table, because"),
        (lambda: HostTable(object), "give the name of a table, a sqlalchemy.Table or a class that is mapped"),
        (lambda: HostTable(sa.Table("t", sa.MetaData())), r"the primary key is \(\); name one column"),
    ],
)
def test_what_cannot_be_read_is_refused_when_the_tables_are_made(users: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s){message}"):
        build_tables(HostTableNames(users=users()))


def test_what_the_library_writes_must_be_a_plain_column() -> None:
    files = sa.Table("files", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True), sa.Column("size", sa.Integer))
    tables = build_tables(HostTableNames(media_items=HostTable(files, {"length": files.c.size, "file_name": "name"})))
    assert [tables.media_items.c[key].name for key in ("id", "length", "file_name", "object_key")] == [
        *("id", "size", "name", "ObjectKey"),
    ]
    for expression in (files.c.size + 0, AGENTS.c.name, sa.literal(7)):
        with pytest.raises(ConfigurationError, match="'files': length must be a plain column of this table"):
            build_tables(HostTableNames(media_items=HostTable("files", {"length": expression})))


def keyed(type_: Any) -> HostTable:
    return HostTable(sa.Table("agents", sa.MetaData(), sa.Column("id", type_, primary_key=True)))


class Masked(sa.types.TypeDecorator[str]):
    impl = sa.Integer
    cache_ok = True


@pytest.mark.parametrize(
    ("type_", "user_key"),
    [
        *((sa.Uuid(), UUID), (sa.Uuid(as_uuid=False), UUID), (sa.dialects.postgresql.UUID(), UUID)),
        *((sa.Integer(), int), (sa.BigInteger(), int), (sa.SmallInteger(), int)),
        *((sa.String(20), str), (sa.Text(), str), (sa.CHAR(5), str)),
    ],
    ids=repr,
)
def test_the_type_of_the_key_column_decides(type_: Any, user_key: UserKeyType) -> None:
    for declared in (None, user_key):
        tables = build_tables(HostTableNames(users=keyed(type_), user_key=declared))
        assert tables.user_key is user_key
        types = {
            type(column.type) for column in (tables.export_jobs.c.creator_user_id, tables.media_items.c.creator_user_id)
        }
        assert types == {type(tables.export_audit_entries.c.actor_user_id.type)}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (lambda: HostTableNames(users=keyed(sa.Integer()), user_key=str), "whose keys are int, but user_key is str"),
        (lambda: HostTableNames(users=keyed(sa.Text()), user_key=UUID), "whose keys are str, but user_key is UUID"),
        (lambda: HostTableNames(users=keyed(Masked())), "does not tell the type.*add user_key=UUID, int or str"),
        (lambda: HostTableNames(users=keyed(sa.Numeric())), "does not tell the type"),
        (lambda: HostTableNames(user_key=bool), "user_key is <class 'bool'>; use UUID, int or str"),
        (lambda: HostTableNames(users=None, user_key=cast(Any, "int")), "user_key is 'int'; use UUID, int or str"),
    ],
)
def test_a_contradiction_about_the_type_of_keys_is_refused(names: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build_tables(names())


def test_a_type_that_the_host_made_needs_the_type_of_keys() -> None:
    assert build_tables(HostTableNames(users=keyed(Masked()), user_key=int)).user_key is int


@pytest.mark.parametrize(
    "names",
    [HostTableNames(users=HostTable("staff", {"id": "id"})), HostTableNames(user_key=int), HostTableNames(users=None)],
    ids=["another table", "another key", "no table"],
)
def test_the_parts_of_the_reference_schema_refuse_a_hosts_users(names: HostTableNames) -> None:
    tables = build_help_desk_tables(names)
    with pytest.raises(ConfigurationError, match="override user_directory and catalog"):
        SqlAlchemyUserDirectory(sa.create_engine("sqlite://"), tables)
    with pytest.raises(ConfigurationError, match="override user_directory and catalog"):
        reference_catalog(tables)


@pytest.mark.parametrize(
    ("user_key", "message"),
    [(UUID, "user_key=int|integer|INTEGER"), (str, "user_key=int|integer|INTEGER")],
)
def test_a_key_of_another_type_than_the_database_has_is_refused_before_anything_is_made(
    host: sa.Engine, user_key: UserKeyType, message: str
) -> None:
    names = HostTableNames(users=HostTable("agents", {"id": "agent_no"}), user_key=user_key)
    with pytest.raises((ConfigurationError, MissingTableError), match=message):
        upgrade(host, names=names)
    assert set(sa.inspect(host).get_table_names()) == {"agents", "addresses"}


def test_users_by_name_and_by_class_make_the_same_table(postgresql_server: PostgresqlServer) -> None:
    made = []
    for users in (HostTable("agents", {"id": "agent_no"}), HostTable(Agent)):
        with postgresql_server.database(migrated=False) as url:
            engine = create_engine(url)
            Base.metadata.create_all(engine, [sa.Table("agents", Base.metadata)])
            migrate_host(engine, HostTableNames(users=users, user_key=int))
            columns = sa.inspect(engine).get_columns("ExportJobs")
            made.append({column["name"]: str(column["type"]) for column in columns})
            engine.dispose()
    assert made[0] == made[1]
    assert (made[0]["RequesterUserId"], made[0]["CreatorUserId"]) == ("BIGINT", "BIGINT")


def test_a_padded_key_is_found_without_its_blanks(empty_postgresql_url: str) -> None:
    engine = create_engine(empty_postgresql_url)
    staff = sa.Table("staff", sa.MetaData(), sa.Column("id", sa.CHAR(10), primary_key=True), sa.Column("name", sa.Text))
    with engine.begin() as connection:
        staff.create(connection)
        connection.execute(sa.insert(staff), {"id": "ada", "name": "Ada"})
    names = HostTableNames(users=HostTable(staff, {"first_name": staff.c.name}))
    assert requesters(engine, names, "ada") == [User(id="ada", first_name="Ada")]
    engine.dispose()
