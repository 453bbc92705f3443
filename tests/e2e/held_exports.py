"""Commands that go on while a test does something else, and exports that go on for as long as the test wants."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

import attrs

from tests.e2e.command_line import SCRIPT, Ended, clean_environment, job, run_command
from tests.e2e.conftest import HelpDesk

STAFF = ("--as", "staff@example.test")
ADMIN = ("--as", "admin@example.test")
#: How a command is told to work as `HeldExports` wants.
HELD = ("--app", "held_helpdesk:container")

_MODULE = """
import time
from contextlib import contextmanager
from pathlib import Path

from dependency_injector.providers import Factory

from ticket_export.application.ports.file_format import RowBlock
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.tasks import worker
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

worker._GRACE = 1.0

class HeldSource:
    def __init__(self, source):
        self._source = source
        self.columns = source.columns

    @contextmanager
    def open(self, query, csv_format):
        with self._source.open(query, csv_format) as reader:
            yield HeldReader(reader)

class HeldReader:
    def __init__(self, reader):
        self.count = reader.count
        self._blocks = reader.blocks

    def blocks(self):
        yield from self._blocks()
        while Path("hold").exists():
            time.sleep(0.02)
            yield RowBlock(b"", 0)
        while Path("hang").exists():
            time.sleep(0.02)

container = TicketExportContainer()
container.ticket_source.override(
    Factory(HeldSource, Factory(SqlAlchemyTicketSource, container.engine, container.catalog))
)
"""


@attrs.frozen
class HeldExports:
    """Exports that have written every row and do not end before `release`; those that hang do not hear anything."""

    _folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> HeldExports:
        (folder / "held_helpdesk.py").write_text(_MODULE)
        (folder / "hold").touch()
        return cls(folder)

    def hang(self) -> None:
        (self._folder / "hang").touch()
        self.release()

    def release(self) -> None:
        (self._folder / "hold").unlink()


@attrs.frozen
class Started:
    """A command that is running."""

    process: subprocess.Popen[bytes]

    def wait_for_line(self) -> str:
        """The next line on standard error."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Ended:
        out, err = self.process.communicate(timeout=60)
        return Ended(self.process.returncode, out, err.decode())


@contextmanager
def started(help_desk: HelpDesk, *arguments: str, **settings: str) -> Iterator[Started]:
    """The real script, running inside the block and not after it."""
    # Interrupted while it holds its own lock, the measurement of coverage would wait for it for ever.
    unmeasured = {name: value for name, value in clean_environment().items() if not name.startswith("COVERAGE_")}
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        cwd=help_desk.folder,
        env={**unmeasured, **help_desk.settings, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield Started(process)
        finally:
            process.kill()


@contextmanager
def started_worker(help_desk: HelpDesk, *arguments: str, **settings: str) -> Iterator[Started]:
    with started(help_desk, *arguments, "worker", **settings) as worker:
        assert worker.wait_for_line().startswith("worker ready: ")
        yield worker


def request(*view: str) -> str:
    """The id of a new export, of all tickets unless `view` says otherwise."""
    ended = run_command("request", *(view or ("--columns", "id")), *STAFF, "--json")
    assert ended.exit_code == 0, ended.err
    return str(job(ended)["id"])


def status(job_id: str) -> object:
    return job(run_command("show", job_id, *STAFF, "--json"))["status"]


def tells_completion(line: str, job_id: str) -> bool:
    """Whether `line` is what a worker says of an export that it has completed."""
    completed = job(run_command("show", job_id, *STAFF, "--json"))
    return line.startswith(f"export {job_id} completed by ") and f": {completed['rowCount']:,} rows, " in line


def seconds_until(condition: Callable[[], bool]) -> float:
    """How long it took until `condition` held."""
    began = monotonic()
    while not condition():
        assert monotonic() - began < 120, "it never happened"
        sleep(0.02)
    return monotonic() - began


def stored_files(help_desk: HelpDesk) -> list[str]:
    """Every file below the storage's folder, readable as an object or not, except the owner object."""
    found = (name for _, _, names in os.walk(help_desk.folder / "storage") for name in names)
    return sorted(name for name in found if name != "owner.json")


def block(help_desk: HelpDesk, job_id: str) -> None:
    """Put a file in the place of the export's folder, so that this export fails and nothing else does."""
    with closing(sqlite3.connect(help_desk.database)) as database:
        ((database_id,),) = database.execute('SELECT "Id" FROM "ExportDatabase"').fetchall()
    folder = help_desk.folder / "storage" / "exports" / str(UUID(database_id))
    folder.mkdir(parents=True)
    (folder / job_id).touch()
