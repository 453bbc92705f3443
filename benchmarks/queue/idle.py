"""Measures an idle worker: its CPU time, its transactions, and its delay before a new export."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection
from random import Random
from uuid import UUID

import attrs
import psutil
from sqlalchemy import BigInteger, column, func, select, table

from benchmarks.contenders import TICKET_EXPORT
from benchmarks.queue.desk import QueueDesk

_PATIENCE = 60.0
# Seconds. A PostgreSQL session reports its transactions at the latest ten seconds after the last one.
_SETTLING = 12.0
# Seconds between two requests, so that they come at any point between two queries of the worker.
_BETWEEN = (0.3, 0.7)


@attrs.frozen
class Idle:
    """Seconds of CPU time per minute, and the sorted seconds from each request to its start.

    Only PostgreSQL counts transactions, so only it has `transactions_per_second`.
    """

    cpu_per_minute: float
    transactions_per_second: float | None
    latencies: list[float]


def measure_idle(desk: QueueDesk, *, seconds: float, requests: int) -> Idle:
    """Start a worker as an operator does, measure it idle for `seconds`, then send `requests`."""
    # The audit log records the moment of each start.
    environment = {**os.environ, **desk.environment, "TICKET_EXPORT_AUDIT_LOG": "table"}
    process = subprocess.Popen([TICKET_EXPORT, "worker"], env=environment, stderr=subprocess.DEVNULL)
    try:
        _await_starts(desk, desk.request(desk.views[-1:]))
        time.sleep(_SETTLING)
        worker = psutil.Process(process.pid)
        before, transactions = worker.cpu_times(), _transactions(desk)
        time.sleep(seconds)
        after = worker.cpu_times()
        cpu = after.user - before.user + after.system - before.system
        asked = None if transactions is None else ((_transactions(desk) or 0) - transactions) / seconds
        pauses = Random(1)
        jobs = []
        for view in desk.views[:requests]:
            time.sleep(pauses.uniform(*_BETWEEN))
            jobs += desk.request([view])
        return Idle(cpu / seconds * 60, asked, sorted(_await_starts(desk, jobs).values()))
    finally:
        process.terminate()
        process.wait()


def _transactions(desk: QueueDesk) -> int | None:
    """The number of ended transactions in the database; a single statement is one, too."""
    committed, undone = column("xact_commit", BigInteger), column("xact_rollback", BigInteger)
    engine = desk.container.engine()
    if engine.dialect.name != "postgresql":
        return None
    counted = select(committed + undone).select_from(table("pg_stat_database", committed, undone, column("datname")))
    with engine.connect() as connection:
        return int(connection.execute(counted.where(column("datname") == func.current_database())).scalar_one())


def _await_starts(desk: QueueDesk, jobs: Collection[UUID]) -> dict[UUID, float]:
    deadline = time.monotonic() + _PATIENCE
    while len(starts := _starts(desk, jobs)) < len(jobs):
        assert time.monotonic() < deadline, f"only {len(starts)} of {len(jobs)} exports were started"
        time.sleep(0.2)
    return starts


def _starts(desk: QueueDesk, jobs: Collection[UUID]) -> dict[UUID, float]:
    """Seconds from the request to the start of each started job."""
    tables = desk.container.tables()
    entries, requested = tables.export_audit_entries.c, tables.export_jobs.c
    found = (
        select(entries.export_job_id, entries.at, requested.requested_at)
        .where(entries.action == "started", entries.export_job_id.in_(jobs))
        .where(requested.id == entries.export_job_id)
    )
    with desk.container.engine().connect() as connection:
        return {job: (at - requested_at).total_seconds() for job, at, requested_at in connection.execute(found)}
