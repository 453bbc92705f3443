"""Creates a SQLite file for its owner only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from ticket_export.infrastructure.private_files import create_private_file

# Closing a file releases all locks that the process holds on it (POSIX, fcntl), also those of a connection that
# another thread has just opened.
_creating = Lock()


def create_sqlite_file(
    _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: Sequence[str], _options: Mapping[str, object]
) -> None:
    """Create a missing file with mode 0600, before SQLAlchemy connects.

    SQLite would apply the umask, which usually lets all users read the file. The ``-wal`` and ``-shm`` files get the
    file's mode. If the file cannot be created, SQLite reports that when it connects.
    """
    with suppress(OSError, RuntimeError), _creating:
        # The target of a link, which SQLite would create.
        os.close(create_private_file(Path(arguments[0]).resolve()))
