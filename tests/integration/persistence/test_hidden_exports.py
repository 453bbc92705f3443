"""An export that an actor may not see answers like a missing one, and costs the same database statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from dependency_injector.providers import Object
from sqlalchemy import Connection, event, insert, select

from tests.migrated_sqlite import migrated_sqlite
from ticket_export import EVERYONE, Actor, ExportNotFoundError, ExportPolicy, Settings, SystemPermissions
from ticket_export import TicketExportContainer as Container
from ticket_export.application.export_policy import VisibleRequesters
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.mapping import row_of
from ticket_export.ports import ExportJob
from ticket_export.testing.entities import a_job, a_user

NOW = datetime.now(UTC)
RIGHTS = {
    "staff with": Actor(user_id=uuid4(), permissions=SystemPermissions.IMPORT_EXPORT_TICKETS),
    "staff without": Actor(user_id=uuid4()),
    "admin without": Actor(user_id=uuid4(), is_admin=True),
}
USE_CASES: dict[str, Callable[[Container, Actor, UUID], object]] = {
    "get": lambda container, actor, job_id: container.get_export()(actor, job_id),
    "retry": lambda container, actor, job_id: container.retry_export()(actor, job_id),
    "cancel": lambda container, actor, job_id: container.cancel_export()(actor, job_id),
    "download": lambda container, actor, job_id: container.open_download()(actor, job_id),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    url = f"sqlite:///{tmp_path}/desk.db"
    if request.param == "sqlite":
        migrated_sqlite(tmp_path / "desk.db").dispose()
    else:
        url = request.getfixturevalue("postgresql_url")
    container = Container()
    settings = Settings(database_url=url, storage_url=(tmp_path / "files").as_uri(), audit_log="table")
    container.settings.override(Object(settings))
    yield container
    container.engine().dispose()


@pytest.fixture(params=ExportJobStatus.supported_types(), ids=str)
def others(request: pytest.FixtureRequest, container: Container) -> ExportJob:
    return stored(container, a_job(put(container), status=request.param))


def put(container: Container) -> User:
    user, users = a_user(), container.tables().users
    with container.engine().begin() as connection:
        connection.execute(insert(users), [dict(row_of(user, users))])
    return user


def stored(container: Container, job: ExportJob) -> ExportJob:
    with container.unit_of_work() as work:
        work.jobs.add(job)
        work.commit()
    return job


@contextmanager
def statements(container: Container) -> Iterator[list[str]]:
    executed: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        executed.append(statement)

    event.listen(container.engine(), "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(container.engine(), "before_cursor_execute", note)


def looked_up(container: Container, use_case: str, actor: Actor, job_id: UUID) -> list[str]:
    with statements(container) as executed, pytest.raises(ExportNotFoundError):
        USE_CASES[use_case](container, actor, job_id)
    return executed


class Team(ExportPolicy):
    """Looks its members up in the database, at every question."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def may_request(self, actor: Actor) -> bool:
        return bool(self._members()) and super().may_request(actor)

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        return self._members()[:1]

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        return bool(self._members())

    def _members(self) -> list[Any]:
        with self.container.engine().connect() as connection:
            return list(connection.execute(select(self.container.tables().users.c.id)).scalars())


@pytest.mark.parametrize("use_case", USE_CASES)
@pytest.mark.parametrize("actor", RIGHTS.values(), ids=RIGHTS)
def test_hidden_export_costs_the_statements_of_a_missing_one(
    container: Container, others: ExportJob, use_case: str, actor: Actor
) -> None:
    looked_up(container, use_case, actor, uuid4())  # The first call may prepare something.
    missing = looked_up(container, use_case, actor, uuid4())
    assert missing
    assert looked_up(container, use_case, actor, others.id) == missing


@pytest.mark.parametrize("use_case", USE_CASES)
def test_hidden_export_costs_the_statements_of_a_missing_one_where_the_policy_asks_the_database(
    container: Container, use_case: str
) -> None:
    members = [put(container) for _ in range(3)]
    policy = Team(container)
    container.policy.override(Object(policy))
    actor = RIGHTS["staff with"]
    (visible,) = policy.visible_requesters(actor)  # type: ignore[misc]
    hidden = stored(container, a_job(next(each for each in members if each.id != visible)))
    looked_up(container, use_case, actor, uuid4())
    missing = looked_up(container, use_case, actor, uuid4())
    assert any("FROM" in each and "Users" in each for each in missing)
    assert looked_up(container, use_case, actor, hidden.id) == missing


def test_list_costs_the_same_statements_whatever_is_hidden(container: Container) -> None:
    actor = RIGHTS["staff with"]
    container.list_exports()(actor)
    with statements(container) as empty:
        assert container.list_exports()(actor).total == 0
    stored(container, a_job(put(container)))
    with statements(container) as hidden:
        assert container.list_exports()(actor).total == 0
    assert hidden == empty


class Colleagues(ExportPolicy):
    def __init__(self, answer: VisibleRequesters) -> None:
        self.answer = answer

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        return self.answer


@pytest.mark.parametrize("container", ["sqlite"], indirect=True)
def test_list_of_a_thousand_colleagues_needs_no_thousand_parameters(container: Container) -> None:
    def few_parameters(connection: sqlite3.Connection, _record: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 20)

    job = stored(container, a_job(put(container)))
    container.engine().dispose()
    event.listen(container.engine(), "connect", few_parameters)
    colleagues = [*(uuid4() for _ in range(999)), job.requester_user_id]
    for answer, total in ((colleagues, 1), (colleagues[:999], 0), (EVERYONE, 1)):
        container.policy.override(Object(Colleagues(answer)))
        assert container.list_exports()(RIGHTS["staff without"]).total == total
