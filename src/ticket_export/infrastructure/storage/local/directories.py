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
from time import sleep

from ticket_export.errors import InvalidKeyError
from ticket_export.infrastructure.private_files import PRIVATE_FOLDER, make_private_folders
from ticket_export.infrastructure.storage.local.group_access import GROUP_FOLDER, group_of, is_own, open_to_group

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# Seconds before each new try to open a folder that another user has not opened to the group yet.
_WHILE_A_FOLDER_IS_MADE = (0.001, 0.01, 0.1)
# The errors of systems for a link that O_NOFOLLOW does not follow.
_NOT_FOLLOWED = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})


def make_root(root: Path, *, for_group: bool = False) -> None:
    """Create `root` and its missing parents durably; with `for_group`, for the group that the system gives them.

    Existing folders keep their modes.
    """
    if not root.is_dir():
        missing = [folder for folder in (root, *root.parents) if not folder.exists()]
        make_private_folders(root)
        for folder in missing if for_group else ():
            with opened_directory(folder) as made:
                if is_own(made):  # not if another user has just made it
                    open_to_group(made, GROUP_FOLDER)
        _sync(root.parent)


@contextmanager
def opened_directory(
    root: Path, names: Sequence[str] = (), *, make: bool = False, for_group: bool = False
) -> Iterator[int]:
    """Open the folder `names` below `root` and yield its descriptor; with `make`, create missing folders.

    With `make` and `for_group`, the folders below the root belong to the root's group, which may read and change them.
    So do existing folders of this user, for example those from before the setting. An empty folder that is closed to
    this user counts as missing.

    Raises:
        InvalidKeyError: one of the names is a symbolic link.
        FileNotFoundError: there is no such folder; with `make`, another process has just pruned it.
        NotADirectoryError: one of the names is a file.
    """
    descriptor = os.open(root, _FOLDER)
    try:
        for depth, name in enumerate(names, 1):
            try:
                open_one = _made if make else _opened
                below = open_one(descriptor, name, for_group=for_group)
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


def _opened(parent: int, name: str, *, for_group: bool) -> int:
    pauses = iter(_WHILE_A_FOLDER_IS_MADE if for_group else ())
    while True:
        try:
            return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except PermissionError as error:
            refused = error
            if not for_group:
                raise
        # Another user makes it just now. If it were removed at once, two users could remove each other's for ever.
        pause = next(pauses, None)
        if pause is None:
            break
        sleep(pause)
    # Its maker was killed before it was open to the group. It is empty then.
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError:
        raise refused from None
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from refused


def _made(parent: int, name: str, *, for_group: bool) -> int:
    is_new = False
    with suppress(FileExistsError):
        os.mkdir(name, PRIVATE_FOLDER, dir_fd=parent)
        is_new = True
    folder = _opened(parent, name, for_group=for_group)
    try:
        if for_group and (is_new or is_own(folder)):
            open_to_group(folder, GROUP_FOLDER, group=group_of(parent))
    except BaseException:
        _close(folder)
        raise
    return folder


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
