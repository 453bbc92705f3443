"""Lists and clean-up read no long view: neither their statements nor their memory holds one."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from dependency_injector.providers import Object
from sqlalchemy import Connection, event, insert

from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer, upgrade
from ticket_export.application.file.export_file import database_prefix
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.mapping import row_of
from ticket_export.testing.entities import a_job, a_user

_JOBS, _LENGTH = 100, 200_000
_MB = 1_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TicketExportContainer]:
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/desk.db" if is_sqlite else request.getfixturevalue("postgresql_url")
    container = TicketExportContainer()
    settings = Settings(database_url=url, storage_url=(tmp_path / "files").as_uri(), audit_log="table")
    container.settings.override(Object(settings))
    if is_sqlite:
        upgrade(container.engine(), reference_schema=True)
    yield container
    container.engine().dispose()


@pytest.fixture
def user(container: TicketExportContainer) -> User:
    """Who has 100 expired exports of long views, half of which have not ended."""
    user, expired = a_user(), datetime.now(UTC) - timedelta(hours=1)
    with container.engine().begin() as connection:
        connection.execute(insert(container.tables().users), [dict(row_of(user, container.tables().users))])
    with container.unit_of_work() as work:
        for number in range(_JOBS):
            view = json.dumps({"columns": ["id"], "viewId": number, "searchTerm": "x" * _LENGTH})
            status = ExportJobStatus.QUEUED if number % 2 else ExportJobStatus.COMPLETED
            job = a_job(user, status=status)
            work.jobs.add(attrs.evolve(job, snapshot_payload_json=view, expires_at=expired))
        work.commit()
    return user


@contextmanager
def reads_no_view(container: TicketExportContainer) -> Iterator[None]:
    statements: list[str] = []

    def executed(_connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        statements.append(statement)

    event.listen(container.engine(), "before_cursor_execute", executed)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        event.remove(container.engine(), "before_cursor_execute", executed)
    reading = [each for each in statements if each.startswith("SELECT") and '"SnapshotPayloadJson"' in each]
    assert reading
    # The only place of the column is the expression that leaves out what is long.
    assert '"SnapshotPayloadJson"' not in "".join(
        re.sub(r"CAST\(CASE WHEN .* END AS TEXT\) AS ticket_export_view", "", each) for each in reading
    )
    assert peak < 5 * _MB < _JOBS * _LENGTH


def test_page_of_100_exports_reads_no_long_view(container: TicketExportContainer, user: User) -> None:
    actor = Actor(user_id=user.id, is_admin=True, permissions=SystemPermissions(1023))
    list_exports = container.list_exports()
    list_exports(actor, page_size=1)
    with reads_no_view(container):
        page = list_exports(actor, page_size=_JOBS)
    assert (len(page.items), page.total) == (_JOBS, _JOBS)


def test_clean_up_of_100_exports_reads_no_long_view(container: TicketExportContainer, user: User) -> None:
    clean_up = container.clean_up_expired_exports()
    with reads_no_view(container):
        done = clean_up()
    assert (done.cleaned_up, done.failed) == (_JOBS, 0)


def test_sweep_and_recovery_read_no_long_view(container: TicketExportContainer, user: User) -> None:
    with container.unit_of_work() as work:
        jobs, _ = work.jobs.page(requester_ids=[user.id], offset=0, limit=_JOBS)
        prefix = database_prefix(work.database.identity().id)
    for job in jobs:
        with container.storage().open_writer(f"{prefix}{job.id}/1/tickets.csv", "text/csv") as writer:
            writer.write(b"x")
    with reads_no_view(container):
        assert container.sweep_orphaned_objects()().removed == _JOBS
    with reads_no_view(container):
        assert container.recover_stalled_exports()().given_up == _JOBS // 2
