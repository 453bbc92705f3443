"""What is wrong with the folder of a local storage."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ticket_export.application.finding import Finding, error, warning

_WHERE: Final = "storage"
_LITTLE_SPACE: Final = 100 * 1024 * 1024


def folder_problems(root: Path) -> Iterator[Finding]:
    """Check the folder, or the one in which the first write will create it."""
    existing = next(folder for folder in (root, *root.parents) if os.path.lexists(folder))
    shown = shlex.quote(str(existing))
    if not existing.is_dir():
        yield error(
            _WHERE,
            f"{existing} is not a folder",
            f"run: mv {shown} {shlex.quote(f'{existing}.old')}, or correct TICKET_EXPORT_STORAGE_URL",
        )
        return
    if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
        yield error(
            _WHERE,
            f"this process (user {os.geteuid()}) may not read and write the folder {existing}",
            f"run: chown {os.geteuid()} {shown} && chmod 700 {shown}",
        )
        return
    mode = stat.S_IMODE(existing.stat().st_mode)
    if existing == root and mode & stat.S_IWOTH:
        yield warning(
            _WHERE,
            f"every user of this machine may replace files in the folder {existing} (mode {mode:o})",
            f"run: chmod o-w {shown}",
        )
    free = shutil.disk_usage(existing).free
    if free < _LITTLE_SPACE:
        yield warning(
            _WHERE,
            f"the file system of {existing} has only {free // 1024**2:,} MiB free",
            "free some space there, or set TICKET_EXPORT_STORAGE_URL to a larger file system",
        )
