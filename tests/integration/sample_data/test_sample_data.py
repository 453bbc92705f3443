from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from benchmarks.fill.loader import load_many
from sqlalchemy import Engine, RowMapping, insert

from tests.integration.sample_data.filled import NOW, fill, number_of, rows_of
from tests.postgresql_server import PostgresqlServer
from ticket_export.application.actor import Actor
from ticket_export.application.formula_guard import TRIGGERS
from ticket_export.domain.system_permissions import BuiltInSystemPermission, SystemPermissions
from ticket_export.infrastructure.help_desk.catalog import PRIORITIES, STATUSES
from ticket_export.infrastructure.help_desk.sample_data.people import TEAMS, sample_id
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import SPAN, TICKET_COLUMNS
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine

_TICKETS = REFERENCE_TABLES.tickets
_USERS = REFERENCE_TABLES.users
_TIMES = ("creation_time", "last_modification_time", "resolved_at", "closed_at", "deletion_time")


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
    fill(engine, 1)
    actor = SqlAlchemyUserDirectory(engine).find_by_email(email)
    assert actor is not None
    assert (actor.is_admin, actor.may_import_export_tickets) == (is_admin, may_export)


def test_the_admin_may_do_everything(engine: Engine) -> None:
    fill(engine, 1)
    actor = SqlAlchemyUserDirectory(engine).find_by_email("admin@example.test")
    permissions = BuiltInSystemPermission.all_permissions()
    assert actor == Actor(user_id=sample_id("admin@example.test"), is_admin=True, permissions=permissions)


def test_tickets_are_of_every_kind(engine: Engine) -> None:
    fill(engine)
    tickets = rows_of(engine)
    assert len(tickets) == 2_000
    assert {(each["status"], each["priority"]) for each in tickets} == {(s, p) for s in STATUSES for p in PRIORITIES}
    assert {each["owning_team_id"] for each in tickets} == {None, *(sample_id(name) for name in TEAMS)}
    nullable = [column.key for column in _TICKETS.columns if column.nullable]
    for key in nullable:
        assert {each[key] is None for each in tickets} == {True, False}, key
    assert {each["is_deleted"] for each in tickets} == {True, False}
    assert all(each["is_deleted"] == (each["deletion_time"] is not None) for each in tickets)
    assert len({each["assignee_id"] for each in tickets}) > 20


def test_titles_are_what_runs_in_a_spreadsheet(engine: Engine) -> None:
    fill(engine)
    titles = [each["title"] for each in rows_of(engine)]
    # No text of PostgreSQL's holds a NUL.
    for trigger in TRIGGERS - {"\0"}:
        assert any(title.startswith(trigger) for title in titles), trigger
    for hidden in (" =", "\u200b\ufeff="):
        assert any(hidden in title[:5] for title in titles), hidden
    assert any(title.startswith("'") for title in titles), "what looks guarded already"


def test_texts_are_what_breaks_csv_files(engine: Engine) -> None:
    fill(engine)
    tickets = rows_of(engine)
    for key in ("title", "description"):
        texts = [each[key] or "" for each in tickets]
        for part in ("\n", "\r\n", '"', ",", ";", "'", "%", "_"):
            assert any(part in each for each in texts), (key, part)
    descriptions = [each["description"] for each in tickets if each["description"] is not None]
    assert "" in descriptions
    assert max(map(len, descriptions)) > 2_000
    assert max(each.count("\n") for each in descriptions) > 3
    tags = [json.loads(each["tags_json"]) for each in tickets if each["tags_json"] is not None]
    assert {0, 1, 2, 3} <= {len(each) for each in tags}
    assert any(tag.startswith("=") for each in tags for tag in each)
    assert any("\n" in tag for each in tags for tag in each)


@pytest.mark.parametrize("script", ["LATIN", "CYRILLIC", "GREEK", "ARABIC", "CJK", "HIRAGANA", "KATAKANA", "COMBINING"])
def test_titles_are_in_many_scripts(sqlite: Engine, script: str) -> None:
    fill(sqlite)
    letters = {letter for each in rows_of(sqlite) for letter in each["title"]}
    assert any(unicodedata.name(letter, "").startswith(script) for letter in letters)


def test_titles_have_letters_that_few_programs_get_right(sqlite: Engine) -> None:
    fill(sqlite)
    letters = {letter for each in rows_of(sqlite) for letter in each["title"]}
    # Beyond the first plane, joined to others, or with a small letter that is not one letter.
    assert {"\U0001f469", "\u200d", "\u0130", "\u03c2", "\u03a3", "\u00df"} <= letters


