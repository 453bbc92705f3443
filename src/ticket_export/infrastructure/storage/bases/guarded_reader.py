"""A stream of a driver whose calls raise storage errors."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

NOT_READ = "the file could not be read"


class GuardedReader(io.RawIOBase):
    """The bytes of `stream`, with `errors` around each of its calls.

    Errors of the code that reads, such as a browser that has gone, stay as they are: only the calls of the stream are
    guarded, not the block around them.
    """

    def __init__(self, stream: Any, errors: Callable[[str], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._stream = stream
        self._errors = errors

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Whether the stream is. One without the method is: it must have `seek`."""
        return bool(getattr(self._stream, "seekable", lambda: True)())

    def fileno(self) -> int:
        """Return the stream's descriptor, if it has one: a file is copied within the kernel."""
        return int(self._stream.fileno())

    def readinto(self, buffer: Buffer, /) -> int:
        """See `io.RawIOBase.readinto`."""
        with self._errors(NOT_READ):
            view = memoryview(buffer).cast("B")
            data = self._stream.read(len(view))
            view[: len(data)] = data
            return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase.seek`."""
        with self._errors(NOT_READ):
            position = self._stream.seek(offset, whence)
            return int(self._stream.tell() if position is None else position)

    def close(self) -> None:
        """Close the stream."""
        if not self.closed:
            super().close()
            with self._errors(NOT_READ):
                self._stream.close()
