"""Bytes that are written whole, or end the command."""

from __future__ import annotations

import errno
import io
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, CommandError

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Seconds for which the reader of a pipe that does not block may take nothing.
_PATIENCE = 30


class WholeOutput(io.RawIOBase):
    """Writes all of what it is given to the unbuffered stream `raw`, called `name` in messages.

    A raw stream may take less: where a disk or a limit on the size of files is reached, and of a pipe that does not
    block. Python's own unbuffered standard output (``PYTHONUNBUFFERED``) loses the rest. Nothing is kept back here, so
    that nothing is left to fail when the process ends. Where it cannot write, it raises as `output_errors` does.
    """

    def __init__(self, raw: BinaryIO, name: str) -> None:
        super().__init__()
        self._raw = raw
        self._name = name

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Whether a person reads it at a terminal."""
        return self._raw.isatty()

    def fileno(self) -> int:
        """The descriptor."""
        return self._raw.fileno()

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`; return its number of bytes."""
        rest = whole = memoryview(data).cast("B")
        with output_errors(self._name):
            while rest:
                # None where a pipe that does not block is full.
                taken = cast("int | None", self._raw.write(rest))
                if taken is None:
                    self._wait()
                elif taken == 0:
                    raise OSError(errno.EIO, "it takes no more bytes")
                else:
                    rest = rest[taken:]
        return len(whole)

    def flush(self) -> None:
        """Raise what the system only reports when a file is closed, such as a full disk behind a network."""
        if self.closed:
            return
        with output_errors(self._name):
            self._raw.flush()
            try:
                descriptor = os.dup(self.fileno())
            except OSError:
                return  # it has none, or the process may not have one more
            os.close(descriptor)

    def _wait(self) -> None:
        writable = select.poll()
        writable.register(self.fileno(), select.POLLOUT)
        if not writable.poll(_PATIENCE * 1000):
            raise TimeoutError(errno.ETIMEDOUT, f"its reader has taken nothing for {_PATIENCE} s")


def whole(stream: BinaryIO, name: str) -> BinaryIO:
    """`stream`, which holds no bytes back at the moment, as one that writes whole."""
    if isinstance(stream, WholeOutput):
        return cast("BinaryIO", stream)
    return cast("BinaryIO", WholeOutput(getattr(stream, "raw", stream), name))


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Around writing to `name`, and around nothing else.

    Raises:
        ClosedOutputError: its reader has gone.
        CommandError: it cannot be written, for instance because a disk is full.
    """
    try:
        yield
    except BrokenPipeError:
        raise ClosedOutputError(f"the reader of {name} has closed it: not all was written") from None
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror or error}") from error