def test_nothing_has_happened_after_now_or_before_it_could(engine: Engine) -> None:
    fill(engine)
    tickets = rows_of(engine)
    assert all(NOW - SPAN <= each["creation_time"] <= NOW for each in tickets)
    assert all(each["creation_time"] <= each[key] <= NOW for each in tickets for key in _TIMES if each[key])
    assert all((each["resolved_at"] is not None) == (each["status"] in {"resolved", "closed"}) for each in tickets)
    assert all(each["resolved_at"] <= each["closed_at"] for each in tickets if each["closed_at"])


def test_creation_times_are_spread_tied_and_not_in_the_order_of_the_ids(engine: Engine) -> None:
    fill(engine)
    times = [each["creation_time"] for each in rows_of(engine)]
    assert len(set(times)) < len(times)
    assert times != sorted(times)
    assert max(times) - min(times) > timedelta(days=350)


def test_the_same_seed_makes_up_the_same_tickets_on_every_database_and_by_both_loaders(
    sqlite: Engine, postgresql: Engine, tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    with postgresql_server.database() as url, _sqlite(tmp_path / "other.db") as other_sqlite:
        other_postgresql = create_engine(url)
        # More than one batch of each loader, on either database.
        for engine in (sqlite, postgresql):
            fill(engine, 10_500)
        for engine in (other_sqlite, other_postgresql):
            fill(engine, 10_500, load=load_many)
        expected = [_comparable(each) for each in rows_of(sqlite)]
        tables = REFERENCE_TABLES
        for engine in (postgresql, other_sqlite, other_postgresql):
            assert [_comparable(each) for each in rows_of(engine)] == expected
            for table in (tables.users, tables.roles, tables.role_user, tables.teams, tables.contacts):
                assert rows_of(engine, table) == rows_of(sqlite, table), table.name
        other_postgresql.dispose()


def test_another_seed_makes_up_other_tickets(sqlite: Engine, tmp_path: Path) -> None:
    with _sqlite(tmp_path / "other.db") as other:
        fill(sqlite, 200, seed=1)
        fill(other, 200, seed=2)
        assert rows_of(other) != rows_of(sqlite)


@contextmanager
def _sqlite(path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{path}")
    upgrade(engine, reference_schema=True)
    yield engine
    engine.dispose()


def _comparable(ticket: RowMapping) -> dict[str, object]:
    # PostgreSQL keeps the list, not the blanks in its text.
    tags = ticket["tags_json"]
    return {**ticket, "TagsJson": None if tags is None else json.loads(tags)}


def test_a_second_run_adds_other_tickets_and_keeps_the_people(engine: Engine) -> None:
    fill(engine, 100)
    with engine.begin() as connection:
        connection.execute(_USERS.update().where(_USERS.c.email_address == "staff@example.test").values(is_admin=True))
    users = number_of(engine, _USERS)
    fill(engine, 100)
    tickets = rows_of(engine)
    assert [each["id"] for each in tickets] == list(range(1, 201))
    assert [each["title"] for each in tickets[:100]] != [each["title"] for each in tickets[100:]]
    assert number_of(engine, _USERS) == users
    staff = SqlAlchemyUserDirectory(engine).find_by_email("staff@example.test")
    assert staff is not None
    assert staff.is_admin


def test_an_address_that_is_somebodys_already_stays_theirs(engine: Engine) -> None:
    own = uuid4()
    with engine.begin() as connection:
        values = {"id": own, "first_name": "Own", "last_name": "Agent", "email_address": "agent01@example.test"}
        connection.execute(insert(_USERS).values(values))
    fill(engine, 500)
    assert own in {each["assignee_id"] for each in rows_of(engine)}
    actor = SqlAlchemyUserDirectory(engine).find_by_email("agent01@example.test")
    assert actor == Actor(user_id=own, permissions=SystemPermissions.NONE)


def test_an_interrupted_run_leaves_nothing(engine: Engine) -> None:
    def interrupt(inserted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(engine, 10, on_progress=interrupt)
    assert rows_of(engine) == []
    assert number_of(engine, _USERS) == 0


def test_progress_tells_how_many_are_in(engine: Engine) -> None:
    told: list[int] = []
    fill(engine, 25_000, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 25_000
    assert len(told) > 1


def test_a_ticket_has_every_column_of_the_table() -> None:
    assert set(TICKET_COLUMNS) == set(_TICKETS.c.keys())
