"""Folders below a storage's root, which several processes make and remove at once.

Each folder is opened from the descriptor of the one above it, so that a symbolic link below the root leads nowhere,
whenever it was made. The root itself may be a link.
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
# What systems say of a link that O_NOFOLLOW keeps them from following.
_NOT_FOLLOWED = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})


def make_root(root: Path) -> None:
    """Make `root` and what is missing above it, to stay."""
    if not root.is_dir():
        make_private_folders(root)
        _sync(root.parent)


@contextmanager
def opened_directory(root: Path, names: Sequence[str] = (), *, make: bool = False) -> Iterator[int]:
    """The descriptor of the folder to which `names` lead from `root`; what is missing below it is made if asked for.

    Raises:
        InvalidKeyError: one of the names is a symbolic link.
        FileNotFoundError: there is no such folder. Where it is made, another process has pruned it meanwhile.
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
    """The error for a symbolic link at `name`, counted from the root."""
    return InvalidKeyError(
        f"{name} would leave the storage: it is a symbolic link, and none is followed below the root"
    )


def prune_directories(root: Path, names: Sequence[str]) -> None:
    """Remove the folder to which `names` lead from `root`, and those on the way, as far as they are empty."""
    for depth in range(len(names), 0, -1):
        try:
            with opened_directory(root, names[: depth - 1]) as above:
                os.rmdir(names[depth - 1], dir_fd=above)
        except FileNotFoundError:
            pass  # another process pruned it first
        except OSError:
            return  # in use


def sync_directories(root: Path, names: Sequence[str]) -> None:
    """Make the entries of the folder to which `names` lead, of those on the way and of `root` survive a loss of power.

    A folder that is gone was emptied and pruned by another process, and needs no syncing.
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
    # Nothing was written through it that an error could be about.
    with suppress(OSError):
        os.close(directory)
