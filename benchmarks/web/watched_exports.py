"""Exports that seem to run, whose progress changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from threading import Event, Thread
from typing import Final
from uuid import UUID

import attrs
from sqlalchemy import update

from benchmarks.fill.loader import fill_help_desk
from benchmarks.web import paths
from ticket_export import Settings, TicketExportContainer
from ticket_export.application.run.export_task import TASK_NAME, task_args
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage

# Seconds that the exports are old at least and at most when the pages begin. Pages ask every second about exports of up
# to 30 s, and they stay younger while they are measured: the most that pages ask for more than a moment.
_YOUNGEST, _OLDEST = 2.0, 10.0
# The progress of this part of the exports changes each second.
_CHANGING: Final = 0.1
_TICKETS: Final = 100


@attrs.frozen
class WatchedExports:
    """The exports of a help desk; `settings` are those of its hosts."""

    settings: dict[str, str]
    container: TicketExportContainer
    ids: Sequence[UUID]

    def run(self) -> None:
        """Let all of them run, with different ages."""
        jobs, now = self.container.tables().export_jobs, datetime.now(UTC)
        step = (_OLDEST - _YOUNGEST) / len(self.ids)
        with self.container.engine().begin() as connection:
            for number, job_id in enumerate(self.ids):
                values = {
                    jobs.c.requested_at: now - timedelta(seconds=_YOUNGEST + number * step),
                    jobs.c.status: ExportJobStatus.RUNNING,
                    jobs.c.progress_stage: ProgressStage.EXPORTING,
                    jobs.c.progress_percent: number % 100,
                }
                connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Change the progress of some of the exports each second, inside the block."""
        is_over = Event()
        thread = Thread(target=self._change, args=[is_over])
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(60)

    def _change(self, is_over: Event) -> None:
        jobs = self.container.tables().export_jobs
        parts = round(1 / _CHANGING)
        for number in cycle(range(parts)):
            if is_over.wait(1):
                return
            percent = int(time.monotonic()) % 100
            changed = (
                update(jobs).where(jobs.c.id.in_(self.ids[number::parts])).values({jobs.c.progress_percent: percent})
            )
            with self.container.engine().begin() as connection:
                connection.execute(changed)


def watched_exports(database_url: str, storage_url: str, *, count: int) -> WatchedExports:
    """Return that many exports, which no worker runs, of a new help desk in this empty database."""
    fill_help_desk(database_url, _TICKETS)
    made = Settings(_env_file=None, database_url=database_url, storage_url=storage_url)
    container = TicketExportContainer(settings=made)
    actor = container.user_directory().find_by_email(paths.USER)
    assert actor is not None, f"the sample data has no {paths.USER}"
    ids = []
    # A user does not have as many exports, and to request them one after another would take long.
    with container.unit_of_work() as work:
        for number in range(count):
            task = BackgroundTask(name=TASK_NAME, creation_time=(now := datetime.now(UTC)))
            view = {"columns": ["id", "title", "status"], "searchTerm": f"printer {number}", "sortField": "id"}
            job = ExportJob.request(
                requester_user_id=actor.user_id, snapshot_payload_json=json.dumps(view), background_task=task, now=now
            )
            task.args = task_args(job.id)
            work.tasks.add(task)
            work.jobs.add(job)
            ids.append(job.id)
        work.commit()
    return WatchedExports({name: text for name, text in made.environment().items() if text}, container, ids)
