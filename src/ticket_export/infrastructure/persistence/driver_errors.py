"""What a database driver's error means to whoever runs a command."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

# The low byte of SQLite's codes: busy is another connection's lock, locked is the same connection's;
# https://www.sqlite.org/rescode.html
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# serialization_failure, deadlock_detected, lock_not_available;
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_BUSY = frozenset({"40001", "40P01", "55P03"})


def driver_message(error: Exception) -> str | None:
    """One line without the statement and its values, or None for an error that is no driver's."""
    if not isinstance(error, DBAPIError):
        return None
    if _is_busy(error.orig):
        return "the database is busy or locked; try again later"
    # PostgreSQL puts the statement, and the values that it disliked, on the lines that follow.
    first_line = next(iter(str(error.orig).splitlines()), "") or type(error.orig).__name__
    return f"the database failed: {first_line}"


def _is_busy(cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE_BUSY
    return getattr(cause, "sqlstate", None) in _POSTGRESQL_BUSY
