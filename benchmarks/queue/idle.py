"""Measures idle workers: their CPU time, their transactions, and their delay before a new export."""

from __future__ import annotations

import time

import attrs

from benchmarks.queue.desk import QueueDesk

# Seconds. A PostgreSQL session reports its transactions at the latest ten seconds after the last one.
_SETTLING = 12.0


@attrs.frozen(kw_only=True)
class Idle:
    """Seconds of CPU time of all workers per minute, and the sorted seconds from each request to its start.

    Only PostgreSQL counts transactions, so only it has `transactions_per_second`.
    """

    cpu_per_minute: float
    transactions_per_second: float | None
    delays: list[float]


def measure_idle(desk: QueueDesk, *, seconds: float, requests: int) -> Idle:
    """Start the workers as an operator does, measure them idle for `seconds`, then send `requests`."""
    with desk.workers(TICKET_EXPORT_AUDIT_LOG="table") as workers:
        desk.ask("starts", 1)
        time.sleep(_SETTLING)
        cpu, transactions = workers.cpu_seconds(), desk.ask("transactions")
        time.sleep(seconds)
        cpu, all_transactions = workers.cpu_seconds() - cpu, desk.ask("transactions")
        rates = [(last - first) / seconds for first, last in zip(transactions, all_transactions, strict=True)]
        delays = sorted(desk.ask("starts", requests))
    return Idle(
        cpu_per_minute=cpu / seconds * 60,
        transactions_per_second=rates[0] if rates else None,
        delays=delays,
    )
