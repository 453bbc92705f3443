"""A new SQLite file, for its owner only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from ticket_export.infrastructure.private_files import create_private_file

# To close a file takes away the locks that the process holds on it (POSIX, fcntl), those of a connection that another
# thread has opened meanwhile too.
_creating = Lock()


def create_sqlite_file(
    _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: Sequence[str], _options: Mapping[str, object]
) -> None:
    """Before SQLAlchemy connects: make the file with mode 0600, unless it is there.

    SQLite would make it as the umask says, which lets everybody read it. The ``-wal`` and ``-shm`` files take the mode
    of the file. If it cannot be made, SQLite says so as it connects.
    """
    with suppress(OSError, RuntimeError), _creating:
        # What a link points at, where SQLite would make it.
        os.close(create_private_file(Path(arguments[0]).resolve()))
