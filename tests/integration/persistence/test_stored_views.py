"""Views that another program has stored in SQLite."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_job, a_user


def test_view_that_is_stored_as_a_blob_is_a_text(engine: Engine, rows: SqliteRows) -> None:
    requester = a_user()
    job = a_job(requester)
    rows.put(requester)
    rows.put(job)
    rows.run('UPDATE "ExportJobs" SET "SnapshotPayloadJson" = ?', job.snapshot_payload_json.encode())
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        found = unit_of_work.jobs.find(job.id)
        (listed,), _ = unit_of_work.jobs.page(requester_ids=None, offset=0, limit=5)
    assert found == listed == job
