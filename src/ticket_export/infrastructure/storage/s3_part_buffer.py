"""The bytes of a part, in the pieces in which they came."""

from __future__ import annotations

import io
from bisect import bisect_right
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from typing_extensions import Buffer


class S3PartBuffer(io.RawIOBase):
    """What smart-open collects a part in, and boto3 reads it from, as often as it must.

    Nothing is copied, so pieces must not change any more. `io.BytesIO`, which would grow to some MB again and again,
    tears memory into holes: measured, 20 MB of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[memoryview] = []
        # Where each begins.
        self._starts: list[int] = []
        self._length = 0
        self._position = 0

    def take(self) -> Self:
        """A buffer of its own with all the bytes, which are gone from here."""
        taken = type(self)()
        for piece in self._pieces:
            taken.write(piece)
        taken.seek(0)
        self.truncate(0)
        return taken

    def write(self, data: Buffer, /) -> int:
        """Append `data`, wherever the position is."""
        piece = memoryview(data).cast("B")
        if piece:
            self._pieces.append(piece)
            self._starts.append(self._length)
            self._length += len(piece)
        self._position = self._length
        return len(piece)

    def readinto(self, buffer: Buffer, /) -> int:
        """See `io.RawIOBase.readinto`."""
        target = memoryview(buffer).cast("B")
        if self._position >= self._length:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        begin = self._position - self._starts[number]
        found = self._pieces[number][begin : begin + len(target)]
        target[: len(found)] = found
        self._position += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase.seek`."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def truncate(self, size: int | None = None, /) -> int:
        """Only to nothing."""
        if size != 0:
            raise io.UnsupportedOperation("a part is emptied as a whole")
        self._pieces, self._starts, self._length = [], [], 0
        return 0

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True
