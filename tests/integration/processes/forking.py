"""A program that uses a container, forks twice, and then makes requests in all three processes at once.

``python -m tests.integration.processes.forking DATABASE_URL FOLDER [a host's engine]`` prints a line for each process:
its number, the server's processes that its connections speak to, the name that its claim bears, and its requests.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from threading import Thread
from uuid import uuid4

import sqlalchemy
from dependency_injector.providers import Object

from tests.forked import exit_code, run_in_fork
from ticket_export import Actor, Settings, TicketExportContainer, create_engine
from ticket_export.infrastructure.persistence.background_task_repository import SqlAlchemyBackgroundTaskRepository

REQUESTS = 8
VIEW = {"columns": ["id", "title"]}


def main(url: str, folder: str, *of_the_host: str) -> None:
    container = TicketExportContainer()
    storage = (Path(folder) / "files").as_uri()
    container.settings.override(
        Object(Settings(_env_file=None, database_url=url, storage_url=storage, max_active_jobs_per_user=0))
    )
    if of_the_host:
        made = create_engine(url)
        made.dispose()
        container.engine.override(Object(sqlalchemy.create_engine(made.url)))
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None
    claims = container.claims()
    # Several connections are in the pool. On PostgreSQL threads use them while the process forks; SQLite's own locks,
    # which are in C, cannot be parted, so there they have ended.
    threads = [Thread(target=request, args=(container, actor), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    if container.engine().dialect.name == "sqlite":
        for thread in threads:
            thread.join(60)

    def in_child() -> None:
        report(container, actor)
        claim = claims.claim_next()
        assert claim is not None
        with container.unit_of_work() as work:
            job = work.jobs.find(claim.job.id)
        assert job is not None
        assert job.background_task is not None
        tell({"claimed_by": job.background_task.leased_by, "process": os.getpid()})

    children = [run_in_fork(in_child) for _ in range(2)]
    report(container, actor)
    for thread in threads:
        thread.join(60)
    sys.exit(sum(exit_code(child) != 0 for child in children))


def request(container: TicketExportContainer, actor: Actor) -> list[str]:
    return [str(container.request_export()(actor, {**VIEW, "viewId": str(uuid4())}).id) for _ in range(REQUESTS)]


def report(container: TicketExportContainer, actor: Actor) -> None:
    requested = request(container, actor)
    with container.unit_of_work() as work:
        tasks = work.tasks
        assert isinstance(tasks, SqlAlchemyBackgroundTaskRepository)
        connection = tasks._connection
        is_server = connection.dialect.name == "postgresql"
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() if is_server else None
    tell({"process": os.getpid(), "backend": backend, "requested": requested})


def tell(what: object) -> None:
    # One write, so that lines of several processes do not mix.
    os.write(1, f"{json.dumps(what)}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
