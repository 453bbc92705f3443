"""Exports of users with keys of each type, and of users in no table, from the request to the end of all data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
import sqlalchemy as sa

from tests.keyed_databases import KINDS, migrate_host, names_of
from ticket_export import Actor, ConfigurationError, ExportNotFoundError, SystemPermissions, TicketExportContainer
from ticket_export.catalog import (
    EVERY_ROW,
    ScopeRole,
    TicketCatalog,
    date_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.settings import Settings
from ticket_export.testing.memory import InMemoryStorage, InMemoryUserDirectory

EXPORTS = SystemPermissions.IMPORT_EXPORT_TICKETS
VIEW = {"columns": ["id", "title"], "sortField": "id"}
#: Each with a key of another type that looks the same.
PEOPLE: dict[UserKeyType, tuple[UserId, UserId, UserId]] = {
    UUID: (UUID(int=7), UUID(int=8), str(UUID(int=7))),
    int: (7, 8, "7"),
    str: ("7", " 7", 7),
}


@attrs.frozen
class Host:
    container: TicketExportContainer
    user_key: UserKeyType
    has_users_table: bool

    @property
    def ann(self) -> Actor:
        return Actor(user_id=PEOPLE[self.user_key][0], is_admin=True, permissions=EXPORTS)

    @property
    def bob(self) -> Actor:
        return Actor(user_id=PEOPLE[self.user_key][1], permissions=EXPORTS)

    @property
    def impostor(self) -> Actor:
        return Actor(user_id=PEOPLE[self.user_key][2], is_admin=True, permissions=EXPORTS)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    sqlite = f"sqlite:///{tmp_path / 'host.db'}"
    engine = create_engine(sqlite if request.param == "sqlite" else request.getfixturevalue("empty_postgresql_url"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["uuid", "integer", "text", "text-no-table"])
def host(request: pytest.FixtureRequest, engine: sa.Engine) -> Host:
    user_key, has_users_table = KINDS[request.param]
    names = names_of(user_key, has_users_table)
    tables = migrate_host(engine, names)
    key_type = tables.export_jobs.c.requester_user_id.type
    tickets = sa.Table(
        "tickets",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("owner", key_type),
        sa.Column("created", sa.DateTime, nullable=False, server_default=sa.text("'2025-01-01 00:00:00'")),
    )
    directory = InMemoryUserDirectory()
    made = Host(TicketExportContainer(settings=Settings(audit_log="table")), user_key, has_users_table)
    people = [
        User(id=made.ann.user_id, first_name="Ann", last_name="Lee", email_address="ann@a.test", is_admin=True),
        User(id=made.bob.user_id, first_name="Bob", last_name="Ray", email_address="bob@a.test"),
    ]
    with engine.begin() as connection:
        tickets.create(connection)
        rows = [{"id": number, "title": f"of {number}", "owner": user.id} for number, user in enumerate(people, 1)]
        connection.execute(sa.insert(tickets), rows)
        if tables.host_users is not None:
            connection.execute(sa.insert(tables.host_users.table), [attrs.asdict(user) for user in people])
    for user in people:
        directory.add(user, EXPORTS)
    catalog = TicketCatalog(
        tables=tickets,
        id=tickets.c.id,
        created_at=tickets.c.created,
        visible_to=EVERY_ROW,
        columns=[
            number_column("id", "ID", tickets.c.id),
            text_column("title", "Title", tickets.c.title),
            id_column("owner", "Owner", tickets.c.owner, scope_role=ScopeRole.ASSIGNEE),
            date_column("created", "Created", tickets.c.created),
        ],
    )
    container: Any = made.container
    for provider, part in (
        *((container.table_names, names), (container.engine, engine), (container.catalog, catalog)),
        *((container.user_directory, directory), (container.storage, InMemoryStorage())),
    ):
        provider.override(part)
    return made


def test_an_export_is_made_listed_downloaded_and_forgotten(host: Host) -> None:
    use, ann, bob = host.container, host.ann, host.bob
    job, other = use.request_export()(ann, VIEW), use.request_export()(bob, VIEW)
    assert (job.requester_user_id, type(job.requester_user_id)) == (ann.user_id, type(ann.user_id))
    use.worker().drain()
    page = use.list_exports()(ann)
    assert {each.id: each.requester_name for each in page.items} == {job.id: "Ann Lee", other.id: "Bob Ray"}
    assert [each.id for each in use.list_exports()(bob).items] == [other.id]
    assert use.get_export()(bob, other.id).requester_name == "Bob Ray"
    with pytest.raises(ExportNotFoundError):
        use.get_export()(bob, job.id)
    with use.open_download()(ann, job.id).stream as stream:
        assert stream.read().decode("utf-8-sig") == "ID,Title\n1,of 1\n2,of 2\n"
    assert use.retry_export()(bob, other.id).requester_user_id == bob.user_id
    done = use.forget_user()(bob.user_id)
    assert (done.removed, done.left) == (2, 0)
    assert [each.id for each in use.list_exports()(ann).items] == [job.id]


def test_a_user_of_a_key_that_looks_the_same_is_nobody(host: Host) -> None:
    use, impostor = host.container, host.impostor
    job = use.request_export()(host.ann, VIEW)
    for call in (
        lambda: use.request_export()(impostor, VIEW),
        lambda: use.retry_export()(impostor, job.id),
        lambda: use.cancel_export()(impostor, job.id),
        lambda: use.get_export()(impostor, job.id),
        lambda: use.list_exports()(impostor),
        lambda: use.open_download()(impostor, job.id),
        lambda: use.forget_user()(impostor.user_id),
    ):
        with pytest.raises(ConfigurationError, match=f"of type {type(impostor.user_id).__name__}, but .*keys of type"):
            call()
    assert [each.id for each in use.list_exports()(host.ann).items] == [job.id]


def test_a_directory_that_returns_another_key_ends_the_export(host: Host) -> None:
    class Confused(InMemoryUserDirectory):
        def find(self, user_id: UserId) -> Actor:
            return host.impostor

    job = host.container.request_export()(host.ann, VIEW)
    host.container.user_directory.override(Confused())
    host.container.worker().drain()
    with host.container.unit_of_work() as work:
        stored = work.jobs.find(job.id)
    assert stored is not None
    assert (str(stored.status), stored.row_count) == ("failed", None)


def test_the_scope_of_a_view_takes_a_users_key(host: Host) -> None:
    use, ann = host.container, host.ann
    scope = json.loads(use.request_export()(ann, VIEW).model_dump_json())["requesterUserId"]
    job = use.request_export()(ann, VIEW | {"scope": {"assignedToUserId": scope}, "viewId": scope})
    use.worker().drain()
    with use.open_download()(ann, job.id).stream as stream:
        assert stream.read().decode("utf-8-sig") == "ID,Title\n1,of 1\n"


def test_the_audit_log_has_the_users_key(host: Host, engine: sa.Engine) -> None:
    host.container.request_export()(host.ann, VIEW)
    entries = host.container.tables().export_audit_entries
    with engine.connect() as connection:
        found = connection.execute(sa.select(entries.c.actor_user_id)).scalars().all()
    assert [(each, type(each)) for each in found] == [(host.ann.user_id, type(host.ann.user_id))]
