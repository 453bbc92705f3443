"""The file systems of folders, as far as Linux tells about them; elsewhere, nothing is known."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

# The mounts of this process, proc(5), and those of the machine's setup, fstab(5).
_MOUNTS = Path("/proc/self/mountinfo")
_TABLE = Path("/etc/fstab")
_NOT_AT_BOOT = frozenset({"noauto", "x-systemd.automount"})
_ESCAPE = re.compile(r"\\([0-7]{3})")


@attrs.frozen
class Mount:
    """A mounted file system: its number, its folder, and its kind, such as ``ext4``, ``nfs4`` or ``fuse.s3fs``."""

    number: int
    folder: Path
    kind: str


def mount_of(folder: Path) -> Mount | None:
    """Return the mount that has `folder`, or None if that cannot be told."""
    with suppress(OSError, ValueError, StopIteration):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            status = Path(f"/proc/self/fdinfo/{descriptor}").read_text("utf-8")
        finally:
            os.close(descriptor)
        number = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("mnt_id:"))
        return next(mount for mount in _mounts() if mount.number == number)
    return None


def unmounted_above(folder: Path) -> Path | None:
    """Return the folder of a missing mount: the machine's table has it at `folder` or above, and it is not mounted."""
    with suppress(OSError, ValueError):
        mounted = {mount.folder for mount in _mounts()}
        real = _real(folder)
        # The root of the file system is always mounted, and a changed root (chroot) does not list it.
        above = {real, *real.parents} - {Path("/")}
        return next((each for each in _at_boot() if each in above and each not in mounted), None)
    return None


def _mounts() -> Iterator[Mount]:
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        number, _, _, _, folder, *_ = left.split(" ")
        kind, source, *_ = right.split(" ")
        # Some programs name themselves only in the place of the device.
        yield Mount(int(number), _path(folder), f"fuse.{source}" if kind == "fuse" else kind)


def _at_boot() -> Iterator[Path]:
    for line in _TABLE.read_text("utf-8", "surrogateescape").splitlines():
        match line.split():
            case [device, folder, kind, *rest] if not device.startswith("#") and folder.startswith("/"):
                options = rest[0].split(",") if rest else []
                if kind != "swap" and _NOT_AT_BOOT.isdisjoint(options):
                    yield _real(_path(folder))


def _path(text: str) -> Path:
    return Path(_ESCAPE.sub(lambda escaped: chr(int(escaped[1], 8)), text))


def _real(folder: Path) -> Path:
    # Path.resolve raises an error for a link to itself, on some versions of Python.
    return Path(os.path.realpath(folder))
