"""Folders below a storage's root; several processes may create and remove them at once.

Each folder is opened from the descriptor of its parent, so that a symbolic link below the root is never followed, even
if it appears during a call. The root itself may be a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import sleep

from ticket_export.errors import InvalidKeyError
from ticket_export.infrastructure.private_files import PRIVATE_FOLDER, make_private_folders
from ticket_export.infrastructure.storage.local.group_access import GROUP_FOLDER, group_of, is_own, open_to_group

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# Seconds before each new try to open a folder that another user has not opened to the group yet.
_WHILE_A_FOLDER_IS_MADE = (0.001, 0.01, 0.1)
# Each export has two folders of its own, which later ones do not need.
_MOST_KNOWN = 1000
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

    Otherwise as `opened_directories`.
    """
    with opened_directories(root, names, make=make, for_group=for_group) as opened:
        yield opened[-1]


@contextmanager
def opened_directories(
    root: Path,
    names: Sequence[str] = (),
    *,
    make: bool = False,
    for_group: bool = False,
    on_new: Callable[[tuple[str, ...]], None] = lambda _names: None,
) -> Iterator[Sequence[int]]:
    """Open `root` and each folder of the path `names` below it, and yield their descriptors, the root's first.

    With `make`, missing folders are created, and `on_new` is called with the path of each. With `for_group` too, the
    folders below the root belong to the root's group, which may read and change them. So do existing folders of this
    user, for example those from before the setting. An empty folder that is closed to this user counts as missing.

    Raises:
        InvalidKeyError: one of the names is a symbolic link.
        FileNotFoundError: there is no such folder; with `make`, another process has just pruned it.
        NotADirectoryError: one of the names is a file.
    """
    opened = [os.open(root, _FOLDER)]
    try:
        for depth, name in enumerate(names, 1):
            path = tuple(names[:depth])
            try:
                open_one = partial(_made, on_new=partial(on_new, path)) if make else _opened
                below = open_one(opened[-1], name, for_group=for_group)
            except OSError as error:
                if error.errno in _NOT_FOLLOWED and _is_link(opened[-1], name):
                    raise followed_link("/".join(path)) from error
                raise
            opened.append(below)
        yield opened
    finally:
        for each in opened:
            _close(each)


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


class SyncedFolders:
    """Syncs folders so that a new name in the last one survives a loss of power, and remembers what is synced.

    A new name survives if its folder is synced, and the name of that folder survives, and so on up to the root. A
    folder whose name in its parent was synced by this process needs no other sync of the parent. So the folders that
    all files share are synced for the first file, and not for each.
    """

    def __init__(self) -> None:
        # By path, the device and inode of the folder. A change is one step, so that threads need no lock.
        self._known: dict[tuple[str, ...], tuple[int, int]] = {}

    def forget(self, path: tuple[str, ...]) -> None:
        """Forget the folder: it is new, and may have the inode of a former one."""
        self._known.pop(path, None)

    def sync(self, opened: Sequence[int], names: Sequence[str]) -> None:
        """Sync the last of the folders, which are those of `opened_directories`, and what its own name needs."""
        os.fsync(opened[-1])
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        for depth in range(len(names), 0, -1):
            path, status = tuple(names[:depth]), os.fstat(opened[depth])
            folder = status.st_dev, status.st_ino
            if self._known.get(path) != folder:
                os.fsync(opened[depth - 1])
                self._known[path] = folder


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


def _made(parent: int, name: str, *, for_group: bool, on_new: Callable[[], None]) -> int:
    is_new = False
    try:
        folder = _opened(parent, name, for_group=for_group)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=parent)
            is_new = True
            on_new()
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
