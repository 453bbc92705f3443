"""The bytes of a part, in memory that is returned to the system with them."""

from __future__ import annotations

import io
from contextlib import suppress
from mmap import mmap
from typing import TYPE_CHECKING, Self

from ticket_export.infrastructure.storage.os_errors import storage_errors

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MOST_AT_ONCE = 64 * 1024


class PartBuffer(io.RawIOBase):
    """A buffer for a part of at most `size` bytes: smart-open fills it, and boto3 reads it, several times if it must.

    An `io.BytesIO` that grows to some MB again and again fragments the heap, by 20 MB as measured.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._memory: mmap | None = None
        self._length = 0
        self._position = 0

    @property
    def room(self) -> int:
        """The number of bytes that still fit."""
        return self._size - self._length

    def take(self) -> Self:
        """Move all bytes to a new buffer and return it."""
        taken = type(self)(self._size)
        taken._memory, taken._length = self._memory, self._length  # noqa: SLF001 - one of its own kind
        self._memory = None
        self.truncate(0)
        return taken

    def view(self) -> memoryview:
        """Return all bytes; release the view before the buffer changes or closes."""
        return memoryview(self._memory or b"")[: self._length]

    def write(self, data: Buffer, /) -> int:
        """Append `data`, at any position; it must fit."""
        with memoryview(data).cast("B") as view:
            if self._memory is None:
                with storage_errors("the file could not be written"):
                    # Anonymous memory; untouched pages cost nothing.
                    self._memory = mmap(-1, self._size)
            end = self._length + len(view)
            self._memory[self._length : end] = view
            self._position = self._length = end
            return len(view)

    def read(self, size: int = -1, /) -> bytes:
        """See `io.RawIOBase.read`. boto3 reads 1 MiB to sign it, which would stay in the memory of its thread."""
        return super().read(min(size, _MOST_AT_ONCE)) or b""

    def readinto(self, buffer: Buffer, /) -> int:
        """See `io.RawIOBase.readinto`."""
        with memoryview(buffer).cast("B") as target, self.view() as written:
            found = written[self._position : self._position + len(target)]
            target[: len(found)] = found
            self._position += len(found)
            return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase.seek`."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        """Return the position of the next byte to read."""
        return self._position

    def truncate(self, size: int | None = None, /) -> int:
        """Remove all bytes; another size is not supported."""
        if size != 0:
            raise io.UnsupportedOperation("a part is emptied as a whole")
        self._length = 0
        return 0

    def close(self) -> None:
        """Return the memory to the system."""
        super().close()
        memory, self._memory = self._memory, None
        if memory is not None:
            # An error that is being raised may hold a view of the memory, which is freed with the error.
            with suppress(BufferError):
                memory.close()

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True
