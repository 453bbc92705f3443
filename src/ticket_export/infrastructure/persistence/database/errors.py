"""A database's errors, in sentences that anybody may read.

A driver's own text names hosts, users, files, statements and their values, so none of it is ever shown.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from ticket_export.errors import JobDatabaseError

_log = logging.getLogger(__name__)

#: What SQLAlchemy raises, and SQLite's driver where the library speaks to it directly.
DATABASE_ERRORS: Final = (SQLAlchemyError, sqlite3.Error)


@attrs.frozen
class _Trouble:
    text: str
    #: Whether the very same may work in a moment, with nobody's help.
    may_pass: bool = False
    #: The setting whose time limit was reached, where that is the trouble.
    limit: str | None = None


def _time_out(limit: str, *, may_pass: bool = False) -> _Trouble:
    # An operator has to know which of the many limits it was.
    return _Trouble(f"the database did not answer within its time limit ({limit}); try again later", may_pass, limit)


_BUSY = _Trouble("the database is busy or locked; try again later", may_pass=True)
_LOCK_TIME_OUT = _time_out("lock_timeout", may_pass=True)
_SQLITE_TIME_OUT = _time_out("busy_timeout", may_pass=True)
_POOL_TIME_OUT = _time_out("pool_timeout", may_pass=True)
_IDLE_TRANSACTION = _time_out("idle_in_transaction_session_timeout", may_pass=True)
_IDLE_SESSION = _time_out("idle_session_timeout", may_pass=True)
# To try again would take as long again.
_STATEMENT_TIME_OUT = _time_out("statement_timeout")
_TRANSACTION_TIME_OUT = _time_out("transaction_timeout")
_INTERRUPTED = _Trouble("the database was interrupted; try again")
# The code is the same, and the server's text may be in any language.
_ENDED = _Trouble("the database ended the statement, at its time limit (statement_timeout) or on request; try again")
_LASTING = (_STATEMENT_TIME_OUT, _TRANSACTION_TIME_OUT, _INTERRUPTED, _ENDED)
_AWAY = _Trouble("the database cannot be reached, or refuses the connection", may_pass=True)
_SHUT = _Trouble(_AWAY.text)
_REFUSED = _Trouble("the database refuses access, or is read-only")
_FULL = _Trouble("the database is full")
_DAMAGED = _Trouble("the database is damaged, or is no database")
_NO_TABLE = _Trouble("the database lacks a table")
_NO_COLUMN = _Trouble("the database lacks a column")
_NO_REFERENCE = _Trouble("the database refused a reference to something that is not stored")
_TAKEN = _Trouble("the database refused what is stored already")
_CONFLICT = _Trouble("the database refused a change that conflicts with what is stored")
_FAILED = _Trouble("the database failed")

_CANCELLED = "57014"
# What PostgreSQL says of a cancelled query, in English.
_BY_CANCEL_TEXT = {"statement timeout": _STATEMENT_TIME_OUT, "user request": _INTERRUPTED}

# https://www.sqlite.org/rescode.html; an extended code that is not here means what its low byte means.
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_BUSY: _SQLITE_TIME_OUT,
    # No time-out: these are told at once.
    sqlite3.SQLITE_BUSY_SNAPSHOT: _BUSY,
    sqlite3.SQLITE_BUSY_RECOVERY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _REFUSED,
    sqlite3.SQLITE_INTERRUPT: _INTERRUPTED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: _AWAY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_CONSTRAINT: _CONFLICT,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: _NO_REFERENCE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: _TAKEN,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: _TAKEN,
    sqlite3.SQLITE_AUTH: _REFUSED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
# What drivers call the errors that need no server, whichever driver it is (PEP 249).
_UNSTATED = {"OperationalError", "InterfaceError"}
# SQLite has no code for a column that is not there, only these texts.
_SQLITE_NO_COLUMN = ("no such column", "has no column named")

# https://www.postgresql.org/docs/current/errcodes-appendix.html; two characters are a whole class.
_BY_SQLSTATE = {
    "08": _AWAY,
    "23": _CONFLICT,
    "23503": _NO_REFERENCE,
    "23505": _TAKEN,
    "25006": _REFUSED,  # read_only_sql_transaction
    "25P03": _IDLE_TRANSACTION,
    "25P04": _TRANSACTION_TIME_OUT,
    "28": _SHUT,  # invalid_authorization_specification
    "40001": _BUSY,  # serialization_failure; on a replica, rows that the primary has removed
    "40P01": _BUSY,  # deadlock_detected
    "42501": _REFUSED,  # insufficient_privilege
    "42703": _NO_COLUMN,
    "53100": _FULL,
    "53300": _BUSY,  # too_many_connections
    "55P03": _LOCK_TIME_OUT,
    "57P": _AWAY,  # the server ends the connection, is shut down, has crashed or is starting
    "57P04": _SHUT,  # database_dropped
    "57P05": _IDLE_SESSION,
    "72000": _BUSY,  # snapshot_too_old, before PostgreSQL 17
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}


def name_shortage(error: BaseException) -> None:
    """Let the chain of a database's error end in what the process lacks, if it does, where the driver does not say so.

    SQLite only says that it cannot open a file, and libpq that it cannot connect.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if cause is None or cause.__cause__ is not None or isinstance(getattr(cause, "sqlstate", None), str):
        return
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as shortage:
        cause.__cause__ = shortage


