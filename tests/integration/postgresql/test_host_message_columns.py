"""Messages fit into the columns of a host that has made them ``varchar(2000)``, as Entity Framework may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dependency_injector.providers import Object
from sqlalchemy import insert, text

from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.infrastructure.persistence.mapping import row_of
from ticket_export.testing.entities import a_user


@pytest.fixture
def container(postgresql_url: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    container.settings.override(Object(Settings(database_url=postgresql_url, storage_url=tmp_path.as_uri())))
    container.task_queue.override(InMemoryTaskQueue())
    with container.engine().begin() as connection:
        for table in ("ExportJobs", "BackgroundTasks"):
            connection.execute(text(f'ALTER TABLE "{table}" ALTER "ErrorMessage" TYPE varchar(2000)'))
    yield container
    container.engine().dispose()


@pytest.mark.parametrize("name", ["gone", "\N{GRINNING FACE}" * 60])
def test_view_with_12_filters_on_unknown_columns_is_one_clear_failure(
    container: TicketExportContainer, name: str
) -> None:
    user = a_user()
    with container.engine().begin() as connection:
        connection.execute(insert(container.tables().users), [dict(row_of(user, container.tables().users))])
    users = InMemoryUserDirectory()
    users.add(user, SystemPermissions(1023))
    actor = Actor(user_id=user.id, is_admin=True, permissions=SystemPermissions(1023))
    job_id = container.request_export()(actor, {"columns": ["id"]}).id
    # As if the catalog had lost these columns since.
    filters = [{"field": f"{name}{number}", "operator": "eq", "value": "x"} for number in range(12)]
    with container.engine().begin() as connection:
        stale = {"view": json.dumps({"columns": ["id"], "filters": filters}), "id": job_id}
        connection.execute(
            text('UPDATE "ExportJobs" SET "SnapshotPayloadJson" = CAST(:view AS jsonb) WHERE "Id" = :id'), stale
        )
    job = container.run_export(user_directory=users)(job_id)
    assert job.status == "failed"
    assert job.error_message is not None
    assert job.error_message.startswith("The view no longer fits the tickets: filters[0].field: unknown column '")
    assert len(job.error_message) == 1_000
    assert container.get_export()(actor, job_id).error_message == job.error_message
