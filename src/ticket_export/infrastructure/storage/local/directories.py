"""Folders below a storage's root; several processes may create and remove them at once.

Each folder is opened from the descriptor of its parent, so that a symbolic link below the root is never followed, even
if it appears during a call. The root itself may be a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ticket_export.errors import InvalidKeyError
from ticket_export.infrastructure.private_files import PRIVATE_FOLDER, make_private_folders

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# The errors of systems for a link that O_NOFOLLOW does not follow.
_NOT_FOLLOWED = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})


def make_root(root: Path) -> None:
    """Create `root` and its missing parents durably."""
    if not root.is_dir():
        make_private_folders(root)
        _sync(root.parent)


@contextmanager
def opened_directory(root: Path, names: Sequence[str] = (), *, make: bool = False) -> Iterator[int]:
    """Open the folder `names` below `root` and yield its descriptor; with `make`, create missing folders.

    Raises:
        InvalidKeyError: one of the names is a symbolic link.
        FileNotFoundError: there is no such folder; with `make`, another process has just pruned it.
        NotADirectoryError: one of the names is a file.
    """
    descriptor = os.open(root, _FOLDER)
    try:
        for depth, name in enumerate(names, 1):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, PRIVATE_FOLDER, dir_fd=descriptor)
            try:
                below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                if error.errno in _NOT_FOLLOWED and _is_link(descriptor, name):
                    raise followed_link("/".join(names[:depth])) from error
                raise
            _close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        _close(descriptor)


def followed_link(name: str) -> InvalidKeyError:
    """Return the error for a symbolic link at `name` below the root."""
    return InvalidKeyError(
        f"{name} would leave the storage: it is a symbolic link, and links below the root are not followed"
    )


def prune_directories(root: Path, names: Sequence[str]) -> None:
    """Remove the folder `names` below `root`, then its parents up to the root, as far as they are empty."""
    for depth in range(len(names), 0, -1):
        try:
            with opened_directory(root, names[: depth - 1]) as above:
                os.rmdir(names[depth - 1], dir_fd=above)
        except FileNotFoundError:
            pass  # another process pruned it first
        except OSError:
            return  # in use


def sync_directories(root: Path, names: Sequence[str]) -> None:
    """Sync the folder `names` below `root` and its parents up to the root, so that they survive a loss of power.

    A missing folder was emptied and pruned by another process, and needs no sync.
    """
    for depth in range(len(names), -1, -1):
        with suppress(FileNotFoundError), opened_directory(root, names[:depth]) as directory:
            os.fsync(directory)


def _is_link(directory: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    return False


def _sync(directory: Path) -> None:
    with opened_directory(directory) as descriptor:
        os.fsync(descriptor)


def _close(directory: int) -> None:
    # Nothing was written through the descriptor, so an error has no meaning.
    with suppress(OSError):
        os.close(directory)
