"""Views that another program has stored, and what they make of the library's own work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_user


@pytest.fixture
def decimal_engine(engine: Engine) -> Iterator[Engine]:
    """An engine of a host that reads JSON in its own way."""
    host = sa.create_engine(engine.url, json_deserializer=lambda text: json.loads(text, parse_float=Decimal))
    yield host
    host.dispose()


@pytest.mark.parametrize(
    "stored",
    ['{"viewId": ' + "[" * 5_000 + "]" * 5_000 + "}", "[" * 990 + "]" * 990, '{"viewId": 1e5000}', "null", '"text"'],
    ids=["deep", "short and deep", "long number", "null", "text"],
)
def test_job_is_found_whatever_document_another_program_stored(
    engine: Engine, rows: PostgresqlRows, stored: str
) -> None:
    requester = a_user()
    job = a_job(requester)
    rows.put(requester)
    rows.put(job)
    rows.run('UPDATE "ExportJobs" SET "SnapshotPayloadJson" = %s', stored)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        found = unit_of_work.jobs.find(job.id)
        (listed,), _ = unit_of_work.jobs.page(requester_ids=None, offset=0, limit=5)
    assert found is not None
    assert attrs.evolve(found, snapshot_payload_json="") == attrs.evolve(listed, snapshot_payload_json="")


def test_view_is_the_same_however_the_hosts_engine_reads_json(decimal_engine: Engine, rows: PostgresqlRows) -> None:
    requester = a_user()
    job = attrs.evolve(a_job(requester), snapshot_payload_json='{"viewId":1.5,"columns":["id"]}')
    rows.put(requester)
    rows.put(job)
    with SqlAlchemyUnitOfWork(decimal_engine) as unit_of_work:
        (due,) = unit_of_work.jobs.due_for_clean_up(now=NOW.replace(year=2100), after=None, limit=5)
        found = unit_of_work.jobs.find(job.id)
    assert found == due == job
