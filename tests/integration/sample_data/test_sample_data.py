from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text

from ticket_export.application.actor import Actor
from ticket_export.domain.system_permissions import BuiltInSystemPermission, SystemPermissions
from ticket_export.infrastructure.persistence.engine import create_engine
from ticket_export.infrastructure.persistence.migrate import upgrade
from ticket_export.infrastructure.persistence.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.sample_data.bulk_insert import BulkInsert
from ticket_export.infrastructure.sample_data.loader import load_sample_data
from ticket_export.infrastructure.sample_data.people import TEAMS, sample_id
from ticket_export.infrastructure.sample_data.ticket_rows import SPAN, TICKET_COLUMNS
from ticket_export.infrastructure.tickets.reference_catalog import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Engine, RowMapping

_NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_TICKETS = REFERENCE_TABLES.tickets
_USERS = REFERENCE_TABLES.users
_TIMES = ("creation_time", "last_modification_time", "resolved_at", "closed_at", "deletion_time")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'help-desk.db'}")
    upgrade(engine, reference_schema=True)
    yield engine
    engine.dispose()


def _load(engine: Engine, tickets: int = 2_000, seed: int = 1) -> None:
    load_sample_data(engine, REFERENCE_TABLES, tickets=tickets, seed=seed, now=_NOW)


def _tickets(engine: Engine) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return connection.execute(select(_TICKETS).order_by(_TICKETS.c.id)).mappings().all()


def _number_of_users(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(_USERS)).scalar_one()


@pytest.mark.parametrize(
    ("email", "is_admin", "may_export"),
    [
        ("admin@example.test", True, True),
        ("staff@example.test", False, True),
        ("viewer@example.test", False, False),
        ("auditor@example.test", True, False),
    ],
)
def test_there_is_an_account_for_every_row_of_the_permission_table(
    engine: Engine, email: str, is_admin: bool, may_export: bool
) -> None:
    _load(engine, 1)
    actor = SqlAlchemyUserDirectory(engine).find_by_email(email)
    assert actor is not None
    assert (actor.is_admin, actor.may_import_export_tickets) == (is_admin, may_export)


def test_the_admin_may_do_everything(engine: Engine) -> None:
    _load(engine, 1)
    actor = SqlAlchemyUserDirectory(engine).find_by_email("admin@example.test")
    permissions = BuiltInSystemPermission.all_permissions()
    assert actor == Actor(user_id=sample_id("admin@example.test"), is_admin=True, permissions=permissions)


def test_tickets_are_of_every_kind(engine: Engine) -> None:
    _load(engine)
    tickets = _tickets(engine)
    assert len(tickets) == 2_000
    assert {(each["status"], each["priority"]) for each in tickets} == {(s, p) for s in STATUSES for p in PRIORITIES}
    assert {each["owning_team_id"] for each in tickets} == {None, *(sample_id(name) for name in TEAMS)}
    nullable = [column.key for column in _TICKETS.columns if column.nullable]
    for key in nullable:
        assert {each[key] is None for each in tickets} == {True, False}, key
    assert {each["is_deleted"] for each in tickets} == {True, False}
    assert all(each["is_deleted"] == (each["deletion_time"] is not None) for each in tickets)
    assert len({each["assignee_id"] for each in tickets}) > 20


def test_texts_are_what_breaks_csv_files_and_spreadsheets(engine: Engine) -> None:
    _load(engine)
    tickets = _tickets(engine)
    titles = [each["title"] for each in tickets]
    for start in ("=", "+", "-", "@", "\t", "  =", "\uff1d", "\uff20", "'"):
        assert any(title.startswith(start) for title in titles), start
    descriptions = [each["description"] or "" for each in tickets]
    for part in ("\n", "\r\n", '"', ","):
        assert any(part in description for description in descriptions), part
    assert max(map(len, descriptions)) > 2_000
    assert any(ord(char) > 0xFFFF for title in titles for char in title)
    tags = [json.loads(each["tags_json"]) for each in tickets if each["tags_json"] is not None]
    assert {0, 1, 2, 3} <= {len(each) for each in tags}
    assert any(tag.startswith("=") for each in tags for tag in each)


