"""Errors of the operating system as storage errors that are safe to show."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ticket_export.errors import StorageError, StorageUnavailableError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# The server of a network file system, or the other end of a connection, is away, or was restarted.
_AWAY = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.EPIPE,
        errno.ESHUTDOWN,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)


@contextmanager
def storage_errors(failed: str) -> Iterator[None]:
    """Raise `StorageError` for an ``OSError`` of the block; its text begins with `failed`.

    It is a `StorageUnavailableError` if the storage is a network file system whose server is away.
    The ``OSError`` names paths of the server, so it is only the ``__cause__``.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise os_error(failed, error) from error


def os_error(failed: str, error: OSError) -> StorageError:
    """Return the error of `storage_errors` for an ``OSError``, without its cause."""
    error_type = StorageUnavailableError if error.errno in _AWAY else StorageError
    return error_type(f"{failed}: {_reason(error)}")


def _reason(error: OSError) -> str:
    if error.errno in _FULL:
        return "the storage is full"
    if error.errno in _REFUSED:
        return "the storage refuses access"
    if error.errno in _AWAY:
        return "the storage cannot be reached"
    return "the storage failed; the log has the cause"
