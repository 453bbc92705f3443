"""Errors of the operating system become storage errors; only those that may pass lose the attempt."""

from __future__ import annotations

import errno
import os

import pytest

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.os_errors import storage_errors


def raised(number: int) -> StorageError:
    with pytest.raises(StorageError) as caught, storage_errors("the file could not be written"):
        raise OSError(number, os.strerror(number), "/srv/exports")
    return caught.value


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN, errno.EPIPE])
def test_network_file_system_whose_server_is_away_may_be_back_later(number: int) -> None:
    error = raised(number)
    assert type(error) is StorageUnavailableError
    assert str(error) == "the file could not be written: the storage cannot be reached"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the storage is full"),
        (errno.EDQUOT, "the storage is full"),
        (errno.EACCES, "the storage refuses access"),
        (errno.EROFS, "the storage refuses access"),
        (errno.EIO, "the storage failed; the log has the cause"),
        (errno.EMFILE, "the storage failed; the log has the cause"),
    ],
)
def test_other_errors_are_failures(number: int, reason: str) -> None:
    error = raised(number)
    assert type(error) is StorageError
    assert str(error) == f"the file could not be written: {reason}"
