"""A process that requests exports, as a host does: python -m benchmarks.queue.host JOBS ROWS.

It creates a help desk with views for that many exports of that many rows each, in the empty database of its settings.
Then it reads a question and its arguments, a line each, and answers with a list of numbers, as JSON. It may run with
another version of the library, so it uses only what every version has.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from random import Random
from time import perf_counter, process_time
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, column, func, insert, select, table

from benchmarks.fill.loader import fill_help_desk
from benchmarks.query import COLUMNS
from benchmarks.queue.version import BROKER_VARIABLE
from ticket_export import Actor, TicketExportContainer
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.testing.entities import AN_ACTOR

_ADMINISTRATOR = "admin@example.test"
# A user may have this many queued exports by default.
_JOBS_PER_USER = 5
# Some of the sample tickets are deleted.
_SPARE = 1.1
# Seconds between two requests, so that they come at any point between two queries of the worker.
_BETWEEN = (0.3, 0.7)
# Seconds in which an idle worker starts what is requested.
_PATIENCE = 60.0


class Host:
    """Each public method answers the question of its name."""

    def __init__(self, jobs: int, rows: int) -> None:
        self._container = _container()
        self._rows = rows
        fill_help_desk(self._container.settings().database_url, int(jobs * rows * _SPARE))
        self._views = list(self._distinct_views(jobs))
        self._requesters = self._colleagues(-(-jobs // _JOBS_PER_USER))

    def request(self, jobs: int) -> list[float]:
        """Request as many exports; return the seconds, and those of CPU time."""
        began, began_cpu = perf_counter(), process_time()
        self._request(range(jobs))
        return [perf_counter() - began, process_time() - began_cpu]

    def request_one(self, number: int) -> list[float]:
        """Request the export of that number; return the seconds."""
        began = perf_counter()
        self._request([number])
        return [perf_counter() - began]

    def completed(self) -> list[float]:
        """Return the number of completed exports, and the moment of the last one as a timestamp."""
        jobs = self._container.tables().export_jobs.c
        count = select(func.count(), func.max(jobs.completed_at)).where(jobs.status == ExportJobStatus.COMPLETED)
        wrong = select(func.count()).where(
            (jobs.status == ExportJobStatus.FAILED)
            | ((jobs.status == ExportJobStatus.COMPLETED) & (jobs.row_count != self._rows))
        )
        with self._container.engine().connect() as connection:
            assert not connection.execute(wrong).scalar_one(), "an export has failed, or does not have its rows"
            completed, last = connection.execute(count).one()
        return [completed, last.timestamp() if last else 0.0]

    def rows_alone(self, jobs: int) -> list[float]:
        """Read and encode the rows of as many exports into memory; return the seconds."""
        source, csv_format, now = self._container.ticket_source(), CsvFormat(), datetime.now(UTC)
        columns = source.columns(AN_ACTOR)
        queries = [TicketQuery.of(view, columns, actor=AN_ACTOR, as_of=now) for view in self._views[:jobs]]
        began = perf_counter()
        for query in queries:
            with source.open(query, csv_format) as reader:
                blocks = [block.data for block in reader.blocks()]
                b"".join([csv_format.container(query.columns).begin(), *blocks])
        return [perf_counter() - began]

    def starts(self, jobs: int) -> list[float]:
        """Request as many exports, one at a time; return the seconds from each request to its start."""
        pauses = Random(1)
        requested: list[UUID] = []
        for number in range(jobs):
            time.sleep(pauses.uniform(*_BETWEEN))
            requested += self._request([number])
        deadline = time.monotonic() + _PATIENCE
        while len(found := self._delays(requested)) < jobs:
            assert time.monotonic() < deadline, f"only {len(found)} of {jobs} exports were started"
            time.sleep(0.2)
        return found

    def transactions(self) -> list[float]:
        """Return the number of ended transactions in a PostgreSQL database; a single statement is one, too."""
        engine = self._container.engine()
        if engine.dialect.name != "postgresql":
            return []
        committed, undone = column("xact_commit", BigInteger), column("xact_rollback", BigInteger)
        counts = select(committed + undone).select_from(table("pg_stat_database", committed, undone, column("datname")))
        with engine.connect() as connection:
            return [connection.execute(counts.where(column("datname") == func.current_database())).scalar_one()]

    def _request(self, numbers: Collection[int]) -> list[UUID]:
        request_export = self._container.request_export()
        requests = [(self._requesters[number // _JOBS_PER_USER], self._views[number]) for number in numbers]
        return [request_export(actor, view).id for actor, view in requests]

    def _delays(self, jobs: Collection[UUID]) -> list[float]:
        # The audit log in the table records the moment of each start.
        tables = self._container.tables()
        entries, requested = tables.export_audit_entries.c, tables.export_jobs.c
        found = (
            select(entries.at, requested.requested_at)
            .where(entries.action == "started", entries.export_job_id.in_(jobs))
            .where(requested.id == entries.export_job_id)
        )
        with self._container.engine().connect() as connection:
            return [(at - requested_at).total_seconds() for at, requested_at in connection.execute(found)]

    def _distinct_views(self, jobs: int) -> Iterator[dict[str, object]]:
        tickets, rows = self._container.tables().tickets.c, self._rows
        with self._container.engine().connect() as connection:
            shown = select(tickets.id).where(tickets.is_deleted.is_(False)).order_by(tickets.id)
            ids = connection.execute(shown).scalars().all()
        for start in range(0, jobs * rows, rows):
            yield {
                "columns": list(COLUMNS),
                "filters": [
                    {"field": "id", "operator": "gte", "value": str(ids[start])},
                    {"field": "id", "operator": "lte", "value": str(ids[start + rows - 1])},
                ],
                "sortField": "creationTime",
                "sortDirection": "desc",
            }

    def _colleagues(self, count: int) -> list[Actor]:
        """Add `count` administrators with the roles of the one in the sample data."""
        directory = self._container.user_directory()
        model = directory.find_by_email(_ADMINISTRATOR)
        assert model is not None, f"the sample data has no {_ADMINISTRATOR}"
        tables = self._container.tables()
        ids = [uuid4() for _ in range(count)]
        users = [
            {
                "id": user_id,
                "first_name": "Colleague",
                "last_name": str(number),
                "email_address": f"colleague-{number}@example.test",
                "is_admin": True,
                "is_active": True,
            }
            for number, user_id in enumerate(ids)
        ]
        role_user = tables.role_user.c
        with self._container.engine().begin() as connection:
            model_roles = select(role_user.roles_id).where(role_user.users_id == model.user_id)
            roles = connection.execute(model_roles).scalars().all()
            granted = [{"roles_id": role, "users_id": user_id} for role in roles for user_id in ids]
            connection.execute(insert(tables.users), users)
            connection.execute(insert(tables.role_user), granted)
        found = [directory.find(user_id) for user_id in ids]
        return [actor for actor in found if actor is not None]


def _container() -> TicketExportContainer:
    if BROKER_VARIABLE not in os.environ:
        return TicketExportContainer()
    from benchmarks.queue.celery_app import container

    return container


def main(jobs: int, rows: int) -> None:
    host = Host(jobs, rows)
    print("[]", flush=True)
    for line in sys.stdin:
        question, *arguments = json.loads(line)
        answer: Callable[..., list[float]] = getattr(host, question)
        print(json.dumps(answer(*arguments)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
