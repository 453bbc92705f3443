"""The row rule of a catalog: what a host may return, and the rows that an actor then gets."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.exc import SADeprecationWarning

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import EVERY_ROW, TicketCatalog, date_column, number_column, text_column
from ticket_export.errors import ConfigurationError, TicketSourceError
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.infrastructure.tickets.ticket_select import select_tickets

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - stored in UTC
AFTERWARDS = datetime(2026, 4, 1)  # noqa: DTZ001


class Base(orm.DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    region: orm.Mapped[str]


class Membership(Base):
    __tablename__ = "memberships"
    user_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"), primary_key=True)


class Case(Base):
    __tablename__ = "cases"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    opened_at: orm.Mapped[datetime]
    deleted_at: orm.Mapped[datetime | None]
    subject: orm.Mapped[str]
    is_public: orm.Mapped[bool | None]
    kind: orm.Mapped[str]
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"))
    team: orm.Mapped[Team | None] = orm.relationship()
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "case"}  # noqa: RUF012 - as SQLAlchemy has it


class Incident(Case):
    __mapper_args__ = {"polymorphic_identity": "incident"}  # noqa: RUF012


CASES, TEAMS, MEMBERSHIPS = (Base.metadata.tables[name] for name in ("cases", "teams", "memberships"))
C = CASES.c
COLUMNS = (
    number_column("id", "ID", C.id),
    text_column("subject", "Subject", C.subject, searchable=True),
    text_column("region", "Region", TEAMS.c.region),
)
CATALOG = TicketCatalog(
    tables=CASES.outerjoin(TEAMS),
    id=C.id,
    created_at=C.opened_at,
    deleted_at=C.deleted_at,
    columns=COLUMNS,
)
#: Id, team, is public.
ROWS = [(1, 1, False), (2, 2, False), (3, None, None), (4, 1, True), (5, 3, True)]
AGENT = Actor(user_id=7, attributes={"teams": (1,), "team": 1, "nothing": None})
Rule = Callable[[Actor], Any]


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('rules')}/cases.db")
    _fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def postgresql(postgresql_server: PostgresqlServer) -> Iterator[sa.Engine]:
    yield from _filled(postgresql_server)


@pytest.fixture(scope="module")
def installed_postgresql(installed_postgresql_server: PostgresqlServer) -> Iterator[sa.Engine]:
    yield from _filled(installed_postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql", "installed_postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    found: sa.Engine = request.getfixturevalue(request.param)
    return found


def _filled(server: PostgresqlServer) -> Iterator[sa.Engine]:
    with server.database(migrated=False) as url:
        engine = create_engine(url)
        _fill(engine)
        yield engine
        engine.dispose()


def _fill(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        regions = [{"id": 1, "region": "north"}, {"id": 2, "region": "south"}, {"id": 3, "region": "north"}]
        connection.execute(TEAMS.insert(), regions)
        connection.execute(
            MEMBERSHIPS.insert(),
            [{"user_id": 7, "team_id": 1}, {"user_id": 7, "team_id": 3}, {"user_id": 8, "team_id": 2}],
        )
        rows = [_row(number, team, is_public) for number, team, is_public in ROWS]
        # Not part of any export of `NOW`.
        rows += [_row(6, 2, True, opened_at=AFTERWARDS), _row(7, 2, True, deleted_at=LONG_AGO)]
        connection.execute(CASES.insert(), rows)


def _row(number: int, team: int | None, is_public: bool | None, **others: object) -> dict[str, object]:
    kind = "incident" if number == 4 else "case"
    row = {"id": number, "team_id": team, "is_public": is_public, "kind": kind, "subject": f"case {number}"}
    return {**row, "opened_at": LONG_AGO, "deleted_at": None, **others}


def source_of(engine: sa.Engine, rule: Rule) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, attrs.evolve(CATALOG, visible_to=rule))


def ids(source: SqlAlchemyTicketSource, actor: Actor = AGENT, **view: object) -> list[int]:
    query = TicketQuery.of({"columns": ["id"], **view}, source.columns(actor), actor=actor, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        found = [int(line) for block in reader.blocks() for line in block.data.split()]
    assert count == len(found)
    return found


other_teams = TEAMS.alias("other_teams")
other_cases = CASES.alias("other_cases")


def _own_sql(condition: str) -> sa.ColumnElement[bool]:
    return sa.literal_column(condition, sa.Boolean)


def _any_of(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    # A host that has a list of conditions may have an empty one. SQLAlchemy warns once, and builds it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SADeprecationWarning)
        return sa.or_(*conditions)


RULES: dict[str, tuple[Rule, list[int]]] = {
    "every row": (lambda _: EVERY_ROW, [1, 2, 3, 4, 5]),
    "true": (lambda _: sa.true(), [1, 2, 3, 4, 5]),
    "false": (lambda _: sa.false(), []),
    "null": (lambda _: sa.type_coerce(sa.null(), sa.Boolean), []),
    "one of": (lambda actor: C.team_id.in_(actor.attributes["teams"]), [1, 4]),
    "one of none": (lambda _: C.team_id.in_(()), []),
    "none of none": (lambda _: C.team_id.not_in(()), [1, 2, 3, 4, 5]),
    "not one of": (lambda _: C.team_id.not_in((1,)), [2, 5]),
    "not of, and NULL": (lambda _: sa.not_(C.team_id == 1), [2, 5]),
    "is null, by an attribute that is None": (lambda actor: C.team_id == actor.attributes["nothing"], [3]),
    "boolean column": (lambda _: C.is_public, [4, 5]),
    "not boolean column": (lambda _: ~C.is_public, [1, 2]),
    "or": (lambda _: sa.or_(C.team_id == 2, C.is_public), [2, 4, 5]),
    "or in the host's own SQL": (lambda _: sa.literal_column("team_id = 2 OR is_public", sa.Boolean), [2, 4, 5]),
    "case": (lambda _: sa.case((C.team_id == 2, sa.true()), else_=sa.false()), [2]),
    "joined table": (lambda _: TEAMS.c.region == "north", [1, 4, 5]),
    "exists": (
        lambda actor: sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id, MEMBERSHIPS.c.user_id == actor.user_id),
        [1, 4, 5],
    ),
    "not exists": (lambda _: ~sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id), [3]),
    "in a select": (
        lambda actor: C.team_id.in_(sa.select(MEMBERSHIPS.c.team_id).where(MEMBERSHIPS.c.user_id == actor.user_id)),
        [1, 4, 5],
    ),
    "in an aliased table": (
        lambda _: C.team_id.in_(sa.select(other_teams.c.id).where(other_teams.c.region == "south")),
        [2],
    ),
    "scalar select": (lambda _: sa.select(C.team_id == 3).correlate(CASES).scalar_subquery(), [5]),
    "attribute": (lambda actor: Case.team_id.in_(actor.attributes["teams"]), [1, 4]),
    "attribute of a boolean": (lambda _: Case.is_public, [4, 5]),
    "attribute of a subclass": (lambda _: Incident.team_id == 1, [1, 4]),
    "relationship": (lambda _: Case.team.has(Team.region == "north"), [1, 4, 5]),
    "exists of classes": (
        lambda actor: sa.exists().where(Membership.team_id == Case.team_id, Membership.user_id == actor.user_id),
        [1, 4, 5],
    ),
    "function of a declared type": (lambda _: sa.func.coalesce(C.is_public, sa.false(), type_=sa.Boolean), [4, 5]),
    "label": (lambda _: (C.team_id == 2).label("mine"), [2]),
    "regular expression": (lambda _: C.subject.regexp_match("case [12]"), [1, 2]),
    "not regular expression": (lambda _: ~C.subject.regexp_match("case [12]"), [3, 4, 5]),
    "text in and": (lambda _: sa.and_(sa.text("team_id = 2 OR team_id = 1"), C.is_public), [4]),
    "the host's own SQL in and": (lambda _: _own_sql("team_id = 2 OR team_id = 1") & C.is_public, [4]),
    "the host's own SQL in not": (lambda _: ~_own_sql("team_id = 2 OR team_id = 1"), [5]),
    "the host's own SQL, declared as a condition": (
        lambda _: sa.type_coerce(sa.literal_column("team_id = 2 OR team_id = 1"), sa.Boolean) & C.is_public,
        [4],
    ),
    "the host's own SQL in a comparison": (
        lambda _: sa.and_(_own_sql("team_id = 2 OR team_id = 1") != sa.true(), C.is_public),
        [5],
    ),
    "a value in the host's own SQL": (lambda _: sa.literal_column("team_id", sa.Integer).between(1, 2), [1, 2, 4]),
    "text as a value": (lambda _: C.team_id == sa.text("1"), [1, 4]),
    "text in exists": (
        lambda _: sa.exists().where(
            other_teams.c.id == C.team_id, sa.text("other_teams.region = 'south' OR other_teams.region = 'east'")
        ),
        [2],
    ),
    "text in and, with an alias that is correlated": (
        lambda _: sa.and_(sa.text("cases.id = 1 OR cases.id = 2"), sa.exists().where(other_teams.c.id == C.team_id)),
        [1, 2],
    ),
    "or of nothing and something": (lambda _: sa.or_(sa.false(), *()) | (C.id == 1), [1]),
    "exists of its own, for every ticket": (lambda _: sa.exists().where(MEMBERSHIPS.c.user_id == 7), [1, 2, 3, 4, 5]),
    "exists of an alias, for every ticket": (
        lambda _: sa.exists().where(other_teams.c.region == "south"),
        [1, 2, 3, 4, 5],
    ),
    "exists of another row of the same table": (
        lambda _: sa.exists().where(other_cases.c.team_id == C.team_id, other_cases.c.id > C.id),
        [1, 2],
    ),
    "exists that names its table": (
        lambda _: sa.exists(sa.select(1).where(TEAMS.c.id == C.team_id, TEAMS.c.id == 2).correlate(CASES)),
        [2],
    ),
    "exists inside of exists": (
        lambda _: sa.exists().where(
            other_teams.c.id > 0,
            sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id, MEMBERSHIPS.c.user_id == 8).correlate(CASES),
        ),
        [2],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule_decides_rows_and_count(engine: sa.Engine, name: str) -> None:
    rule, shown = RULES[name]
    assert ids(source_of(engine, rule)) == shown


@pytest.mark.parametrize("name", RULES)
def test_rule_holds_together_with_filters_search_sort_and_the_moment_of_the_request(
    engine: sa.Engine, name: str
) -> None:
    rule, shown = RULES[name]
    source = source_of(engine, rule)
    assert ids(source, sortField="subject", sortDirection="desc") == shown[::-1]
    assert ids(source, filters=[{"field": "id", "operator": "lte", "value": "3"}]) == [
        each for each in shown if each <= 3
    ]
    assert ids(source, columns=["id"], filters=[{"field": "subject", "operator": "neq", "value": "case 2"}]) == [
        each for each in shown if each != 2
    ]
    query = TicketQuery.of(
        {"columns": ["subject"], "searchTerm": "CASE 4"}, source.columns(AGENT), actor=AGENT, as_of=NOW
    )
    with source.open(query, CsvFormat()) as reader:
        assert (reader.count(), b"".join(block.data for block in reader.blocks())) == (
            (1, b"case 4\n") if 4 in shown else (0, b"")
        )


def _raise(error: Exception) -> Any:
    raise error


REFUSED: dict[str, tuple[Rule, str]] = {
    "None": (lambda _: None, "returned NoneType; return a SQL condition or EVERY_ROW"),
    "True": (lambda _: True, r"returned a bool; use EVERY_ROW, sqlalchemy.true\(\) or sqlalchemy.false\(\)"),
    "False": (lambda _: False, "returned a bool; use EVERY_ROW"),
    "number": (lambda _: 1, "returned int;"),
    "text": (lambda _: "team_id = 1", "returned str;"),
    "text()": (lambda _: sa.text("team_id = 1"), "returned TextClause;"),
    "select": (lambda _: sa.select(C.id), "returned Select;"),
    "list": (lambda _: [C.team_id == 1], "returned list;"),
    "class": (lambda _: Case, "returned DeclarativeAttributeIntercept;"),
    "the name of EVERY_ROW": (lambda _: "EVERY_ROW", "returned str;"),
    "integer column": (lambda _: C.team_id, "returned an expression of type Integer, not Boolean"),
    "function of no type": (
        lambda _: sa.func.coalesce(sa.null()),
        "returned an expression of type NullType, not Boolean",
    ),
    "parameter without a value": (lambda _: C.team_id == sa.bindparam("team"), "whose parameter 'team' has no value"),
    "parameter without a value, inside": (
        lambda _: sa.exists().where(MEMBERSHIPS.c.user_id == sa.bindparam("whom")),
        "whose parameter 'whom' has no value",
    ),
    "attribute that is not there": (
        lambda actor: C.team_id == actor.attributes["tenant"],
        "needs the attribute 'tenant', which this actor lacks",
    ),
    "error": (lambda _: _raise(ValueError("secret of row 17")), "raised ValueError$"),
    "error of a dictionary": (lambda _: dict[str, str]()["secret of row 17"], "raised KeyError$"),
    "error of the library": (lambda _: _raise(TicketSourceError("secret of row 17")), "raised TicketSourceError$"),
    "or of nothing": (
        lambda _: _any_of(),
        r"has an or_\(\) without conditions, which SQLAlchemy leaves out; begin with",
    ),
    "or of nothing in and": (lambda _: _any_of() & C.is_public, r"has an or_\(\) without conditions"),
    "not of nothing": (lambda _: ~_any_of(), r"has an or_\(\) without conditions"),
    "or of nothing in exists": (
        lambda _: sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id, _any_of()),
        r"has an or_\(\) without conditions",
    ),
    "exists of the ticket's own table": (
        lambda _: sa.exists().where(C.team_id == 1),
        "has an EXISTS that reads all rows of the table 'cases' instead of those of the ticket",
    ),
    "exists of the ticket's own table in another MetaData": (
        lambda _: sa.exists().where(CASES.to_metadata(sa.MetaData()).c.team_id == MEMBERSHIPS.c.team_id),
        "has an EXISTS that reads all rows of the table 'cases'",
    ),
    "exists that is not to be connected": (
        lambda _: sa.exists(sa.select(1).where(MEMBERSHIPS.c.team_id == C.team_id).correlate(None)),
        "has an EXISTS that reads all rows of the table 'cases'",
    ),
    "exists that joins the ticket's own table": (
        lambda _: sa.exists(sa.select(1).select_from(CASES.join(MEMBERSHIPS, MEMBERSHIPS.c.team_id == C.team_id))),
        "has an EXISTS that reads all rows of the table 'cases'",
    ),
    "exists of a joined table": (
        lambda _: sa.exists().where(TEAMS.c.region == "south"),
        "has an EXISTS that reads all rows of the table 'teams'",
    ),
    "not exists of the ticket's own table": (
        lambda _: sa.or_(C.id == 1, ~sa.exists().where(C.team_id == 4)),
        "has an EXISTS that reads all rows of the table 'cases'",
    ),
    "exists that is connected in its own exists only": (
        lambda _: sa.exists().where(TEAMS.c.id > 0, sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id)),
        "has an EXISTS that reads all rows of the table ",
    ),
    "exists of joined tables only": (
        lambda _: sa.exists().where(TEAMS.c.id == C.team_id, TEAMS.c.region == "north"),
        r"has an EXISTS of tables that `tables` joins already; write its conditions without exists\(\)",
    ),
    "table that is not joined": (
        lambda _: MEMBERSHIPS.c.user_id == 7,
        r"names the table 'memberships', which `tables` of the catalog does not join; use exists\(\) or",
    ),
    "class that is not joined": (lambda _: Membership.team_id == Case.team_id, "names the table 'memberships'"),
    "alias of a joined table": (lambda _: other_teams.c.region == "north", "names another object of the table 'teams'"),
    "aliased class": (lambda _: orm.aliased(Case).id == 1, "names another object of the table 'cases'"),
    "table of another MetaData": (
        lambda _: CASES.to_metadata(sa.MetaData()).c.team_id == 1,
        "names another object of the table 'cases', which `tables` of the catalog does not join",
    ),
    "subquery": (lambda _: sa.select(C.id).subquery("others").c.id == 1, "which `tables` of the catalog does not join"),
    "function that returns rows": (
        lambda _: sa.func.json_each("[1]").table_valued("value").c.value == C.team_id,
        "which `tables` of the catalog does not join",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rule_that_cannot_be_evaluated_is_refused_at_the_request_and_at_the_run(sqlite: sa.Engine, name: str) -> None:
    rule, message = REFUSED[name]
    source = source_of(sqlite, rule)
    with pytest.raises(ConfigurationError, match=message) as refused:
        source.columns(AGENT)
    assert str(refused.value).startswith("ticket catalog: the row rule (visible_to) ")
    assert "secret" not in str(refused.value)
    if "raised" in message:
        assert "secret" in str(refused.value.__cause__)
    query = TicketQuery.of({"columns": ["id"]}, CATALOG.describe(), actor=AGENT, as_of=NOW)
    with pytest.raises(ConfigurationError, match=message), source.open(query, CsvFormat()):
        pytest.fail("the tickets can be read")


@pytest.mark.parametrize("rule", [C.team_id == 1, True, "EVERY_ROW", 7])
def test_what_is_no_rule_is_refused_when_the_catalog_is_made(rule: object) -> None:
    with pytest.raises(ConfigurationError, match="visible_to must be a function of the actor or EVERY_ROW, not"):
        attrs.evolve(CATALOG, visible_to=rule)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="the column 'id': visible_to must be a function of the actor, not"):
        number_column("id", "ID", C.id, visible_to=rule)  # type: ignore[arg-type]


def test_expression_that_names_a_table_that_is_not_joined_is_refused_when_the_catalog_is_made() -> None:
    strange = text_column("member", "Member", sa.cast(MEMBERSHIPS.c.user_id, sa.Text))
    with pytest.raises(ConfigurationError, match="the column 'member' names the table 'memberships'"):
        attrs.evolve(CATALOG, columns=[*COLUMNS, strange])
    with pytest.raises(ConfigurationError, match="id names the table 'memberships'"):
        attrs.evolve(CATALOG, id=MEMBERSHIPS.c.user_id)


def test_catalog_over_a_subquery_takes_rules_on_its_columns_only(engine: sa.Engine) -> None:
    every = sa.select(CASES).subquery("every")
    catalog = TicketCatalog(
        tables=every, id=every.c.id, created_at=every.c.opened_at, columns=[number_column("id", "ID", every.c.id)]
    )
    mine = attrs.evolve(catalog, visible_to=lambda _: every.c.team_id == 1)
    assert ids(SqlAlchemyTicketSource(engine, mine)) == [1, 4]
    others = attrs.evolve(catalog, visible_to=lambda _: C.team_id == 1)
    with pytest.raises(ConfigurationError, match="names the table 'cases'"):
        SqlAlchemyTicketSource(engine, others).columns(AGENT)


@pytest.mark.parametrize("cases", [CASES.alias("c"), sa.select(CASES).subquery("c"), sa.select(CASES).cte("c")])
def test_exists_of_the_table_behind_the_catalogs_own_is_refused(sqlite: sa.Engine, cases: sa.FromClause) -> None:
    catalog = TicketCatalog(
        tables=cases,
        id=cases.c.id,
        created_at=cases.c.opened_at,
        columns=[number_column("id", "ID", cases.c.id)],
        visible_to=lambda _: sa.exists().where(MEMBERSHIPS.c.team_id == C.team_id, MEMBERSHIPS.c.user_id == 7),
    )
    with pytest.raises(ConfigurationError, match="has an EXISTS that reads all rows of the table 'cases'"):
        SqlAlchemyTicketSource(sqlite, catalog).columns(AGENT)
    of_itself = attrs.evolve(catalog, visible_to=lambda _: sa.exists().where(cases.c.team_id == 1))
    with pytest.raises(ConfigurationError, match="has an EXISTS that reads all rows of the table 'c'"):
        SqlAlchemyTicketSource(sqlite, of_itself).columns(AGENT)


def test_rule_on_an_aliased_table_of_the_join(engine: sa.Engine) -> None:
    cases, teams = CASES.alias("c"), TEAMS.alias("t")
    catalog = TicketCatalog(
        tables=cases.outerjoin(teams, teams.c.id == cases.c.team_id),
        id=cases.c.id,
        created_at=cases.c.opened_at,
        deleted_at=cases.c.deleted_at,
        columns=[number_column("id", "ID", cases.c.id)],
        visible_to=lambda _: teams.c.region == "north",
    )
    assert ids(SqlAlchemyTicketSource(engine, catalog)) == [1, 4, 5]


def test_rule_that_the_database_refuses_shows_nothing(engine: sa.Engine) -> None:
    source = source_of(engine, lambda _: sa.literal_column("no_such_column", sa.Boolean))
    with pytest.raises(TicketSourceError):
        ids(source)


def test_values_of_a_rule_are_never_part_of_the_statement(postgresql: sa.Engine) -> None:
    hostile = "x'); DROP TABLE cases; --"
    catalog = attrs.evolve(CATALOG, visible_to=lambda _: C.subject.in_([hostile, "case 2"]))
    source = SqlAlchemyTicketSource(postgresql, catalog)
    assert ids(source) == [2]
    query = TicketQuery.of({"columns": ["id"]}, source.columns(AGENT), actor=AGENT, as_of=NOW)
    with postgresql.connect() as connection:
        rows = catalog.visible_to_actor(AGENT).rows
        statement, values = copy_statement(select_tickets(catalog, query, rows), connection, "FORMAT csv")
    assert "DROP TABLE" not in statement
    assert hostile in values.values()


def test_rule_is_asked_once_for_count_and_rows(engine: sa.Engine) -> None:
    numbers = itertools.count(1)
    source = source_of(engine, lambda _: C.id <= next(numbers))
    query = TicketQuery.of({"columns": ["id"]}, source.columns(AGENT), actor=AGENT, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        assert (reader.count(), [block.rows for block in reader.blocks()], reader.count()) == (2, [2], 2)


@pytest.mark.parametrize("stored", ["timestamptz", "timestamp"])
def test_time_zone_of_the_view_moves_no_row_into_sight(postgresql: sa.Engine, stored: str) -> None:
    # Without a zone, as hosts declare it; the rule compares with a day and with a moment, both without a zone too.
    table = sa.Table(f"moments_{stored}", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("at", sa.DateTime))
    with postgresql.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table.name} (id integer, at {stored})")
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} SELECT n, timestamp '2026-02-10' + (n - 48) * interval '1 hour' "
            "FROM generate_series(1, 96) n"
            if stored == "timestamp"
            else f"INSERT INTO {table.name} SELECT n, timestamptz '2026-02-10 00:00Z' + (n - 48) * interval '1 hour' "
            "FROM generate_series(1, 96) n"
        )
    day = sa.cast(table.c.at, sa.Date)
    rules: list[Rule] = [
        lambda _: table.c.at >= datetime(2026, 2, 10),  # noqa: DTZ001
        lambda _: day >= sa.literal(datetime(2026, 2, 10).date(), sa.Date),  # noqa: DTZ001
        lambda _: sa.func.to_char(table.c.at, "YYYY-MM-DD", type_=sa.Text) >= "2026-02-10",
    ]
    for rule in rules:
        catalog = TicketCatalog(
            tables=table,
            id=table.c.id,
            created_at=table.c.at,
            columns=[number_column("id", "ID", table.c.id), date_column("at", "At", table.c.at)],
            visible_to=rule,
        )
        source = SqlAlchemyTicketSource(postgresql, catalog)
        for zone in (None, "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"):
            assert ids(source, timeZone=zone) == list(range(48, 97))


def test_hidden_column_of_a_wrong_type_is_a_mistake_for_everybody(postgresql: sa.Engine) -> None:
    with postgresql.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mistaken (id integer, at timestamptz, payload bytea)")
    table = sa.table(
        "mistaken", sa.column("id", sa.Integer), sa.column("at", sa.DateTime), sa.column("payload", sa.Text)
    )
    catalog = TicketCatalog(
        tables=table,
        id=table.c.id,
        created_at=table.c.at,
        columns=[
            number_column("id", "ID", table.c.id),
            text_column("payload", "Payload", table.c.payload, visible_to=lambda actor: actor.is_admin),
        ],
    )
    for is_admin in (False, True):
        with pytest.raises(ConfigurationError, match="'payload' is stored as bytea"):
            ids(SqlAlchemyTicketSource(postgresql, catalog), Actor(user_id=1, is_admin=is_admin))


def test_deleted_at_alone_says_which_tickets_are_deleted(engine: sa.Engine) -> None:
    # 7 is deleted; see also the catalog above.
    assert 7 not in ids(SqlAlchemyTicketSource(engine, CATALOG))
    with pytest.raises(ConfigurationError, match="is_deleted needs deleted_at"):
        attrs.evolve(CATALOG, deleted_at=None)
