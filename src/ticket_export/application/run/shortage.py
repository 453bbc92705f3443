"""The resources that a process may run out of."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ticket_export.errors import WorkerShortageError

MEMORY: Final = "memory"
FILES: Final = "open files"
THREADS: Final = "threads or processes"

_BY_ERRNO: Final = {
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENOBUFS: FILES,
    errno.EAGAIN: THREADS,
    errno.ENOMEM: MEMORY,
}
# Python has no error class for it, only this text of a RuntimeError.
_NO_THREAD: Final = "can't start new thread"


@contextmanager
def shortages_told() -> Iterator[None]:
    """Raise `WorkerShortageError` instead of an error that leaves the block because the process lacks a resource."""
    try:
        yield
    except Exception as error:
        lacking = shortage_of(error)
        if lacking is None:
            raise
        raise WorkerShortageError(lacking) from error


def shortage_of(error: BaseException) -> str | None:
    """Return the resource whose lack raised `error`, or caused it; None if it has another cause."""
    each: BaseException | None = error
    seen = set[int]()
    while each is not None and id(each) not in seen:
        if lacking := _shortage(each):
            return lacking
        seen.add(id(each))
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return None


def _shortage(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, RuntimeError) and str(error).startswith(_NO_THREAD):
        return THREADS
    number = error.errno if isinstance(error, OSError) else None
    return None if number is None else _BY_ERRNO.get(number)
