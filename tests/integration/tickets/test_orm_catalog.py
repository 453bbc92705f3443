"""A catalog that is declared with SQLAlchemy's ORM is the catalog of the same Core columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from sqlalchemy import (
    JSON,
    ColumnElement,
    Engine,
    ForeignKey,
    Table,
    func,
    literal,
    outerjoin,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, column_property, mapped_column, relationship
from sqlalchemy.orm import join as orm_join
from sqlalchemy.orm import outerjoin as orm_outerjoin
from sqlalchemy.sql.visitors import iterate

from tests.postgresql_server import PostgresqlServer
from ticket_export import ConfigurationError, CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import (
    JoinedTags,
    TicketCatalog,
    boolean_column,
    date_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    last_name: Mapped[str]

    @hybrid_property
    def full_name(self) -> str:
        return self.name + " " + self.last_name

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls) -> ColumnElement[str]:
        return cls.name + literal(" ") + cls.last_name


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))


class Ticket(Base):
    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(JSON)
    opened_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    is_spam: Mapped[bool]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    owner: Mapped[Person | None] = relationship()
    notes: Mapped[int] = column_property(
        select(func.count(Note.id)).where(Note.ticket_id == id).correlate_except(Note).scalar_subquery()
    )


def catalog_of(tables: Any, ticket: type[Ticket] = Ticket, person: type[Person] = Person) -> TicketCatalog:
    return TicketCatalog(
        tables=tables,
        id=ticket.id,
        created_at=ticket.opened_at,
        is_deleted=ticket.deleted_at.is_not(None),
        deleted_at=ticket.deleted_at,
        columns=[
            id_column("id", "ID", ticket.id),
            text_column("title", "Title", ticket.title, searchable=True),
            text_column("tags", "Tags", JoinedTags(ticket.tags)),
            date_column("openedAt", "Opened", ticket.opened_at),
            boolean_column("isSpam", "Spam", ticket.is_spam),
            text_column("owner", "Owner", person.full_name),
            text_column("initial", "Initial", func.substr(person.name, 1, 1)),
            number_column("notes", "Notes", ticket.notes),
        ],
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Any, postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    if request.param == "sqlite":
        found = create_engine(f"sqlite:///{tmp_path}/tickets.db")
        yield from _filled(found)
        return
    with postgresql_server.database(migrated=False) as url:
        yield from _filled(create_engine(url))


def _filled(engine: Engine) -> Iterator[Engine]:
    Base.metadata.create_all(engine)
    opened = (NOW - timedelta(days=1)).replace(tzinfo=None)
    given: dict[str, Any] = {"opened_at": opened, "is_spam": False, "tags": ["red", "blue"]}
    with Session(engine) as session:
        session.add(Person(id=1, name="Ada", last_name="Byron"))
        session.flush()
        session.add(Ticket(id=1, title="=Printer", owner_id=1, **given))
        session.add(Ticket(id=2, title="Gone", owner_id=1, deleted_at=opened, **given))
        session.add(Ticket(id=3, title="Mouse", **given))
        session.flush()
        session.add_all([Note(ticket_id=1), Note(ticket_id=1)])
        session.commit()
    yield engine
    engine.dispose()


def exported(engine: Engine, catalog: TicketCatalog, **view: Any) -> str:
    names = [column.name for column in catalog.describe()]
    columns = catalog.describe()
    query = TicketQuery.of({"columns": names, **view}, columns, actor=AN_ACTOR, as_of=NOW)
    with SqlAlchemyTicketSource(engine, catalog).open(query, CsvFormat(bom=False)) as reader:
        count, rows = reader.count(), b"".join(bytes(block.data) for block in reader.blocks())
    assert rows.count(b"\n") == count
    return rows.decode()


AnOwner, AnIssue = aliased(Person), aliased(Ticket)
CATALOGS = {
    "Core join of mapped classes": lambda: catalog_of(outerjoin(Ticket, Person, Ticket.owner_id == Person.id)),
    "join of tables": lambda: catalog_of(Ticket.__table__.outerjoin(Person.__table__)),
    "join of the ORM": lambda: catalog_of(orm_outerjoin(Ticket, Person)),
    "relationship": lambda: catalog_of(orm_outerjoin(Ticket, Person, Ticket.owner)),
    "aliases": lambda: catalog_of(
        orm_outerjoin(AnIssue, AnOwner, AnIssue.owner_id == AnOwner.id), ticket=AnIssue, person=AnOwner
    ),
}


@pytest.mark.parametrize("name", CATALOGS)
def test_export_of_mapped_classes(name: str, engine: Engine) -> None:
    moment = "2026-02-28 12:00:00"
    text = exported(engine, CATALOGS[name](), sortField="openedAt")
    assert text == f'1,\'=Printer,"red, blue",{moment},false,Ada Byron,A,2\n3,Mouse,"red, blue",{moment},false,,,0\n'
    filtered = exported(
        engine,
        CATALOGS[name](),
        searchTerm="print",
        filters=[{"field": "owner", "operator": "contains", "value": "byr"}],
    )
    assert filtered.startswith("1,")
    assert filtered.count("\n") == 1


def test_mapped_class_can_be_the_table(engine: Engine) -> None:
    catalog = TicketCatalog(
        tables=Ticket,
        id=Ticket.id,
        created_at=Ticket.opened_at,
        columns=[text_column("title", "Title", Ticket.title), number_column("notes", "Notes", Ticket.notes)],
    )
    assert catalog.tables is Ticket.__table__
    assert exported(engine, catalog, sortField="title") == "'=Printer,2\nGone,0\nMouse,0\n"


@pytest.mark.parametrize(
    "rule",
    [
        lambda _actor: Ticket.owner_id.is_(None),
        lambda _actor: ~Ticket.owner.has(Person.name == "Ada"),
        lambda _actor: Ticket.id.not_in(select(Note.ticket_id).join(Ticket, Note.ticket_id == Ticket.id)),
        lambda _actor: Ticket.notes == 0,
        lambda _actor: Person.full_name.is_(None),
    ],
    ids=["attribute", "relationship", "subquery", "column_property", "hybrid"],
)
def test_row_rule_of_mapped_classes(rule: Any, engine: Engine) -> None:
    catalog = attrs.evolve(catalog_of(outerjoin(Ticket, Person, Ticket.owner_id == Person.id)), visible_to=rule)
    assert exported(engine, catalog).startswith("3,Mouse")
    assert exported(engine, catalog).count("\n") == 1


def test_inner_join_of_the_orm_stays_one(engine: Engine) -> None:
    assert exported(engine, catalog_of(orm_join(Ticket, Person))).count("\n") == 1


@pytest.mark.parametrize("name", CATALOGS)
def test_nothing_of_the_orm_is_left_in_the_statements(name: str) -> None:
    catalog = CATALOGS[name]()
    columns = catalog.describe()
    view = {"columns": [column.name for column in columns], "sortField": "openedAt", "searchTerm": "x"}
    query = TicketQuery.of(view, columns, actor=AN_ACTOR, as_of=NOW)
    rows = catalog.visible_to_actor(AN_ACTOR).rows
    for statement in (select_tickets(catalog, query, rows), count_tickets(catalog, query, rows)):
        parts: list[Any] = list(iterate(statement))
        noted = [part for part in parts if part._propagate_attrs or "parententity" in part._annotations]
        assert noted == []


@pytest.mark.parametrize("name", CATALOGS)
def test_attribute_is_one_expression_wherever_it_stands(name: str) -> None:
    catalog = CATALOGS[name]()
    columns = catalog.describe()
    expressions = {column.name: catalog.expression(column) for column in columns}
    assert expressions["openedAt"] is catalog.created_at
    assert expressions["id"] is catalog.id
    query = TicketQuery.of({"columns": ["id"], "sortField": "openedAt"}, columns, actor=AN_ACTOR, as_of=NOW)
    rows = catalog.visible_to_actor(AN_ACTOR).rows
    # With it, no index could be used backwards.
    assert "NULLS LAST" not in str(select_tickets(catalog, query, rows).order_by)


def test_attribute_of_a_class_is_the_column_of_its_table() -> None:
    catalog = CATALOGS["relationship"]()
    table = Ticket.__table__
    assert isinstance(table, Table)
    assert catalog.id is table.c.id
    assert catalog.created_at is table.c.opened_at
    (title,) = (column for column in catalog.describe() if column.name == "title")
    assert catalog.expression(title) is table.c.title


@pytest.mark.parametrize(
    "tables", [select(Ticket.id), Engine, "tickets", None], ids=["select", "class", "text", "None"]
)
def test_what_is_no_table_is_refused(tables: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^ticket catalog: tables is of type .*; use a table, a join, a subquery"
    ):
        catalog_of(tables)


@pytest.mark.parametrize("expression", [Ticket, Ticket.owner, "title", 5, None, Ticket(title="x")])
def test_what_is_no_expression_is_refused(expression: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^ticket catalog: .* is not a column or SQL expression; use"):
        text_column("title", "Title", expression)