def driver_message(error: BaseException | None) -> str | None:
    """What a database's error means, in a sentence that is safe to show; None for any other error."""
    return _trouble(error).text if isinstance(error, DATABASE_ERRORS) else None


def may_pass(error: Exception) -> bool:
    """Whether a database's error, SQLAlchemy's or any driver's own, is of the kind that goes by itself.

    A connection that is lost or not to be had, a server that is full or restarts, a lock, a conflict with another
    transaction. Who has no right to enter is told so before there is a code to know it by, and counts as one who may.
    """
    trouble = _trouble(error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # Some time-outs of the server end the connection too.
    return trouble.may_pass or (is_lost and trouble not in _LASTING)


def reached_limit(error: Exception) -> str | None:
    """The name of the setting whose time limit ended it, such as ``statement_timeout``; None for any other trouble."""
    return _trouble(error).limit


def _trouble(error: Exception) -> _Trouble:
    if isinstance(error, TimeoutError):
        return _POOL_TIME_OUT  # every connection of the pool is in use
    if is_missing_table(error):
        return _NO_TABLE
    cause = error.orig if isinstance(error, DBAPIError) else error
    return _by_sqlite_code(cause) or _by_sqlstate(cause) or _FAILED


@contextmanager
def database_errors(on_its_way: BaseException | None = None) -> Iterator[None]:
    """Raise `JobDatabaseError` for what the database raises in the block; its own error is the ``__cause__``.

    Around the end of a transaction, `on_its_way` is what its block has raised. If that is a database's
    error, it is the cause, even where ending the transaction then fails too.
    """
    try:
        yield
    except DATABASE_ERRORS as error:
        name_shortage(error)
        cause = on_its_way if isinstance(on_its_way, DATABASE_ERRORS) else error
        raise _job_database_error(cause) from cause
    if isinstance(on_its_way, DATABASE_ERRORS):
        name_shortage(on_its_way)
        raise _job_database_error(on_its_way) from on_its_way


def _job_database_error(cause: Exception) -> JobDatabaseError:
    trouble = _trouble(cause)
    message = trouble.text
    if trouble is _FAILED:
        # Whoever shows an error to a user may not log it, and this one explains nothing by itself.
        _log.error(message, exc_info=cause)
        message = f"{message}; the log has the cause"
    return JobDatabaseError(message)


def _by_sqlite_code(cause: BaseException | None) -> _Trouble | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    if code == sqlite3.SQLITE_ERROR and any(text in str(cause) for text in _SQLITE_NO_COLUMN):
        return _NO_COLUMN
    return _BY_SQLITE_CODE.get(code) or _BY_SQLITE_CODE.get(code & 0xFF)


def _by_sqlstate(cause: BaseException | None) -> _Trouble | None:
    state = getattr(cause, "sqlstate", "")
    if isinstance(state, str):
        if state == _CANCELLED:
            return next((trouble for text, trouble in _BY_CANCEL_TEXT.items() if text in str(cause)), _ENDED)
        return next((_BY_SQLSTATE[state[:length]] for length in (5, 3, 2) if state[:length] in _BY_SQLSTATE), None)
    # psycopg has no state for what no server has said: nobody answers, or the connection is gone. Where libpq puts
    # its own words in the place of an answer that has not come, the error is of no kind but the most general.
    kinds = {each.__name__ for each in type(cause).__mro__}
    is_unsaid = type(cause).__name__ == "DatabaseError" or not _UNSTATED.isdisjoint(kinds)
    return _AWAY if is_unsaid else None


# PostgreSQL's undefined_table; https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNDEFINED_TABLE = "42P01"
# SQLite has no code of its own for it, only this text.
_NO_SUCH_TABLE = "no such table"


def is_missing_table(error: BaseException | None) -> bool:
    """Whether the database refused a statement because a table, any one, is not there."""
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    return getattr(cause, "sqlstate", None) == _UNDEFINED_TABLE or str(cause).startswith(_NO_SUCH_TABLE)
