"""Unbuffered streams that take less than they are given, and then perhaps nothing any more."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import BinaryIO, TextIO, cast

from typing_extensions import Buffer

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class HesitantStream(io.RawIOBase):
    """Takes as many bytes at a time as `portions` say, over and over; the byte after `room` raises `error`."""

    def __init__(self, portions: Sequence[int] = (7,), room: int | None = None, error: OSError = NO_SPACE) -> None:
        super().__init__()
        self.taken = bytearray()
        self._portions: Iterator[int] = cycle(portions)
        self._room = room
        self._error = error

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        room = None if self._room is None else self._room - len(self.taken)
        if room == 0:
            raise self._error
        portion = bytes(memoryview(data)[: next(self._portions)][:room])
        self.taken += portion
        return len(portion)


class ComplainingStream(HesitantStream):
    """Takes everything, and raises when it is flushed."""

    def __init__(self, error: OSError = NO_SPACE) -> None:
        super().__init__((1_000_000,))
        self._complaint = error

    def flush(self) -> None:
        if not self.closed and self.taken:
            raise self._complaint


def unbuffered_text(raw: io.RawIOBase, encoding: str = "utf-8", errors: str = "strict") -> TextIO:
    """Text over `raw` as Python makes it with PYTHONUNBUFFERED."""
    return io.TextIOWrapper(cast("BinaryIO", raw), encoding, errors, newline="", write_through=True)


def buffered_text(raw: io.RawIOBase) -> TextIO:
    """Text over `raw` as Python makes it."""
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8")
