"""A small help desk of a host: its tables, its cases and its people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import attrs
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, DateTime, Engine, Integer, MetaData, Table, Text, Uuid, insert

from ticket_export import Actor, SystemPermissions

OPENED: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_METADATA = MetaData()

TEAMS = Table(
    "rights_teams",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("region", Text),
)
CASES = Table(
    "rights_cases",
    _METADATA,
    Column("number", Integer, primary_key=True),
    Column("title", Text),
    Column("note", Text),
    Column("salary", Integer),
    Column("state", Text),
    Column("team_id", Integer),
    Column("owner_id", Uuid),
    Column("tenant", Text),
    Column("level", Integer),
    Column("secret", Boolean),
    Column("opened_at", DateTime),
)
WATCHERS = Table(
    "rights_watchers",
    _METADATA,
    Column("case_id", Integer, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
)


@attrs.frozen
class Team:
    id: int
    name: str
    region: str | None


@attrs.frozen(kw_only=True)
class Case:
    """A ticket. Its title, note and salary occur in no other ticket, so that a leak is seen by its text."""

    number: int
    state: str | None
    team_id: int | None
    owner_id: UUID | None
    tenant: str | None
    level: int | None
    secret: bool | None
    watchers: frozenset[UUID]
    has_note: bool

    @property
    def title(self) -> str:
        return f"Title{self.number:03}q {'printer' if self.number % 2 else 'screen'}"

    @property
    def note(self) -> str | None:
        return f"Note{self.number:03}q" if self.has_note else None

    @property
    def salary(self) -> int:
        return 90_000_007 + 10 * self.number


ALL_TEAMS = (Team(1, "Teamone", "north"), Team(2, "Teamtwo", None), Team(3, "Teamthree", "south"))
ANN, BOB = UUID(int=0xA), UUID(int=0xB)
_TENANTS = (None, "north", "south")


def team_of(case: Case) -> Team | None:
    """Return the case's team; its id may name none."""
    return next((team for team in ALL_TEAMS if team.id == case.team_id), None)


@attrs.frozen(kw_only=True)
class Person:
    """A user with the facts that rules look at; a fact that is not in `facts` is missing among their attributes."""

    id: UUID
    is_admin: bool
    permissions: SystemPermissions
    teams: tuple[int, ...]
    tenant: str | None
    level: int
    is_hr: bool
    facts: frozenset[str]

    def actor(self) -> Actor:
        known = {"teams": self.teams, "tenant": self.tenant, "level": self.level}
        attributes = {name: value for name, value in known.items() if name in self.facts} | {"hr": self.is_hr}
        return Actor(user_id=self.id, is_admin=self.is_admin, permissions=self.permissions, attributes=attributes)

    @property
    def may_request(self) -> bool:
        return SystemPermissions.IMPORT_EXPORT_TICKETS in self.permissions

    @property
    def may_see_others(self) -> bool:
        return self.is_admin and self.may_request


_P = SystemPermissions
_MAY = _P.IMPORT_EXPORT_TICKETS
_ALL_FACTS = frozenset({"teams", "tenant", "level"})


def people(user_id: UUID) -> st.SearchStrategy[Person]:
    """Return a strategy for that user with any rights, nearly always with the permission to export."""
    return st.builds(
        Person,
        id=st.just(user_id),
        is_admin=st.booleans(),
        permissions=st.sampled_from(
            [_P.IMPORT_EXPORT_TICKETS] * 7 + [_P.IMPORT_EXPORT_TICKETS | _P.MANAGE_USERS, _P.NONE]
        ),
        teams=st.sampled_from([(), (1,), (2,), (1, 3), (2, 3), (1, 2, 3), (9,)]),
        tenant=st.sampled_from(_TENANTS),
        level=st.integers(0, 4),
        is_hr=st.booleans(),
        facts=st.sampled_from([_ALL_FACTS] * 12 + [frozenset({"tenant"}), frozenset()]),
    )


def _case(number: int) -> st.SearchStrategy[Case]:
    return st.builds(
        Case,
        number=st.just(number),
        state=st.sampled_from(["new", "open", "done", "odd", None]),
        team_id=st.sampled_from([1, 2, 3, 8, None]),
        owner_id=st.sampled_from([ANN, BOB, UUID(int=0xC), None]),
        tenant=st.sampled_from(_TENANTS),
        level=st.sampled_from([0, 1, 2, 3, None]),
        secret=st.sampled_from([True, False, None]),
        watchers=st.sampled_from([frozenset(), frozenset({ANN}), frozenset({BOB}), frozenset({ANN, BOB})]),
        has_note=st.booleans(),
    )


#: Up to twelve cases.
ALL_CASES: st.SearchStrategy[tuple[Case, ...]] = st.integers(4, 12).flatmap(
    lambda most: st.tuples(*map(_case, range(1, most + 1)))
)


def create_tables(engine: Engine) -> None:
    """Create the host's own tables."""
    _METADATA.create_all(engine)


def store(engine: Engine, cases: tuple[Case, ...]) -> None:
    """Make these all the cases."""
    with engine.begin() as connection:
        for table in (CASES, TEAMS, WATCHERS):
            connection.execute(table.delete())
        connection.execute(insert(TEAMS), [attrs.asdict(team) for team in ALL_TEAMS])
        shown = [column.name for column in CASES.columns if column.name != "opened_at"]
        rows = [
            {name: getattr(case, name) for name in shown} | {"opened_at": OPENED.replace(tzinfo=None)} for case in cases
        ]
        connection.execute(insert(CASES), rows)
        watched = [{"case_id": case.number, "user_id": user} for case in cases for user in case.watchers]
        if watched:
            connection.execute(insert(WATCHERS), watched)
