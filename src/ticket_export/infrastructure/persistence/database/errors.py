"""A database's errors, as messages that are safe to show.

A driver's own text names hosts, users, files, statements and their values, so no part of it is ever shown.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import attrs
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.database.migrate_command import MIGRATE
from ticket_export.infrastructure.persistence.database.missing_parts import missing_column, missing_table

_log = logging.getLogger(__name__)

#: SQLAlchemy's errors, and those of SQLite's driver where the library uses it directly.
DATABASE_ERRORS: Final = (SQLAlchemyError, sqlite3.Error)


@contextmanager
def database_errors(
    block_error: BaseException | None = None, *, tables: Iterable[Table] = (), migrate: str = MIGRATE
) -> Iterator[None]:
    """Raise `JobDatabaseError` for a database's error in the block, with that error as the ``__cause__``.

    Around the end of a transaction, `block_error` is the error of the transaction's own block. If it is a database's
    error, it is the cause, even if the end of the transaction fails too. If the database lacks a table, or a column,
    and it is one of `tables`, the message names it, and says to run the command `migrate`.
    """
    try:
        yield
    except DATABASE_ERRORS as error:
        name_shortage(error)
        cause = block_error if isinstance(block_error, DATABASE_ERRORS) else error
        raise _job_database_error(cause, tables, migrate) from cause
    if isinstance(block_error, DATABASE_ERRORS):
        name_shortage(block_error)
        raise _job_database_error(block_error, tables, migrate) from block_error


def driver_message(error: BaseException | None) -> str | None:
    """Return a message for a database's error that is safe to show; None for any other error."""
    return _trouble(error).text if isinstance(error, DATABASE_ERRORS) else None


