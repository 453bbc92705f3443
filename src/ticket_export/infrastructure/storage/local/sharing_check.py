"""Which users of the machine can use the files of a local storage."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from ticket_export.application.file.export_file import KEY_PREFIX
from ticket_export.application.finding import Finding, error, warning
from ticket_export.infrastructure.storage.local.group_access import GROUP_FILE, GROUP_FOLDER
from ticket_export.infrastructure.storage.local.partial_file import PARTIAL

_WHERE: Final = "storage"
# A larger storage must not make the check slow.
_MOST_NAMES: Final = 1_000
_OWN_NAMES: Final = frozenset({PARTIAL, KEY_PREFIX.removesuffix("/")})


def sharing_problems(root: Path, *, for_group: bool) -> Iterator[Finding]:
    """Check owners, groups and modes of the existing folder `root`, and of what is below it."""
    shown, status = shlex.quote(str(root)), root.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & stat.S_IWOTH:
        yield warning(
            _WHERE,
            f"every user of this machine may replace files in the folder {root} (mode {mode:o})",
            f"run: chmod o-w {shown}",
        )
    if not for_group:
        yield from _of_another_user(root, status)
    elif not in_group(status.st_gid):
        yield error(
            _WHERE,
            f"this process (user {os.geteuid()}) is not in group {status.st_gid} of the folder {root}, so it cannot "
            "give files to this group",
            "add the user to the group and start the process again, or change the folder's group",
        )
    elif ~mode & stat.S_IRWXG:
        yield error(
            _WHERE,
            f"TICKET_EXPORT_FILE_ACCESS=group is set, and group {status.st_gid} may not read and write the folder "
            f"{root} (mode {mode:o})",
            _opening(root, status.st_gid),
        )
    else:
        yield from _closed_to_the_group(root, status.st_gid)


def in_group(group: int) -> bool:
    """Whether this process may give files to the group."""
    return os.geteuid() == 0 or group in {os.getegid(), *os.getgroups()}


def _of_another_user(root: Path, status: os.stat_result) -> Iterator[Finding]:
    user = os.geteuid()
    # A folder of root in which this process may write is a usual setup.
    others = [(root, status)] if status.st_uid not in (0, user) else _names_below(root)
    for path, found in others:
        if found.st_uid != user:
            remedy = f"run: chown -R {user} {shlex.quote(str(root))}" if user else f"use user {found.st_uid} here too"
            yield warning(
                _WHERE,
                f"{path} belongs to user {found.st_uid} and this process runs as user {user}, so one of them cannot "
                "read the exports of the other",
                f"{remedy}, or set TICKET_EXPORT_FILE_ACCESS=group for both",
            )
            return


def _closed_to_the_group(root: Path, group: int) -> Iterator[Finding]:
    for path, status in _names_below(root):
        mode = GROUP_FOLDER if stat.S_ISDIR(status.st_mode) else GROUP_FILE
        if status.st_gid != group or ~status.st_mode & mode & stat.S_IRWXG:
            yield warning(
                _WHERE,
                f"{path} is not open to group {group}, because it is older than TICKET_EXPORT_FILE_ACCESS=group",
                _opening(root, group),
            )
            return


def _opening(root: Path, group: int) -> str:
    shown = shlex.quote(str(root))
    return f"run: chgrp -R {group} {shown} && chmod -R g+rwX {shown}"


def _names_below(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    return islice(_walk(root), _MOST_NAMES)


def _walk(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files and folders that the library has made, without those that are being written."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        found: list[tuple[Path, os.stat_result]] = []
        # Another process may remove them meanwhile.
        with suppress(OSError), os.scandir(folder) as entries:
            own = (entry for entry in entries if folder != root or entry.name in _OWN_NAMES)
            found.extend((Path(each.path), each.stat(follow_symlinks=False)) for each in islice(own, _MOST_NAMES))
        for path, status in found:
            if stat.S_ISDIR(status.st_mode):
                yield path, status
                if path.name != PARTIAL:
                    waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                yield path, status
