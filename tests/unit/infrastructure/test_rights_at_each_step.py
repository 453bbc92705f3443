"""Rows and columns by actor, at every step of an export: request, run, retry, list and download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from dependency_injector.providers import Factory, Object

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, read_all
from ticket_export import (
    EVERYONE,
    Actor,
    ConfigurationError,
    ExportNotReadyError,
    ExportPolicy,
    InvalidPayloadError,
    NotPermittedError,
    Settings,
    TicketExportContainer,
    UserId,
)
from ticket_export.application.export_policy import Requesters
from ticket_export.application.file.export_file import attempt_of
from ticket_export.catalog import ColumnKind
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.ports import TicketColumn, TicketColumns, UserDirectory

COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.NUMBER),
        TicketColumn(name="team", label="Team", kind=ColumnKind.TEXT),
        TicketColumn(name="salary", label="Salary", kind=ColumnKind.NUMBER),
    ]
)
TICKETS = [
    InMemoryTicket(id=number, created_at=NOW, values={"id": number, "team": team, "salary": 1000 + number})
    for number, team in enumerate(["red", "red", "blue", "green"], 1)
]
VIEW: dict[str, Any] = {"columns": ["id", "team"], "sortField": "id"}
RED, BLUE, ALL = ("red",), ("blue",), ("red", "blue", "green")


class Users(UserDirectory):
    def __init__(self) -> None:
        self.actors: dict[UserId, Actor] = {}

    def find(self, user_id: UserId) -> Actor | None:
        return self.actors.get(user_id)

    def find_by_email(self, email_address: str) -> Actor | None:
        return None

    def add(self, *teams: str, admin: bool = False, sees_salaries: bool = False) -> Actor:
        attributes = {"teams": teams, "sees_salaries": sees_salaries}
        actor = Actor(user_id=uuid4(), is_admin=admin, permissions=PERMITTED, attributes=attributes)
        self.actors[actor.user_id] = actor
        return actor

    def change(self, actor: Actor, **attributes: object) -> Actor:
        changed = attrs.evolve(actor, attributes={**actor.attributes, **attributes})
        self.actors[actor.user_id] = changed
        return changed


def of_teams(actor: Actor, ticket: InMemoryTicket) -> bool:
    return ticket.values["team"] in actor.attributes["teams"]


def of_all_teams(actor: Actor) -> bool:
    return set(actor.attributes["teams"]) == set(ALL)


def sees_salaries(actor: Actor) -> bool:
    return actor.attributes["sees_salaries"] is True


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture
def container(users: Users, storage: InMemoryStorage, tmp_path: Path) -> TicketExportContainer:
    container = TicketExportContainer()
    settings = Settings(storage_url=tmp_path.as_uri(), download_own=True, csv_bom=False)
    container.settings.override(Object(settings))
    container.unit_of_work.override(Factory(InMemoryUnitOfWork, InMemoryDatabase()))
    container.user_directory.override(users)
    container.storage.override(storage)
    container.task_queue.override(InMemoryTaskQueue())
    container.clock.override(InMemoryClock(NOW))
    container.audit_log.override(InMemoryAuditLog())
    use_rules(container)
    return container


def use_rules(
    container: TicketExportContainer, columns: Mapping[str, Callable[[Actor], bool]] | None = None, **rules: Any
) -> None:
    rules = {"visible_to": of_teams, "every_row_to": of_all_teams, **rules}
    source = InMemoryTicketSource(COLUMNS, TICKETS, column_rules=columns or {"salary": sees_salaries}, **rules)
    container.ticket_source.override(source)


def file_of(container: TicketExportContainer, actor: Actor, job_id: UUID) -> list[str]:
    return read_all(container.open_download()(actor, job_id).stream).decode().splitlines()[1:]


def test_a_file_has_the_rows_of_its_requester_at_the_run(container: TicketExportContainer, users: Users) -> None:
    actor = users.add(*RED)
    job = container.request_export()(actor, VIEW)
    actor = users.change(actor, teams=BLUE)
    assert container.run_export()(job.id).row_count == 1
    assert file_of(container, actor, job.id) == ["3,blue"]
    # The requester keeps the file of what they could see then.
    assert file_of(container, users.change(actor, teams=()), job.id) == ["3,blue"]


def test_a_retry_has_the_rights_of_the_retry(container: TicketExportContainer, users: Users) -> None:
    actor = users.add(*RED, sees_salaries=True)
    first = container.request_export()(actor, VIEW)
    assert container.run_export()(first.id).row_count == 2
    actor = users.change(actor, teams=BLUE)
    second = container.retry_export()(actor, first.id)
    assert container.run_export()(second.id).row_count == 1


def test_a_second_click_with_other_rights_is_another_export(container: TicketExportContainer, users: Users) -> None:
    actor = users.add(*RED)
    first = container.request_export()(actor, VIEW)
    assert container.request_export()(actor, VIEW).already_requested
    assert not container.request_export()(users.change(actor, teams=BLUE), VIEW).already_requested
    assert container.request_export()(actor, VIEW).id == first.id


def test_a_column_that_is_hidden_meanwhile_fails_the_run_and_refuses_the_retry(
    container: TicketExportContainer, users: Users, storage: InMemoryStorage
) -> None:
    actor = users.add(*RED, sees_salaries=True)
    job = container.request_export()(actor, {"columns": ["id"], "sortField": "salary"})
    actor = users.change(actor, sees_salaries=False)
    assert container.run_export()(job.id).status == "failed"
    assert storage.objects == {}
    with pytest.raises(InvalidPayloadError):
        container.retry_export()(actor, job.id)
    with pytest.raises(InvalidPayloadError):
        container.request_export()(actor, {"columns": ["salary"]})


def test_only_who_sees_everything_downloads_or_learns_what_others_saw(
    container: TicketExportContainer, users: Users
) -> None:
    requester = users.add(*RED)
    job = container.request_export()(requester, VIEW)
    container.run_export()(job.id)
    whole = users.add(*ALL, admin=True, sees_salaries=True)
    assert file_of(container, whole, job.id) == ["1,red", "2,red"]
    assert container.get_export()(whole, job.id) == container.get_export()(requester, job.id)
    for less in (users.add(*ALL, admin=True), users.add(*RED, admin=True, sees_salaries=True)):
        with pytest.raises(NotPermittedError, match="tickets or columns that you may not see"):
            container.open_download()(less, job.id)
        bare = container.get_export()(requester, job.id).without_details()
        assert container.get_export()(less, job.id) == bare
        assert container.list_exports()(less).items == (bare,)


class Everybody(ExportPolicy):
    def visible_requesters(self, actor: Actor) -> Requesters:
        return EVERYONE

    def may_download(self, actor: Actor, job: object) -> bool:
        return True


def test_a_download_that_is_not_ready_tells_others_no_message(container: TicketExportContainer, users: Users) -> None:
    requester, colleague = users.add(*RED, sees_salaries=True), users.add(*RED)
    job = container.request_export()(requester, {"columns": ["salary"]})
    users.change(requester, sees_salaries=False)
    assert "salary" in (container.run_export()(job.id).error_message or "")
    container.policy.override(Everybody())
    with pytest.raises(ExportNotReadyError, match="salary"):
        container.open_download()(requester, job.id)
    with pytest.raises(ExportNotReadyError, match="failed: The export failed") as caught:
        container.open_download()(colleague, job.id)
    assert "salary" not in str(caught.value)


def _raise(*_args: object) -> bool:
    raise RuntimeError("hunter2")


def _none(*_args: object) -> None:
    return None


BROKEN: dict[str, dict[str, Any]] = {
    "rows raise": {"visible_to": _raise},
    "rows are None": {"visible_to": _none},
    "every row raises": {"every_row_to": _raise},
    "a column raises": {"columns": {"salary": _raise}},
    "a column is None": {"columns": {"salary": _none}},
}


@pytest.mark.parametrize("rules", BROKEN.values(), ids=BROKEN)
def test_a_rule_that_breaks_before_the_run_fails_it_with_a_safe_message_and_no_file(
    container: TicketExportContainer,
    users: Users,
    storage: InMemoryStorage,
    rules: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    actor = users.add(*RED)
    job = container.request_export()(actor, VIEW)
    use_rules(container, **rules)
    ended = container.run_export()(job.id)
    files = [key for key in storage.objects if attempt_of(key)]
    assert (ended.status, ended.row_count, files) == ("failed", None, [])
    assert (ended.error_message or "").startswith("The application is not configured correctly, so no file was made.")
    assert "ConfigurationError" in caplog.text


@pytest.mark.parametrize("rules", [rules for name, rules in BROKEN.items() if not name.startswith("rows")])
def test_a_broken_rule_shows_no_details_of_others(
    container: TicketExportContainer, users: Users, rules: dict[str, Any]
) -> None:
    job = container.request_export()(users.add(*RED), VIEW)
    admin = users.add(*ALL, admin=True, sees_salaries=True)
    use_rules(container, **rules)
    for ask in (container.get_export(), container.open_download()):
        with pytest.raises(ConfigurationError):
            ask(admin, job.id)
    with pytest.raises(ConfigurationError):
        container.list_exports()(admin)