def may_pass(error: Exception) -> bool:
    """Whether a database's error, SQLAlchemy's or any driver's, may disappear without help.

    A lost or refused connection, a full or restarting server, a lock, a conflict with another transaction. A refused
    login counts too, since it arrives without a code.
    """
    trouble = _trouble(error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # Some time-outs of the server end the connection too.
    return trouble.may_pass or (is_lost and trouble not in _LASTING)


def reached_limit(error: Exception) -> str | None:
    """Return the setting whose time limit was reached, such as ``statement_timeout``; None for any other error."""
    return _trouble(error).limit


def is_missing_table(error: BaseException | None) -> bool:
    """Whether the database refused a statement because a table does not exist."""
    return isinstance(error, DBAPIError) and _trouble(error) is _NO_TABLE


def is_missing_part(error: BaseException | None) -> bool:
    """Whether the database refused a statement because a table or a column does not exist."""
    return isinstance(error, DBAPIError) and _trouble(error) in {_NO_TABLE, _NO_COLUMN}


def is_wrong_database(error: BaseException | None) -> bool:
    """Whether a server has refused the login, or a file is not a database: waiting does not help.

    Drivers report a refused login without a code, so this reads PostgreSQL's text, in English. A refused login in
    another language looks like a server that is away.
    """
    if not isinstance(error, DATABASE_ERRORS):
        return False
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    trouble = _trouble(error)
    return trouble in {_SHUT, _DAMAGED} or (trouble is _AWAY and any(each in text for each in _REFUSED_LOGIN))


def name_shortage(error: BaseException) -> None:
    """Add what the process lacks, if anything, as the last cause of a database's error, where the driver does not.

    SQLite only says that it cannot open a file, and libpq that it cannot connect.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if cause is None or cause.__cause__ is not None or isinstance(getattr(cause, "sqlstate", None), str):
        return
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as shortage:
        cause.__cause__ = shortage


#: What a host can do whose own transaction holds the lock that its call waits for; the end of a sentence.
OWN_TRANSACTION: Final = "commit it first, or call the use case inside it (JoinedUnitOfWork, or Django's atomic())"
# Settings that limit the wait for a lock.
_LOCK_LIMITS: Final = ("busy_timeout", "lock_timeout")


@attrs.frozen
class _Trouble:
    text: str
    #: Whether the same call may succeed in a moment, without help.
    may_pass: bool = False
    #: The setting whose time limit was reached, if one was.
    limit: str | None = None


def _time_out(limit: str, *, may_pass: bool = False) -> _Trouble:
    # With its name, since there are many limits.
    return _Trouble(f"the database did not answer within its time limit ({limit}); try again later", may_pass, limit)


_BUSY = _Trouble("the database is busy or locked; try again later", may_pass=True)
_AWAY = _Trouble("the database cannot be reached, or refuses the connection", may_pass=True)
_SHUT = _Trouble(_AWAY.text)
_REFUSED = _Trouble("the database refuses access, or is read-only")
_FULL = _Trouble("the database is full")
_DAMAGED = _Trouble("the database is damaged, or is not a database")
_NO_TABLE = _Trouble("the database lacks a table")
_NO_COLUMN = _Trouble("the database lacks a column")
_NO_REFERENCE = _Trouble("the database refused a reference to something that is not stored, or not committed yet")
_TAKEN = _Trouble("the database refused what is stored already")
_CONFLICT = _Trouble("the database refused a change that conflicts with what is stored")
# Only a host's own transaction, which a call has joined, can be in that state when the call begins.
_BROKEN = _Trouble("an earlier error has broken the transaction; roll it back first")
_FAILED = _Trouble("the database failed")
# Another try would take as long again.
_STATEMENT_TIME_OUT = _time_out("statement_timeout")
_TRANSACTION_TIME_OUT = _time_out("transaction_timeout")
_INTERRUPTED = _Trouble("the database was interrupted; try again")
# PostgreSQL has one code for both, and its text may be in any language.
_ENDED = _Trouble("the database ended the statement, at its time limit (statement_timeout) or on request; try again")
_LASTING = (_STATEMENT_TIME_OUT, _TRANSACTION_TIME_OUT, _INTERRUPTED, _ENDED)

# Texts of PostgreSQL, libpq and PgBouncer about a login, in English.
_REFUSED_LOGIN = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    '" does not exist',
    '" is not permitted to log in',
    "no such database",
    "permission denied for database",
)
_CANCELLED = "57014"
# PostgreSQL's text about a cancelled query, in English.
_BY_CANCEL_TEXT = {"statement timeout": _STATEMENT_TIME_OUT, "user request": _INTERRUPTED}
# https://www.postgresql.org/docs/current/errcodes-appendix.html; two characters are a whole class.
_BY_SQLSTATE = {
    "08": _AWAY,
    "23": _CONFLICT,
    "23503": _NO_REFERENCE,
    "23505": _TAKEN,
    "25006": _REFUSED,  # read_only_sql_transaction
    "25P02": _BROKEN,  # in_failed_sql_transaction
    "25P03": _time_out("idle_in_transaction_session_timeout", may_pass=True),
    "25P04": _TRANSACTION_TIME_OUT,
    "28": _SHUT,  # invalid_authorization_specification
    "40001": _BUSY,  # serialization_failure; on a replica, rows that the primary has removed
    "40P01": _BUSY,  # deadlock_detected
    "42501": _REFUSED,  # insufficient_privilege
    "42703": _NO_COLUMN,
    "42P01": _NO_TABLE,
    "53100": _FULL,
    "53300": _BUSY,  # too_many_connections
    "55P03": _time_out("lock_timeout", may_pass=True),
    "57P": _AWAY,  # the server ends the connection, is shut down, has crashed or is starting
    "57P04": _SHUT,  # database_dropped
    "57P05": _time_out("idle_session_timeout", may_pass=True),
    "72000": _BUSY,  # snapshot_too_old, before PostgreSQL 17
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# The names of errors that need no server, in any driver (PEP 249).
_WITHOUT_SERVER = {"OperationalError", "InterfaceError"}

# https://www.sqlite.org/rescode.html; an extended code that is not here means the same as its low byte.
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_BUSY: _time_out("busy_timeout", may_pass=True),
    # SQLite reports these at once, without a time-out.
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
# SQLite has no code for these errors, only these texts.
_BY_SQLITE_TEXT = {"no such table": _NO_TABLE, "no such column": _NO_COLUMN, "has no column named": _NO_COLUMN}


def _trouble(error: Exception) -> _Trouble:
    if isinstance(error, TimeoutError):  # all connections of the pool are in use
        return _time_out("pool_timeout", may_pass=True)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return _by_sqlite_code(cause) or _by_sqlstate(cause) or _FAILED


def _by_sqlite_code(cause: BaseException | None) -> _Trouble | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    if code == sqlite3.SQLITE_ERROR:
        return next((trouble for text, trouble in _BY_SQLITE_TEXT.items() if text in str(cause)), None)
    return _BY_SQLITE_CODE.get(code) or _BY_SQLITE_CODE.get(code & 0xFF)


def _by_sqlstate(cause: BaseException | None) -> _Trouble | None:
    state = getattr(cause, "sqlstate", "")
    if isinstance(state, str):
        if state == _CANCELLED:
            return next((trouble for text, trouble in _BY_CANCEL_TEXT.items() if text in str(cause)), _ENDED)
        return next((_BY_SQLSTATE[state[:length]] for length in (5, 3, 2) if state[:length] in _BY_SQLSTATE), None)
    # psycopg sets no state if no server has answered: there is none, or the connection is lost. Where libpq puts its
    # own words in place of an answer, the error is of the most general kind.
    kinds = {each.__name__ for each in type(cause).__mro__}
    is_unanswered = type(cause).__name__ == "DatabaseError" or not _WITHOUT_SERVER.isdisjoint(kinds)
    return _AWAY if is_unanswered else None


def _job_database_error(cause: Exception, tables: Iterable[Table], migrate: str) -> JobDatabaseError:
    trouble = _trouble(cause)
    message = trouble.text
    if trouble.limit in _LOCK_LIMITS:
        # The library cannot know whose lock it is. A host that has a transaction open in this thread waits for itself.
        message = f"{message}. If your own transaction holds the lock, {OWN_TRANSACTION}"
    elif trouble in {_NO_TABLE, _NO_COLUMN}:
        missing = (missing_table if trouble is _NO_TABLE else missing_column)(cause, tables)
        if missing is not None:
            message = f"the database lacks {missing}; run `{migrate}`"
    elif trouble is _FAILED:
        # The caller may show the error without logging it, and this message alone explains nothing.
        _log.error(message, exc_info=cause)
        message = f"{message}; the log has the cause"
    return JobDatabaseError(message)
