"""An object's bytes, whose errors are the storage's also in the middle."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from ticket_export.infrastructure.storage.os_errors import storage_errors

if TYPE_CHECKING:
    from typing_extensions import Buffer

_NOT_READ = "the file could not be read"


class GuardedReader(io.RawIOBase):
    """What `stream` gives; where the operating system fails it, `StorageError` is raised.

    The errors of whoever reads, such as a browser that has gone, stay as they are: only the calls of this object are
    guarded, not the block around them.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """Whether the stream is."""
        return self._stream.seekable()

    def fileno(self) -> int:
        """Return the descriptor of the object's file."""
        return self._stream.fileno()

    def readinto(self, buffer: Buffer, /) -> int:
        """See `io.RawIOBase.readinto`."""
        with storage_errors(_NOT_READ):
            view = memoryview(buffer).cast("B")
            data = self._stream.read(len(view))
            view[: len(data)] = data
            return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase.seek`."""
        with storage_errors(_NOT_READ):
            return self._stream.seek(offset, whence)

    def close(self) -> None:
        """Let go of the stream."""
        if not self.closed:
            super().close()
            with storage_errors(_NOT_READ):
                self._stream.close()


def guarded(stream: BinaryIO) -> BinaryIO:
    """`stream`, guarded and buffered."""
    return cast("BinaryIO", io.BufferedReader(GuardedReader(stream)))
