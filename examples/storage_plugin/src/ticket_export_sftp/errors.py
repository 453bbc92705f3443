"""What paramiko raises, as storage errors that a user may read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from paramiko import AuthenticationException, BadHostKeyException, SFTPError, SSHException

from ticket_export import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: All that a session may raise. ``EOFError`` is an answer of the protocol, and a connection that ended.
TROUBLES: Final = (OSError, EOFError, SSHException, SFTPError)


@contextmanager
def storage_errors(failed: str) -> Iterator[None]:
    """Raise `StorageError` for any trouble of the block; its text begins with `failed`.

    The original names host, user and paths, hence it is only the ``__cause__``, which goes to the log.
    """
    try:
        yield
    except StorageError:
        raise
    except TROUBLES as error:
        raise StorageError(f"{failed}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, BadHostKeyException):
        return "the storage shows another host key than the known one"
    if isinstance(error, (PermissionError, AuthenticationException)):
        return "the storage refuses access"
    if isinstance(error, TimeoutError):
        return "the storage does not answer"
    # SFTP has no word for a full disk, nor for most else.
    return "the storage failed; the log has the cause"
