"""What outlives a process: the database, the files, and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from dependency_injector.providers import Factory, Provider

from tests.crashes.process import Process
from tests.crashes.watched import watched, watched_formats
from tests.file_rows import rows_in
from ticket_export import Actor, SystemPermissions, TicketExportContainer
from ticket_export.application.ports.audit_log import AuditAction, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.compression import Compression
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import Rows
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents

ACTOR = Actor(user_id=UUID(int=1), is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
VIEW: Mapping[str, object] = {"columns": ["id", "title"]}
#: Asks for the same rows, of which it makes the same bytes in every format.
OTHER_ZONE: Mapping[str, object] = {"timeZone": "Europe/Berlin"}
TITLES = ("one", "two", "three", "four", "five")
#: What every export of `VIEW` is, and no more and no less.
RIGHT_BYTES = "\n".join(
    ["\ufeffTicket ID,Title", *(f"{number},{title}" for number, title in enumerate(TITLES, 1)), ""]
).encode()
#: The rows of a block, so that there are three.
BLOCK_ROWS = 2

_PORTS: Mapping[str, type] = {
    "compression": Compression,
    "clock": Clock,
    "unit_of_work": UnitOfWork,
    "ticket_source": TicketSource,
    "storage": ExportStorage,
    "user_directory": UserDirectory,
    "audit_log": AuditLog,
    "events": ExportEvents,
    "task_queue": TaskQueue,
}


class MovingClock(InMemoryClock):
    """Stands still, or moves on by `tick` whenever it is looked at."""

    tick = timedelta(0)

    def now(self) -> datetime:
        self.advance(self.tick)
        return super().now()


class World(Protocol):
    """One after the other, processes come and go in it."""

    clock: MovingClock
    events: InMemoryExportEvents
    #: What is exported, and in which format.
    view: Mapping[str, object]
    #: What every export of `view` is, and no more and no less.
    right_bytes: bytes
    #: Whether the audit log is kept where the jobs are.
    audits_in_transaction: bool
    #: How many rows too many every reader counts.
    miscounted: int
    #: Whether every reader loses its connection, once it has read a block.
    loses_tickets: bool

    @property
    def parts(self) -> TicketExportContainer:
        """What a process has in its hands."""
        ...

    def keep(self) -> None:
        """Remember how everything is now."""
        ...

    def restore(self) -> None:
        """Let everything be as it was when it was kept; for the next process."""
        ...

    def change_process(self) -> None:
        """The last one has ended, and the next one comes."""
        ...

    def rows(self) -> Rows:
        """What is committed."""
        ...

    def objects(self) -> Mapping[str, bytes]:
        """What is readable in the storage."""
        ...

    def begin_an_object(self) -> None:
        """As a killed writer leaves it, where the storage keeps such a thing."""
        ...

    def partials(self) -> int:
        """How many objects were begun and neither finished nor removed."""
        ...

    def audited(self) -> Sequence[tuple[AuditAction, UUID]]:
        """What the audit log says of which job."""
        ...

    def take_the_permission_away(self) -> None:
        """From the requester of all exports."""
        ...

    def close(self) -> None:
        """Nobody looks at it any more."""
        ...


def view_in(file_format: str) -> Mapping[str, object]:
    """`VIEW` as a file of that format."""
    return {**VIEW, "file": {"format": file_format}}


def right_bytes_of(parts: TicketExportContainer, file_format: str) -> bytes:
    """The bytes of the view in that format, in which another program finds each ticket."""
    source = parts.ticket_source()
    query = TicketQuery.of(VIEW, source.columns(ACTOR), actor=ACTOR, as_of=parts.clock().now())
    written = parts.file_formats().of(FileOptions(format=file_format))
    container = written.container(query.columns)
    with source.open(query, written) as reader:
        data = b"".join([container.begin(), *map(container.add, reader.blocks()), container.end()])
    assert rows_in(file_format, data) == [[str(number), title] for number, title in enumerate(TITLES, 1)]
    return data


def a_while_ago() -> datetime:
    """So long ago that a file which is made now is not stale before `survive` says so."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=7)


def seen_by(process: Provider[Process], parts: TicketExportContainer) -> TicketExportContainer:
    """The same parts, each call of which is a step of the process."""
    seen = TicketExportContainer()
    seen.settings.override(parts.settings)
    # Reading and writing take turns, so that the calls of an export come in the same order every time.
    seen.read_ahead.override(0)
    seen.file_formats.override(Factory(watched_formats, parts.file_formats, process))
    for name, port in _PORTS.items():
        getattr(seen, name).override(Factory(watched, getattr(parts, name), port, process))
    return seen
