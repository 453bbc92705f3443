"""A stream that writes all bytes, or ends the command."""

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

# Seconds for which the reader of a non-blocking pipe may take nothing.
_PATIENCE = 30


class WholeOutput(io.RawIOBase):
    """Writes all bytes of each write to the unbuffered stream `raw`, which messages call `name`.

    A raw stream may take fewer bytes: when a disk is full, when a file reaches its size limit, or when a pipe does not
    block. Python's own unbuffered standard output (``PYTHONUNBUFFERED``) then loses the rest. This class buffers
    nothing, so nothing can fail when the process ends. Its errors are those of `output_errors`.
    """

    def __init__(self, raw: BinaryIO, name: str) -> None:
        super().__init__()
        self._raw = raw
        self._name = name

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._raw.isatty()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._raw.fileno()

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`; return its number of bytes."""
        rest = whole = memoryview(data).cast("B")
        with output_errors(self._name):
            while rest:
                # None where a non-blocking pipe is full.
                taken = cast("int | None", self._raw.write(rest))
                if taken is None:
                    self._wait()
                elif taken == 0:
                    raise OSError(errno.EIO, "it takes no more bytes")
                else:
                    rest = rest[taken:]
        return len(whole)

    def flush(self) -> None:
        """Raise the errors that the system reports only when a file is closed, such as a full network disk."""
        if self.closed:
            return
        with output_errors(self._name):
            self._raw.flush()
            try:
                descriptor = os.dup(self.fileno())
            except OSError:
                return  # it has no descriptor, or the process has reached its limit
            os.close(descriptor)

    def _wait(self) -> None:
        writable = select.poll()
        writable.register(self.fileno(), select.POLLOUT)
        if not writable.poll(_PATIENCE * 1000):
            raise TimeoutError(errno.ETIMEDOUT, f"its reader has taken nothing for {_PATIENCE} s")


def whole(stream: BinaryIO, name: str) -> BinaryIO:
    """Return `stream`, whose buffer is empty, as a `WholeOutput`."""
    if isinstance(stream, WholeOutput):
        return cast("BinaryIO", stream)
    return cast("BinaryIO", WholeOutput(getattr(stream, "raw", stream), name))


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Translate the errors of writing to `name`; the block does nothing else.

    Raises:
        ClosedOutputError: its reader has closed it.
        CommandError: it cannot be written, for example because the disk is full.
    """
    try:
        yield
    except BrokenPipeError:
        raise ClosedOutputError(f"the reader of {name} has closed it: not all was written") from None
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror or error}") from error
