"""The optional ability of a reader or a writer to be interrupted."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable


@runtime_checkable
class SupportsInterrupt(Protocol):
    """A `TicketReader` or an `ObjectWriter` whose waits can be ended, so that a cancelled export stops soon."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make the call that is running raise soon. Another thread calls this, and may call it again and again.

        A reader raises `TicketSourceError` out of its count or read. A writer raises `StorageError` out of `write` and
        out of the end of its block, and its object does not become readable, unless it is readable already.
        """
