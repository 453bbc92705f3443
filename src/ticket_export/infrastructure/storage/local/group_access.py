"""Files and folders of a storage that a group of users shares, whatever their umask is.

The group may read files, and change folders: a process that deletes an export must delete files of the other user.
"""

from __future__ import annotations

import os
import stat

#: The mode of a file. A published file never changes, so the group need not write to it.
GROUP_FILE = 0o640
#: The mode of a folder.
GROUP_FOLDER = 0o770


def open_to_group(descriptor: int, mode: int, *, group: int | None = None) -> None:
    """Give the opened file or folder to `group`, if any, and add the permissions of `mode` to its own.

    Raises:
        OSError: it belongs to another user, or this process is not in the group.
    """
    status = os.fstat(descriptor)
    # The group comes first, so that no other group can ever read it.
    if group is not None and status.st_gid != group:
        os.fchown(descriptor, -1, group)
    if status.st_mode & mode != mode:
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) | mode)


def is_own(descriptor: int) -> bool:
    """Whether this process may change the mode of the opened file or folder."""
    return os.geteuid() in (0, os.fstat(descriptor).st_uid)


def group_of(descriptor: int) -> int:
    """Return the group of the opened file or folder."""
    return os.fstat(descriptor).st_gid
