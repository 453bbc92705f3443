"""The observer of a running export, which may end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import attrs

from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.run.progress import Progress


class ExportWatch(Protocol):
    """The observer of a running export."""

    def tell(self, progress: Progress) -> None:
        """Take note of the progress. Threads of the export call it, one at a time. Its errors end the export."""

    def require_job(self) -> None:
        """Raise an error if the export must end."""

    def interrupting(self, target: object) -> AbstractContextManager[None]:
        """Inside the block, the end of the export interrupts `target`, if it implements `SupportsInterrupt`."""


@attrs.define
class WatchedWriter(ObjectWriter, SupportsInterrupt):
    """The writer of an object of an export, or the place for it before the storage has opened it."""

    _writer: ObjectWriter = attrs.field(init=False)

    @classmethod
    @contextmanager
    def opened(cls, storage: ExportStorage, key: str, content_type: str, watch: ExportWatch) -> Iterator[WatchedWriter]:
        """Write an object as `ExportStorage.open_writer` does. `watch` may interrupt it until it is published."""
        watched = cls()
        with watch.interrupting(watched), storage.open_writer(key, content_type) as writer:
            watched._writer = writer
            yield watched

    def write(self, data: bytes, /) -> object:
        """Append `data`."""
        return self._writer.write(data)

    def interrupt(self) -> None:
        """Interrupt the writer, if it can be interrupted."""
        writer = getattr(self, "_writer", None)
        if isinstance(writer, SupportsInterrupt):
            writer.interrupt()
