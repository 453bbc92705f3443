"""A row rule of the ORM shows the tickets that a query of the ORM finds, or is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from ticket_export import ConfigurationError, CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import TicketCatalog, number_column
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Base(orm.DeclarativeBase):
    pass


class Part(Base):
    __tablename__ = "parts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    size: orm.Mapped[int]
    ticket_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("tickets.id"))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "part"}  # noqa: RUF012 - as SQLAlchemy has it


class Screen(Part):
    __mapper_args__ = {"polymorphic_identity": "screen"}  # noqa: RUF012


class Battery(Part):
    __tablename__ = "batteries"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("parts.id"), primary_key=True)
    volts: orm.Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "battery"}  # noqa: RUF012


class Ticket(Base):
    __tablename__ = "tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    opened_at: orm.Mapped[datetime]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("tickets.id"))
    children: orm.Mapped[list[Ticket]] = orm.relationship()
    parts: orm.Mapped[list[Part]] = orm.relationship(viewonly=True)
    screens: orm.Mapped[list[Screen]] = orm.relationship(viewonly=True)
    batteries: orm.Mapped[list[Battery]] = orm.relationship(viewonly=True)


Other = orm.aliased(Ticket)
AnyPart = orm.with_polymorphic(Part, "*")
#: Each returns a new condition.
Rule = Callable[[], Any]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("orm")
    engine = create_engine(f"sqlite:///{folder}/tickets.db")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        parents = {2: 1, 3: 1, 4: 2}
        opened = datetime(2026, 1, 1)  # noqa: DTZ001 - stored in UTC
        session.add_all(Ticket(id=each, opened_at=opened, parent_id=parents.get(each)) for each in range(1, 6))
        session.flush()
        session.add_all([Part(size=1, ticket_id=1), Screen(size=9, ticket_id=2), Battery(size=5, volts=7, ticket_id=3)])
        session.commit()
    yield engine
    engine.dispose()


def source_of(engine: sa.Engine, rule: Rule) -> SqlAlchemyTicketSource:
    catalog = TicketCatalog(
        tables=Ticket,
        id=Ticket.id,
        created_at=Ticket.opened_at,
        columns=[number_column("id", "ID", Ticket.id)],
        visible_to=lambda _: rule(),
    )
    return SqlAlchemyTicketSource(engine, catalog)


def exported(source: SqlAlchemyTicketSource) -> list[int]:
    query = TicketQuery.of({"columns": ["id"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        return [int(line) for block in reader.blocks() for line in block.data.split()]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (Ticket.children.any, [1, 2]),
        (lambda: Ticket.children.any(Ticket.id == 4), [2]),
        (lambda: Ticket.children.of_type(Other).any(Other.id == 4), [2]),
        (lambda: sa.exists().where(Other.parent_id == Ticket.id), [1, 2]),
        (lambda: Ticket.parts.any(Part.size > 2), [2, 3]),
        (lambda: ~Ticket.parts.any(Part.size > 2), [1, 4, 5]),
        (Ticket.screens.any, [2]),
        (lambda: Ticket.batteries.any(Battery.volts == 7), [3]),
        (lambda: Ticket.parts.of_type(Screen).any(), [2]),
        (lambda: Ticket.parts.of_type(AnyPart).any(AnyPart.size > 2), [2, 3]),
        (lambda: Ticket.id.in_(sa.select(Part.ticket_id).filter_by(size=9)), [2]),
        (lambda: orm.Query(Part).filter(Part.ticket_id == Ticket.id, Part.size > 2).exists(), [2, 3]),
    ],
    ids=itertools.count(),
)
def test_rule_of_the_orm_shows_what_a_query_of_the_orm_finds(engine: sa.Engine, rule: Rule, found: list[int]) -> None:
    assert exported(source_of(engine, rule)) == found
    with orm.Session(engine) as session:
        assert list(session.scalars(sa.select(Ticket.id).where(rule()).order_by(Ticket.id))) == found


@pytest.mark.parametrize(
    "rule",
    [
        lambda: Ticket.id.in_(sa.select(Screen.ticket_id)),
        lambda: Ticket.id.in_(sa.select(Battery.ticket_id)),
        lambda: Ticket.id.in_(sa.select(orm.aliased(Screen).ticket_id)),
        lambda: Ticket.id.in_(sa.select(sa.func.max(Screen.ticket_id)).select_from(Screen)),
        lambda: Ticket.id.in_(sa.select(Part.ticket_id).join(Screen, Screen.id == Part.id)),
        lambda: Ticket.id.in_(sa.select(sa.select(Screen.ticket_id).subquery().c.ticket_id)),
        lambda: orm.Query(Screen).filter(Screen.ticket_id == Ticket.id).exists(),
    ],
    ids=itertools.count(),
)
def test_select_of_a_subclass_is_refused(engine: sa.Engine, rule: Rule) -> None:
    # Only the ORM would add the condition on the kind.
    with pytest.raises(ConfigurationError, match=r"selects from the class (Screen|Battery), .* select from Part"):
        source_of(engine, rule).columns(AN_ACTOR)


def test_select_that_only_the_orm_reads_is_refused(engine: sa.Engine) -> None:
    by_relationship = sa.select(Other.id).join(Other.parts)
    with pytest.raises(ConfigurationError, match=r"a SELECT of the ORM that Core does not know, .* use `Ticket\.team"):
        source_of(engine, lambda: Ticket.id.in_(by_relationship)).columns(AN_ACTOR)
    limited = sa.select(Part.ticket_id).options(orm.with_loader_criteria(Part, Part.size > 6))
    with pytest.raises(ConfigurationError, match=r"options of the ORM, such as with_loader_criteria\(\)"):
        source_of(engine, lambda: Ticket.id.in_(limited)).columns(AN_ACTOR)


@pytest.mark.parametrize(
    "tables",
    [Screen, orm.aliased(Screen), orm.outerjoin(Screen, Ticket, Ticket.id == Screen.ticket_id)],
    ids=["class", "alias", "join"],
)
def test_subclass_that_shares_a_table_is_not_the_tickets(tables: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"tables names the class Screen, .* other subclasses of Part too"):
        TicketCatalog(
            tables=tables,
            id=Part.id,
            created_at=Ticket.opened_at,
            columns=[number_column("id", "ID", Part.id)],
        )


def test_subclass_with_a_table_of_its_own_is_joined(engine: sa.Engine) -> None:
    catalog = TicketCatalog(
        tables=orm.join(Battery, Ticket, Ticket.id == Battery.ticket_id),
        id=Battery.id,
        created_at=Ticket.opened_at,
        columns=[number_column("id", "ID", Battery.size)],
    )
    assert exported(SqlAlchemyTicketSource(engine, catalog)) == [5]
