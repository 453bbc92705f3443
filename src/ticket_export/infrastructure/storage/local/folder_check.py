"""What is wrong with the folder of a local storage."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ticket_export.application.finding import Finding, error, warning
from ticket_export.infrastructure.storage.local.mounts import mount_of, unmounted_above
from ticket_export.infrastructure.storage.local.sharing_check import in_group, sharing_problems

_WHERE: Final = "storage"
_LITTLE_SPACE: Final = 100 * 1024 * 1024
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
# A file system in memory that everybody knows to be temporary. Tests have their storage there.
_TEMPORARY: Final = Path("/tmp")  # noqa: S108 - nothing is written there
_WITHOUT_OWNERS: Final = frozenset({"vfat", "msdos", "exfat"})
# Their documentation says so.
_COPIES_TO_RENAME: Final = frozenset({"fuse.s3fs", "fuse.blobfuse", "fuse.blobfuse2"})


def folder_problems(root: Path, *, for_group: bool = False) -> Iterator[Finding]:
    """Check the folder, or the one in which the first write will create it.

    It tells only what is certain: a file system of an unknown kind, or a system without ``/proc``, is no finding.
    """
    unmounted = unmounted_above(root)
    if unmounted is not None:
        yield warning(
            _WHERE,
            f"/etc/fstab mounts a file system at {unmounted}, which is not mounted now; a later mount hides the files "
            "that are written meanwhile",
            f"run: mount {shlex.quote(str(unmounted))}",
        )
    existing = next(folder for folder in (root, *root.parents) if os.path.lexists(folder))
    if not existing.is_dir():
        shown = shlex.quote(str(existing))
        yield error(
            _WHERE,
            f"{existing} is not a folder",
            f"run: mv {shown} {shlex.quote(f'{existing}.old')}, or correct TICKET_EXPORT_STORAGE_URL",
        )
        return
    refusal = _refusal(root, existing, for_group=for_group)
    if refusal is not None:
        yield refusal
        return
    if existing == root:
        yield from sharing_problems(root, for_group=for_group)
    yield from _file_system_problems(existing)


def _refusal(root: Path, existing: Path, *, for_group: bool) -> Finding | None:
    """Return why this process cannot use the folder, or cannot create it in the existing one; None if it can."""
    # The rights of the effective user, where the system can tell them.
    effective = os.access in os.supports_effective_ids
    if os.access(existing, os.R_OK | os.W_OK | os.X_OK, effective_ids=effective):
        return None
    user, status = os.geteuid(), existing.stat()
    if os.statvfs(existing).f_flag & os.ST_RDONLY:
        what = f"the file system of {existing} is mounted read-only"
        return error(_WHERE, what, "mount it for writing, or correct TICKET_EXPORT_STORAGE_URL")
    what = f"this process (user {user}) may not read and write the folder {existing}"
    shown = shlex.quote(str(root))
    if user == 0:
        remedy = f"its file system does not trust root; run this process as user {status.st_uid}"
    elif existing != root:
        owner, mode = (f"{user}:{os.getegid()}", "770") if for_group else (str(user), "700")
        remedy = f"run as root: mkdir -p {shown} && chown {owner} {shown} && chmod {mode} {shown}"
    elif not for_group:
        remedy = f"run as root: chown {user} {shown} && chmod 700 {shown}"
    elif in_group(status.st_gid):
        remedy = f"run as root: chmod g+rwx {shown}"
    else:
        remedy = f"add the user to group {status.st_gid} and start the process again, or change the folder's group"
    return error(_WHERE, what, remedy)


def _file_system_problems(folder: Path) -> Iterator[Finding]:
    mount = mount_of(folder)
    if mount is not None and mount.kind in _IN_MEMORY and mount.folder != _TEMPORARY:
        yield warning(
            _WHERE,
            f"the folder {folder} is in memory ({mount.kind}), so all exports are lost when the machine restarts",
            "set TICKET_EXPORT_STORAGE_URL to a folder on a disk",
        )
    if mount is not None and mount.kind in _WITHOUT_OWNERS:
        yield warning(
            _WHERE,
            f"the file system of {folder} ({mount.kind}) stores no owners and permissions, so its mount options decide "
            "which users can read exports",
            "set TICKET_EXPORT_STORAGE_URL to a folder on another file system",
        )
    if mount is not None and mount.kind in _COPIES_TO_RENAME:
        yield warning(
            _WHERE,
            f"the file system of {folder} ({mount.kind}) does not rename files atomically, so a file may be readable "
            "before it is complete",
            "set TICKET_EXPORT_STORAGE_URL to the URL of the store itself, such as s3://bucket/prefix",
        )
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        yield warning(
            _WHERE,
            f"the file system of {folder} has only {free // 1024**2:,} MiB free",
            "free some space there, or set TICKET_EXPORT_STORAGE_URL to a larger file system",
        )
