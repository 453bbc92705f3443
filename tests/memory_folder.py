"""Where tests keep what they make and remove all the time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
# Bytes, for all processes of the tests; a container may have as little as 64 MB.
_ROOM: Final = 4 * 1024**3


def memory_folder() -> str | None:
    """The folder for such a temporary folder: in memory if there is room, else None, the usual place.

    A new database of PostgreSQL is 300 files, and a file system on a disk takes five times as long to make them. Not
    for tests of a file system, nor of the check that warns of files in memory.
    """
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return str(_MEMORY) if has_room else None
