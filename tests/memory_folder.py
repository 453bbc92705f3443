"""Where servers of the tests keep their data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
# Bytes, for the servers of all processes of the tests; a container may have as little as 64 MB.
_ROOM: Final = 4 * 1024**3


def servers_folder() -> str | None:
    """The folder for temporary folders of servers: in memory if there is room, else None, the usual place.

    A new database of PostgreSQL is 300 files, and a file system on a disk takes five times as long to make them. What
    is tested is never in there: a check of the library warns of files that are kept in memory.
    """
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return str(_MEMORY) if has_room else None
