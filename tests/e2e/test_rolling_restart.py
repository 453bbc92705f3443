"""Workers that are replaced one after the other while they export, as by a deployment.

``make rolling`` runs the long form: 50 exports of 8 s, and a restart every 10 s.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import Counter
from contextlib import ExitStack, closing
from itertools import cycle
from time import monotonic, sleep

import attrs
import pytest

from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import Started, request, started

pytestmark = pytest.mark.once_flaky

#: Its exports take `TICKET_EXPORT_TEST_SECONDS` each, and make progress meanwhile.
_MODULE = """
import os, time
from contextlib import contextmanager

from dependency_injector.providers import Factory

from ticket_export.application.ports.file_format import RowBlock
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

class SlowSource:
    def __init__(self, source):
        self._source = source
        self.columns = source.columns

    @contextmanager
    def open(self, query, file_format):
        with self._source.open(query, file_format) as reader:
            yield SlowReader(reader)

class SlowReader:
    def __init__(self, reader):
        self.count = reader.count
        self._blocks = reader.blocks

    def blocks(self):
        yield from self._blocks()
        until = time.monotonic() + float(os.environ["TICKET_EXPORT_TEST_SECONDS"])
        while time.monotonic() < until:
            time.sleep(0.05)
            yield RowBlock(b"", 0)

container = TicketExportContainer()
container.ticket_source.override(
    Factory(SlowSource, Factory(SqlAlchemyTicketSource, container.engine, container.catalog))
)
"""


@attrs.frozen
class Rolling:
    """How many exports of how many seconds, and how many seconds are between two restarts."""

    exports: int
    seconds: float
    every: float


_SHORT = Rolling(exports=10, seconds=2, every=2)
_LONG = Rolling(exports=50, seconds=8, every=10)
# A help desk removes the variables of the library.
_ROLLING = _LONG if "TICKET_EXPORT_TEST_ROLLING" in os.environ else _SHORT


def _started_worker(stack: ExitStack, help_desk: HelpDesk, seconds: float) -> Started:
    arguments = ("--app", "slow_helpdesk:container", "worker", "--on-stop", "finish")
    return stack.enter_context(
        started(help_desk, *arguments, TICKET_EXPORT_TEST_SECONDS=str(seconds), TICKET_EXPORT_AUDIT_LOG="table")
    )


def _wait_until_ready(worker: Started) -> None:
    # As a deployment waits for a new process before it stops the next old one.
    assert worker.wait_for_line().startswith("worker ready: ")


def test_no_export_begins_twice_when_workers_that_finish_are_restarted_one_after_the_other(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling = _ROLLING
    (help_desk.folder / "slow_helpdesk.py").write_text(_MODULE)
    monkeypatch.setenv("TICKET_EXPORT_MAX_ACTIVE_JOBS_PER_USER", "0")
    monkeypatch.setenv("TICKET_EXPORT_AUDIT_LOG", "table")
    for number in range(rolling.exports):
        request("--columns", "id", "--search", f"view {number}")
    restarts, stopped = 0, list[Started]()
    deadline = monotonic() + 60 + 20 * rolling.exports * max(rolling.seconds, 1)
    with ExitStack() as stack:
        workers = [_started_worker(stack, help_desk, rolling.seconds) for _ in range(2)]
        for worker in workers:
            _wait_until_ready(worker)
        for place in cycle(range(2)):
            sleep(rolling.every)
            assert monotonic() < deadline, _statuses(help_desk)
            if set(_statuses(help_desk)) == {"completed"}:
                break
            workers[place].process.terminate()
            stopped.append(workers[place])
            workers[place] = _started_worker(stack, help_desk, rolling.seconds)
            _wait_until_ready(workers[place])
            restarts += 1
        for worker in workers:
            worker.process.terminate()
        ends = [worker.end() for worker in (*stopped, *workers)]
    sys.stdout.write(f"{rolling.exports} exports of {rolling.seconds:g} s, {restarts} restarts\n")
    assert restarts > 1
    assert [ended.exit_code for ended in ends] == [0] * len(ends)
    assert _statuses(help_desk) == {"completed": rolling.exports}
    assert _begun(help_desk) == [1] * rolling.exports


def _statuses(help_desk: HelpDesk) -> Counter[str]:
    with closing(sqlite3.connect(help_desk.database)) as database:
        return Counter(status for (status,) in database.execute('SELECT "Status" FROM "ExportJobs"'))


def _begun(help_desk: HelpDesk) -> list[int]:
    """How often each export was begun."""
    with closing(sqlite3.connect(help_desk.database)) as database:
        return [
            number
            for (number,) in database.execute(
                """SELECT count(*) FROM "ExportAuditEntries" WHERE "Action" = 'started' GROUP BY "ExportJobId" """
            )
        ]
