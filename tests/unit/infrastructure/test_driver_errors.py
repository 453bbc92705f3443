"""What each error of a driver is told as, and that none of its own text is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, InvalidRequestError, TimeoutError

from ticket_export.errors import ConfigurationError, JobDatabaseError
from ticket_export.infrastructure.persistence.database.errors import (
    database_errors,
    driver_message,
    is_wrong_database,
    may_pass,
    reached_limit,
)

psycopg = pytest.importorskip("psycopg", reason="needs the extra [postgres]")

BUSY = "the database is busy or locked; try again later"
TIMED_OUT = "the database did not answer within its time limit ({}); try again later"
UNREACHABLE = "the database cannot be reached, or refuses the connection"
REFUSED = "the database refuses access, or is read-only"
FULL = "the database is full"
DAMAGED = "the database is damaged, or is not a database"
NO_TABLE = "the database lacks a table"
NO_COLUMN = "the database lacks a column"
FAILED = "the database failed"


def wrapped(cause: Exception, base: type[Exception] = sqlite3.Error) -> DBAPIError:
    """As SQLAlchemy raises it."""
    error = DBAPIError.instance("SELECT secret FROM vault", {"a": "value"}, cause, base)
    assert isinstance(error, DBAPIError)
    return error


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("08006", UNREACHABLE),
        ("22021", FAILED),
        ("23503", "the database refused a reference to something that is not stored, or not committed yet"),
        ("23505", "the database refused what is stored already"),
        ("23514", "the database refused a change that conflicts with what is stored"),
        ("25006", REFUSED),
        ("25P03", TIMED_OUT.format("idle_in_transaction_session_timeout")),
        ("25P04", TIMED_OUT.format("transaction_timeout")),
        ("28000", UNREACHABLE),
        ("28P01", UNREACHABLE),
        ("40001", BUSY),
        ("40P01", BUSY),
        ("42501", REFUSED),
        ("42601", FAILED),
        ("42703", NO_COLUMN),
        ("42P01", NO_TABLE),
        ("53100", FULL),
        ("53200", FAILED),
        ("53300", BUSY),
        ("55P03", TIMED_OUT.format("lock_timeout")),
        ("57P01", UNREACHABLE),
        ("57P03", UNREACHABLE),
        ("57P04", UNREACHABLE),
        ("57P05", TIMED_OUT.format("idle_session_timeout")),
        ("72000", BUSY),
        ("58030", FAILED),
        ("XX000", FAILED),
        ("XX001", DAMAGED),
    ],
)
def test_postgresql_is_understood_by_its_code(sqlstate: str, told: str) -> None:
    cause = psycopg.errors.lookup(sqlstate)("host=db.example.test password=hunter2\nLINE 1: SELECT secret")
    assert driver_message(wrapped(cause, psycopg.Error)) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("canceling statement due to statement timeout", TIMED_OUT.format("statement_timeout")),
        ("canceling statement due to user request", "the database was interrupted; try again"),
        (
            "anulowano polecenie",
            "the database ended the statement, at its time limit (statement_timeout) or on request; try again",
        ),
    ],
)
def test_time_out_and_request_share_a_code_and_are_told_apart(text: str, told: str) -> None:
    cause = psycopg.errors.QueryCanceled(f"{text}\nCONTEXT:  SELECT secret FROM vault")
    assert driver_message(wrapped(cause, psycopg.Error)) == told


@pytest.mark.parametrize(
    ("cause", "limit"),
    [
        (psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), "statement_timeout"),
        (psycopg.errors.QueryCanceled("canceling statement due to user request"), None),
        (psycopg.errors.lookup("25P04")("terminating connection"), "transaction_timeout"),
        (psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"), "lock_timeout"),
        (psycopg.errors.lookup("25P03")("terminating connection"), "idle_in_transaction_session_timeout"),
        (psycopg.errors.lookup("57P05")("terminating connection"), "idle_session_timeout"),
        (psycopg.errors.AdminShutdown("terminating connection"), None),
        (psycopg.OperationalError("timeout expired"), None),
        (TimeoutError("QueuePool limit of size 5 overflow 10 reached"), "pool_timeout"),
    ],
)
def test_time_limit_that_was_reached_is_known_by_its_name(cause: Exception, limit: str | None) -> None:
    assert reached_limit(cause) == limit
    if not isinstance(cause, TimeoutError):
        assert reached_limit(wrapped(cause, psycopg.Error)) == limit


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("OperationalError", UNREACHABLE),
        ("InterfaceError", UNREACHABLE),
        ("DatabaseError", UNREACHABLE),
        ("DataError", FAILED),
    ],
)
def test_what_no_server_has_said_is_a_server_that_is_not_there(kind: str, told: str) -> None:
    assert driver_message(wrapped(getattr(psycopg, kind)("no route to db.example.test"), psycopg.Error)) == told


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_BUSY, TIMED_OUT.format("busy_timeout")),
        (sqlite3.SQLITE_BUSY_TIMEOUT, TIMED_OUT.format("busy_timeout")),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, BUSY),
        (sqlite3.SQLITE_BUSY_RECOVERY, BUSY),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, BUSY),
        (sqlite3.SQLITE_READONLY_DBMOVED, REFUSED),
        (sqlite3.SQLITE_AUTH, REFUSED),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, UNREACHABLE),
        (sqlite3.SQLITE_CORRUPT_INDEX, DAMAGED),
        (sqlite3.SQLITE_FULL, FULL),
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, "the database refused a change that conflicts with what is stored"),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, "the database refused what is stored already"),
        (sqlite3.SQLITE_IOERR_FSYNC, FAILED),
        (sqlite3.SQLITE_ERROR, FAILED),
    ],
)
def test_sqlite_is_understood_by_its_code_wrapped_or_not(code: int, told: str) -> None:
    cause = sqlite3.OperationalError("/srv/secret.db")
    cause.sqlite_errorcode = code
    assert driver_message(cause) == driver_message(wrapped(cause)) == told


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT * FROM nowhere", NO_TABLE),
        ("SELECT colour FROM t", NO_COLUMN),
        ("INSERT INTO t (colour) VALUES (1)", NO_COLUMN),
        ("SELECT FROM WHERE", FAILED),
    ],
)
def test_what_sqlite_has_no_code_for_is_understood_by_its_text(tmp_path: Path, statement: str, told: str) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute(statement)
    assert driver_message(wrapped(raised.value)) == told


@pytest.mark.parametrize(
    ("sqlstate", "passes"),
    [
        ("08006", True),
        ("25P03", True),
        ("25P04", False),
        ("40001", True),
        ("40P01", True),
        ("53300", True),
        ("55P03", True),
        ("57P01", True),
        ("57P02", True),
        ("57P03", True),
        ("57P05", True),
        ("22P02", False),
        ("25006", False),
        ("28P01", False),
        ("42501", False),
        ("42601", False),
        ("42703", False),
        ("42P01", False),
        ("53100", False),
        ("57014", False),
        ("57P04", False),
        ("58030", False),
        ("XX000", False),
        ("XX001", False),
    ],
)
def test_what_postgresql_may_get_over_is_known_by_its_code_wrapped_or_not(sqlstate: str, passes: bool) -> None:
    cause = psycopg.errors.lookup(sqlstate)("no")
    assert may_pass(cause) is may_pass(wrapped(cause, psycopg.Error)) is passes


@pytest.mark.parametrize(
    ("kind", "passes"),
    [("OperationalError", True), ("InterfaceError", True), ("DatabaseError", True), ("DataError", False)],
)
def test_connection_that_is_lost_without_a_word_may_come_back(kind: str, passes: bool) -> None:
    cause = getattr(psycopg, kind)("the connection is lost")
    assert may_pass(cause) is may_pass(wrapped(cause, psycopg.Error)) is passes


def test_connection_that_sqlalchemy_knows_to_be_lost_may_come_back() -> None:
    cause = sqlite3.ProgrammingError("Cannot operate on a closed database.")
    lost = DBAPIError.instance("SELECT 1", {}, cause, sqlite3.Error, connection_invalidated=True)
    assert isinstance(lost, DBAPIError)
    assert may_pass(lost)
    assert not may_pass(wrapped(cause))


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_LOCKED, True),
        (sqlite3.SQLITE_INTERRUPT, False),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_CORRUPT, False),
        (sqlite3.SQLITE_IOERR, False),
        (sqlite3.SQLITE_ERROR, False),
    ],
)
def test_what_sqlite_may_get_over_is_known_by_its_code(code: int, passes: bool) -> None:
    cause = sqlite3.OperationalError("no")
    cause.sqlite_errorcode = code
    assert may_pass(wrapped(cause)) is passes


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ('FATAL:  password authentication failed for user "clerk"', True),
        ('FATAL:  Peer authentication failed for user "clerk"', True),
        ("fe_sendauth: no password supplied", True),
        ('FATAL:  role "clerk" does not exist', True),
        ('FATAL:  database "desk" does not exist', True),
        ('FATAL:  role "clerk" is not permitted to log in', True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "clerk"', True),
        ('FATAL:  permission denied for database "desk"', True),
        ("FATAL:  no such database: desk", True),
        ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", False),
        ("No such file or directory", False),
        ('could not translate host name "db" to address: Name or service not known', False),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ("timeout expired", False),
    ],
)
def test_refused_login_is_told_from_a_server_that_is_away(text: str, is_wrong: bool) -> None:
    cause = psycopg.OperationalError(f'connection failed: connection to server at "127.0.0.1" failed: {text}')
    assert is_wrong_database(wrapped(cause, psycopg.Error)) is is_wrong
    assert may_pass(wrapped(cause, psycopg.Error))


@pytest.mark.parametrize(
    ("error", "is_wrong"),
    [
        (psycopg.errors.lookup("28P01")("no"), True),
        (psycopg.errors.lookup("57P04")("no"), True),
        (psycopg.errors.lookup("42P01")('relation "ExportJobs" does not exist'), False),
        (psycopg.errors.lookup("57P03")("no"), False),
    ],
)
def test_wrong_database_is_known_by_its_code(error: Exception, is_wrong: bool) -> None:
    assert is_wrong_database(wrapped(error, psycopg.Error)) is is_wrong


def test_file_that_is_not_a_database_is_the_wrong_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a database" * 1000)
    with closing(sqlite3.connect(tmp_path / "x")) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute("SELECT * FROM sqlite_master")
    assert is_wrong_database(raised.value)
    assert not is_wrong_database(ValueError("authentication failed"))
    assert not is_wrong_database(None)


def test_pool_without_a_free_connection_may_have_one_in_a_moment() -> None:
    assert may_pass(TimeoutError("QueuePool limit of size 5 overflow 10 reached"))


def test_pool_without_a_free_connection_has_reached_its_time_limit() -> None:
    told = driver_message(TimeoutError("QueuePool limit of size 5 overflow 10 reached"))
    assert told == TIMED_OUT.format("pool_timeout")


def test_what_is_no_databases_error_has_no_message() -> None:
    assert driver_message(ValueError("no such table: Users")) is None
    assert driver_message(None) is None


def test_databases_error_is_the_cause_of_one_that_is_safe() -> None:
    cause = InvalidRequestError("SELECT secret")
    with pytest.raises(JobDatabaseError) as raised, database_errors():
        raise cause
    assert str(raised.value) == "the database failed; the log has the cause"
    assert raised.value.__cause__ is cause


def test_the_log_has_the_cause_where_the_message_says_so(caplog: pytest.LogCaptureFixture) -> None:
    for cause in (InvalidRequestError("SELECT secret"), TimeoutError("SELECT another")):
        with pytest.raises(JobDatabaseError), database_errors():
            raise cause
    assert "SELECT secret" in caplog.text
    assert "SELECT another" not in caplog.text


@pytest.mark.parametrize("error", [ConfigurationError("x"), ValueError("x"), KeyboardInterrupt()])
def test_other_errors_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, database_errors():
        raise error
    assert raised.value is error


def test_first_of_two_errors_is_told() -> None:
    full = sqlite3.OperationalError("/srv/secret.db is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    with pytest.raises(JobDatabaseError, match=FULL) as raised, database_errors(full):
        raise wrapped(sqlite3.OperationalError("no such savepoint: sa_savepoint_1"))
    assert raised.value.__cause__ is full


def test_transaction_that_cannot_be_ended_is_told_after_another_kind_of_error() -> None:
    with pytest.raises(JobDatabaseError, match=FAILED), database_errors(ValueError("of the block")):
        raise wrapped(sqlite3.OperationalError("disk I/O error"))


def test_end_that_works_after_another_kind_of_error_raises_nothing() -> None:
    with database_errors(ValueError("of the block")):
        pass