def test_nothing_has_happened_after_now_or_before_it_could(engine: Engine) -> None:
    _load(engine)
    tickets = _tickets(engine)
    assert all(_NOW - SPAN <= each["creation_time"] <= _NOW for each in tickets)
    assert all(each["creation_time"] <= each[key] <= _NOW for each in tickets for key in _TIMES if each[key])
    assert all((each["resolved_at"] is not None) == (each["status"] in {"resolved", "closed"}) for each in tickets)
    assert all(each["resolved_at"] <= each["closed_at"] for each in tickets if each["closed_at"])


def test_creation_times_are_spread_tied_and_not_in_the_order_of_the_ids(engine: Engine) -> None:
    _load(engine)
    times = [each["creation_time"] for each in _tickets(engine)]
    assert len(set(times)) < len(times)
    assert times != sorted(times)
    assert max(times) - min(times) > timedelta(days=350)


def test_the_same_seed_makes_up_the_same_tickets(tmp_path: Path) -> None:
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        engine = create_engine(f"sqlite:///{tmp_path / name}.db")
        upgrade(engine, reference_schema=True)
        _load(engine, 200, seed)
        made.append(_tickets(engine))
        engine.dispose()
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_a_second_run_adds_other_tickets_and_keeps_the_people(engine: Engine) -> None:
    _load(engine, 100)
    with engine.begin() as connection:
        connection.execute(_USERS.update().where(_USERS.c.email_address == "staff@example.test").values(is_admin=True))
    users = _number_of_users(engine)
    _load(engine, 100)
    tickets = _tickets(engine)
    assert [each["id"] for each in tickets] == list(range(1, 201))
    assert [each["title"] for each in tickets[:100]] != [each["title"] for each in tickets[100:]]
    assert _number_of_users(engine) == users
    staff = SqlAlchemyUserDirectory(engine).find_by_email("staff@example.test")
    assert staff is not None
    assert staff.is_admin


def test_an_address_that_is_somebodys_already_stays_theirs(engine: Engine) -> None:
    own = uuid4()
    with engine.begin() as connection:
        values = {"id": own, "first_name": "Own", "last_name": "Agent", "email_address": "agent01@example.test"}
        connection.execute(insert(_USERS).values(values))
    _load(engine, 500)
    assert own in {each["assignee_id"] for each in _tickets(engine)}
    actor = SqlAlchemyUserDirectory(engine).find_by_email("agent01@example.test")
    assert actor == Actor(user_id=own, permissions=SystemPermissions.NONE)


def test_an_interrupted_run_leaves_nothing(engine: Engine) -> None:
    def interrupt(inserted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_sample_data(engine, REFERENCE_TABLES, tickets=10, seed=1, now=_NOW, on_progress=interrupt)
    assert _tickets(engine) == []
    assert _number_of_users(engine) == 0


def test_progress_tells_how_many_are_in(engine: Engine) -> None:
    told: list[int] = []
    load_sample_data(engine, REFERENCE_TABLES, tickets=12_000, seed=1, now=_NOW, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 12_000
    assert len(told) > 1


def test_bulk_insert_stores_what_sqlalchemy_would(engine: Engine) -> None:
    _load(engine, 50)
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    rows = [{key: each[key] for key in TICKET_COLUMNS} for each in _tickets(engine)]
    for row in rows:
        row |= {"id": row["id"] + 1_000, "creation_time": row["creation_time"].astimezone(elsewhere)}
    with engine.begin() as connection:
        connection.execute(insert(_TICKETS), rows)
        again = [(row["id"] + 1_000, *list(row.values())[1:]) for row in rows]
        assert list(BulkInsert(connection, _TICKETS, TICKET_COLUMNS)(again)) == [50]
    with engine.connect() as connection:
        stored = connection.execute(text('SELECT * FROM "Tickets" ORDER BY "Id"')).all()
    by_loader, by_sqlalchemy, by_bulk_insert = ([row[1:] for row in stored[at : at + 50]] for at in (0, 50, 100))
    assert by_loader == by_sqlalchemy == by_bulk_insert


def test_a_ticket_has_every_column_of_the_table() -> None:
    assert set(TICKET_COLUMNS) == set(_TICKETS.c.keys())
