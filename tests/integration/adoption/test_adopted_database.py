"""Exports in a database that another system made and uses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.adoption import other_system
from ticket_export import Actor, SystemPermissions, TicketExportContainer, adopt

ADA = Actor(user_id=other_system.ADMIN, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


TAKE = sa.text("""UPDATE "BackgroundTasks" SET "Status" = 'Taken' WHERE lower("Status") = 'enqueued'""")


@contextmanager
def taking_every_task(engine: Engine) -> Iterator[list[int]]:
    """Run a program that takes every task that waits in the shared table; its numbers of tasks are returned."""
    is_over = Event()

    def poll() -> list[int]:
        taken = []
        while not is_over.wait(0.005):
            with engine.begin() as connection:
                taken.append(connection.execute(TAKE).rowcount)
        return taken

    seen: list[int] = []
    with ThreadPoolExecutor(1) as threads:
        polling = threads.submit(poll)
        try:
            yield seen
        finally:
            is_over.set()
        seen += polling.result()


def test_fifty_exports_complete_while_another_program_takes_every_task_that_it_sees(
    engine: Engine, container: TicketExportContainer
) -> None:
    before = other_system.rows(engine)
    adopt(container.engine())
    request, worker = container.request_export(), container.worker()
    with taking_every_task(engine) as taken:
        jobs = [request(ADA, {"columns": ["id", "title", "tags"], "searchTerm": f"printer {n}"}).id for n in range(50)]
        worker.drain(concurrency=2)
    assert len(taken) > 10
    assert sum(taken) == 0
    assert other_system.rows(engine) == before
    exports = [container.get_export()(ADA, job_id) for job_id in jobs]
    assert {(export.status, export.error_message) for export in exports} == {("completed", None)}
    # The text "printer 1" is in the titles of tickets 1 and 10 to 19.
    assert [exports[number].row_count for number in (1, 2, 21)] == [11, 2, 0]
