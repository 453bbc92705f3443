"""Files in an opened folder, and nothing else that may have a file's name there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from typing import BinaryIO

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.directories import followed_link


def require_file(directory: int, names: Sequence[str]) -> None:
    """Accept the last of `names`, in the opened `directory`, as the file of an object.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no object.
        InvalidKeyError: it is a symbolic link.
        StorageError: it is a pipe, a socket or a device, which block a reader or are no file of this storage.
    """
    _require_regular(os.stat(names[-1], dir_fd=directory, follow_symlinks=False), names)


def open_file(directory: int, names: Sequence[str]) -> BinaryIO:
    """Read the file with the last of `names` in the opened `directory`.

    Raises:
        OSError: as `require_file` does.
    """
    require_file(directory, names)
    # Neither follows nor waits for what may have taken the file's place since.
    descriptor = os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    try:
        _require_regular(os.fstat(descriptor), names)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _require_regular(status: os.stat_result, names: Sequence[str]) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise followed_link("/".join(names))
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{'/'.join(names)} is a pipe, a socket or a device in the storage; remove it")
