"""SQLite files with both schemas: the first is migrated, the others are copies of it.

Where a test is about migrating, it migrates.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine


def migrated_sqlite(path: Path) -> Engine:
    """The library's own engine on a new file at `path`."""
    path.write_bytes(_migrated())
    return create_engine(f"sqlite:///{path}")


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "help-desk.db")
        engine = create_engine(f"sqlite:///{path}")
        upgrade(engine, reference_schema=True)
        # The last connection takes what is in the write-ahead log into the file.
        engine.dispose()
        return path.read_bytes()
