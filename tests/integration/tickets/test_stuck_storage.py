"""A storage that takes nothing more ends the transaction that an export reads in, on the server itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import attrs
import psycopg
import pytest
from dependency_injector.providers import Object

from tests.postgresql_server import conninfo
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.infrastructure.memory.storage import InMemoryStorage

# Seconds; only a failing test waits for so long.
PATIENCE = 60.0
ADMIN = "admin@example.test"
# Megabytes, which no buffer between the server and here takes in.
FILL = """
    INSERT INTO "Tickets" ("Id", "Title", "Description", "Status", "Priority", "CreationTime")
    SELECT i, 'Printer ' || i, repeat('x', 500), 'open', 'low', timestamp '2025-07-01 12:00:00'
    FROM generate_series(1, 40000) i
"""
HOLDING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'COPY (%' AND backend_xmin IS NOT NULL
"""


@attrs.define
class StuckStorage(InMemoryStorage):
    """Takes the first block, and the next one only when it `wakes_up`."""

    is_stuck: Event = attrs.field(factory=Event)
    wakes_up: Event = attrs.field(factory=Event)

    def __attrs_post_init__(self) -> None:
        super().__init__()

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            yield StuckWriter(self, writer)


@attrs.define
class StuckWriter:
    storage: StuckStorage
    writer: ObjectWriter

    def write(self, data: bytes, /) -> None:
        if len(data) > 1000:
            self.storage.is_stuck.set()
            assert self.storage.wakes_up.wait(PATIENCE)
        self.writer.write(data)


@pytest.fixture
def storage() -> Iterator[StuckStorage]:
    storage = StuckStorage()
    yield storage
    storage.wakes_up.set()


@pytest.fixture
def container(postgresql_url: str, storage: StuckStorage) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    settings = Settings(database_url=postgresql_url, storage_patience_seconds=1)
    container.settings.override(Object(settings))
    container.storage.override(Object(storage))
    with psycopg.connect(conninfo(postgresql_url)) as connection:
        connection.execute(FILL)
        connection.execute(
            'INSERT INTO "Users" ("Id", "FirstName", "LastName", "EmailAddress", "IsAdmin", "IsActive") '
            "VALUES (gen_random_uuid(), 'A', 'B', %s, true, true)",
            [ADMIN],
        )
        connection.execute(
            'INSERT INTO "Roles" VALUES (gen_random_uuid(), %s, %s, %s)',
            ["Exporters", "exporters", int(SystemPermissions.IMPORT_EXPORT_TICKETS)],
        )
        connection.execute('INSERT INTO "RoleUser" SELECT "Roles"."Id", "Users"."Id" FROM "Roles", "Users"')
    yield container
    container.engine().dispose()


def holding(url: str) -> int:
    """How many connections hold a snapshot for a COPY."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        row = connection.execute(HOLDING).fetchone()
    assert row is not None
    return int(row[0])


def wait_for_release(url: str, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while holding(url):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def requester(container: TicketExportContainer) -> Actor:
    actor = container.user_directory().find_by_email(ADMIN)
    assert actor is not None
    return actor


def error_of(container: TicketExportContainer, job_id: UUID) -> Exception:
    try:
        container.run_export()(job_id)
    except Exception as error:  # noqa: BLE001 - the tests look at it
        return error
    raise AssertionError("the export ended without an error")


def without_owner(storage: StuckStorage) -> list[str]:
    return [key for key in storage.objects if not key.endswith("/owner.json")]


def test_server_is_rid_of_the_snapshot_while_the_storage_still_hangs(
    container: TicketExportContainer, storage: StuckStorage, postgresql_url: str
) -> None:
    job = container.request_export()(requester(container), {"columns": ["id", "description"]})
    errors: list[Exception] = []
    export = Thread(target=lambda: errors.append(error_of(container, job.id)), daemon=True)
    export.start()
    assert storage.is_stuck.wait(PATIENCE)
    wait_for_release(postgresql_url, "the snapshot is held as long as the storage hangs")
    assert export.is_alive()
    storage.wakes_up.set()
    export.join(PATIENCE)
    assert [repr(error) for error in errors] == ["StorageUnavailableError('The storage accepted no data for 1 s.')"]
    assert container.get_export()(requester(container), job.id).status == "queued"
    assert without_owner(storage) == []


def test_cancelling_ends_the_snapshot_before_the_patience_does(
    container: TicketExportContainer, storage: StuckStorage, postgresql_url: str
) -> None:
    container.settings.override(Object(container.settings().model_copy(update={"storage_patience_seconds": 3600})))
    assert container.settings().storage_patience == timedelta(hours=1)
    actor = requester(container)
    job = container.request_export()(actor, {"columns": ["id", "description"]})
    errors: list[Exception] = []
    export = Thread(target=lambda: errors.append(error_of(container, job.id)), daemon=True)
    export.start()
    assert storage.is_stuck.wait(PATIENCE)
    assert holding(postgresql_url) == 1
    container.cancel_export()(actor, job.id)
    wait_for_release(postgresql_url, "the snapshot is held though nobody wants the export")
    assert export.is_alive()
    storage.wakes_up.set()
    export.join(PATIENCE)
    assert [str(error) for error in errors] == [f"export {job.id} was cancelled"]
    assert without_owner(storage) == []
