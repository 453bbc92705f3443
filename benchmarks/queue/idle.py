"""What a worker costs that has nothing to do, and how soon it starts when there is something."""

from __future__ import annotations

import os
import subprocess
import time
from random import Random
from typing import TYPE_CHECKING

import attrs
import psutil
from sqlalchemy import select

from benchmarks.contenders import TICKET_EXPORT

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from benchmarks.queue.desk import QueueDesk

_PATIENCE = 60.0
# Seconds between two requests, so that they come at any point between two looks of the worker.
_BETWEEN = (0.3, 0.7)


@attrs.frozen
class Idle:
    """Seconds of CPU time per minute, and from each request to its start, in order of length."""

    cpu_per_minute: float
    latencies: list[float]


def measure_idle(desk: QueueDesk, *, seconds: float, requests: int) -> Idle:
    """Start a worker as an operator does, watch it do nothing for `seconds`, then send it `requests`."""
    # The audit log has the moment of each start.
    environment = {**os.environ, **desk.environment, "TICKET_EXPORT_AUDIT_LOG": "table"}
    process = subprocess.Popen([TICKET_EXPORT, "worker"], env=environment, stderr=subprocess.DEVNULL)
    try:
        _await_starts(desk, desk.request(desk.views[-1:]))
        time.sleep(1)
        worker = psutil.Process(process.pid)
        before = worker.cpu_times()
        time.sleep(seconds)
        after = worker.cpu_times()
        cpu = after.user - before.user + after.system - before.system
        pauses = Random(1)
        jobs = []
        for view in desk.views[:requests]:
            time.sleep(pauses.uniform(*_BETWEEN))
            jobs += desk.request([view])
        return Idle(cpu / seconds * 60, sorted(_await_starts(desk, jobs).values()))
    finally:
        process.terminate()
        process.wait()


def _await_starts(desk: QueueDesk, jobs: Collection[UUID]) -> dict[UUID, float]:
    deadline = time.monotonic() + _PATIENCE
    while len(starts := _starts(desk, jobs)) < len(jobs):
        assert time.monotonic() < deadline, f"only {len(starts)} of {len(jobs)} exports were started"
        time.sleep(0.2)
    return starts


def _starts(desk: QueueDesk, jobs: Collection[UUID]) -> dict[UUID, float]:
    """Seconds from the request to the start, of those that were started."""
    tables = desk.container.tables()
    entries, requested = tables.export_audit_entries.c, tables.export_jobs.c
    found = (
        select(entries.export_job_id, entries.at, requested.requested_at)
        .where(entries.action == "started", entries.export_job_id.in_(jobs))
        .where(requested.id == entries.export_job_id)
    )
    with desk.container.engine().connect() as connection:
        return {job: (at - requested_at).total_seconds() for job, at, requested_at in connection.execute(found)}
