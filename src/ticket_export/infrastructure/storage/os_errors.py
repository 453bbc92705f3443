"""Errors of the operating system as storage errors that are safe to show."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ticket_export.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def storage_errors(failed: str) -> Iterator[None]:
    """Raise `StorageError` for an ``OSError`` of the block; its text begins with `failed`.

    The ``OSError`` names paths of the server, so it is only the ``__cause__``.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{failed}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if error.errno in _FULL:
        return "the storage is full"
    if error.errno in _REFUSED:
        return "the storage refuses access"
    return "the storage failed; the log has the cause"
