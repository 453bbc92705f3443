"""Regular files in an opened folder; every other kind of file is refused."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Sequence
from typing import BinaryIO, cast

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.bases.guarded_reader import GuardedReader
from ticket_export.infrastructure.storage.local.directories import followed_link
from ticket_export.infrastructure.storage.os_errors import storage_errors


def require_file(directory: int, names: Sequence[str]) -> None:
    """Accept the last of `names`, in the opened `directory`, as the file of an object.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no object.
        InvalidKeyError: it is a symbolic link.
        StorageError: it is a pipe, a socket or a device.
    """
    _require_regular(os.stat(names[-1], dir_fd=directory, follow_symlinks=False), names)


def open_file(directory: int, names: Sequence[str], start: int) -> BinaryIO:
    """Open the file that has the last of `names` in the opened `directory`, at the byte `start` or at its end.

    Raises the errors of `require_file`.

    If the operating system fails later, the stream raises `StorageError`. Errors of the code that reads, such as a
    browser that has gone, stay as they are: only the calls of the stream are guarded, not the block around them.
    """
    require_file(directory, names)
    # Another file may have replaced it: do not follow a link, and do not wait for a pipe.
    descriptor = os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    try:
        status = os.fstat(descriptor)
        _require_regular(status, names)
        # No system takes every number: a position far beyond the end may be an error.
        os.lseek(descriptor, min(start, status.st_size), os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return cast("BinaryIO", io.BufferedReader(GuardedReader(os.fdopen(descriptor, "rb"), storage_errors)))


def _require_regular(status: os.stat_result, names: Sequence[str]) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise followed_link("/".join(names))
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{'/'.join(names)} is a pipe, a socket or a device in the storage; remove it")
