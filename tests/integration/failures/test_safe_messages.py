"""Whatever a database or a storage says, a user reads no path, statement, host, user or password."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from dependency_injector.providers import Callable, Object
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from tests.e2e.command_line import run_command
from tests.integration.failures.scene import FailureScene
from tests.integration.failures.troubles import TROUBLES, every_connection
from tests.integration.failures.use_cases import READING, USE_CASES, Desk, request
from ticket_export import Settings, TicketExportContainer
from ticket_export.errors import JobDatabaseError, StorageError, TicketsUnavailableError
from ticket_export.infrastructure.persistence.database.errors import DATABASE_ERRORS
from ticket_export.infrastructure.storage.os_errors import storage_errors
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

psycopg = pytest.importorskip("psycopg", reason="needs the extra [postgres]")

BUSY = "the database is busy or locked; try again later"
UNREACHABLE = "the database cannot be reached, or refuses the connection"
REFUSED = "the database refuses access, or is read-only"
FAILED = "the database failed; the log has the cause"
NOT_READ = "The tickets could not be read from the database."
AWAY = "The tickets could not be read: their database was unavailable or busy."
LOCKED = "The tickets could not be read: the database's time limit (lock_timeout) ended the query."
GIVEN_UP = f"The export was given up; attempts that were lost: 3. {AWAY}"

#: What servers put in their texts, all at once.
HOSTILE = (
    'connection to server at "db.example.test" (10.0.0.7), port 5432 failed: FATAL:  no for user "exporter"\n'
    'DETAIL:  Key ("Id")=(17) in file "/srv/postgres/base/1" of password=hunter2\n'
    'LINE 1: SELECT * FROM "ExportJobs" -- INSERT UPDATE'
)
UNSAFE = (
    *("db.example.test", "10.0.0.7", "127.0.0.1", "5432", "exporter", "hunter2", "desk", "DETAIL", "LINE"),
    *("SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "PRAGMA", "[SQL", "sqlite", "psycopg", "sqlalche", "Errno"),
    *("Traceback", "/"),
)

#: By SQLSTATE; None is an error of the driver's own, of which no server knows.
POSTGRESQL = {
    None: UNREACHABLE,
    "28P01": UNREACHABLE,
    "57P01": UNREACHABLE,
    "40001": BUSY,
    "40P01": BUSY,
    "55P03": (
        "the database did not answer within its time limit (lock_timeout); try again later. If your own transaction "
        "holds the lock, commit it first, or call the use case inside it (JoinedUnitOfWork, or Django's atomic())"
    ),
    "53300": BUSY,
    "53100": "the database is full",
    "25006": REFUSED,
    "42P01": "the database lacks a table",
    "42703": "the database lacks a column",
    "23505": "the database refused what is stored already",
    "22P02": FAILED,
    "XX000": FAILED,
}


def claim_safe(text: str) -> None:
    assert text
    assert [unsafe for unsafe in UNSAFE if unsafe in text] == [], text


def claim_each_is_told(desk: Desk, told: str, cause: str, *, lets_read: bool = False) -> None:
    """Every use-case raises that text, and the driver's own is only its cause."""
    for name, ask in USE_CASES.items():
        if lets_read and name in READING:
            ask(desk)
            continue
        with pytest.raises(JobDatabaseError) as raised:
            ask(desk)
        assert (name, str(raised.value)) == (name, told)
        assert isinstance(raised.value.__cause__, DATABASE_ERRORS)
        assert cause in str(raised.value.__cause__)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailureScene]:
    """One for all: what fails here must change nothing."""
    scene = FailureScene(tmp_path_factory.mktemp("desk"))
    yield scene
    scene.close()


@pytest.mark.parametrize("name", TROUBLES)
def test_each_failure_of_sqlite_is_told_in_a_safe_sentence(scene: FailureScene, name: str) -> None:
    trouble = TROUBLES[name]
    with trouble.happens(scene):
        claim_each_is_told(Desk.of(scene), trouble.told, trouble.cause, lets_read=trouble.lets_read)
    claim_safe(trouble.told)
    assert scene.shown(scene.job_id).status == "queued"
    scene.claim_the_other_can_be_downloaded()


def test_full_database_is_told_in_a_safe_sentence(scene: FailureScene) -> None:
    view = {"columns": ["id"], "filters": [{"field": "title", "operator": "eq", "value": "x" * 10_000}] * 10}
    with every_connection(scene, lambda connection: connection.execute("PRAGMA max_page_count = 1")):
        with pytest.raises(JobDatabaseError) as raised:
            scene.container.request_export()(scene.actor, view)
        assert str(raised.value) == "the database is full"
        assert "full" in str(raised.value.__cause__)


def test_requester_whom_the_database_does_not_know_is_told_in_a_safe_sentence(scene: FailureScene) -> None:
    stranger = attrs.evolve(scene.actor, user_id=uuid4())
    with pytest.raises(JobDatabaseError) as raised:
        scene.container.request_export()(stranger, {"columns": ["id"]})
    assert str(raised.value) == "the database refused a reference to something that is not stored, or not committed yet"
    assert "FOREIGN KEY" in str(raised.value.__cause__)


@pytest.mark.parametrize("name", ["interrupted", "closed", "no file", "no database", "damaged"])
def test_user_directory_tells_a_failing_database_in_a_safe_sentence(scene: FailureScene, name: str) -> None:
    directory = scene.container.user_directory()
    with TROUBLES[name].happens(scene):
        for find in (partial(directory.find, scene.actor.user_id), partial(directory.find_by_email, "a@example.test")):
            with pytest.raises(JobDatabaseError) as raised:
                find()
            assert str(raised.value) == TROUBLES[name].told


def refusal(sqlstate: str | None) -> DBAPIError:
    """What SQLAlchemy raises for PostgreSQL's error of that code."""
    kind = psycopg.OperationalError if sqlstate is None else psycopg.errors.lookup(sqlstate)
    error = DBAPIError.instance("SELECT secret", {"password": "hunter2"}, kind(HOSTILE), psycopg.Error)
    assert isinstance(error, DBAPIError)
    return error


@contextmanager
def refused(engine: Engine, sqlstate: str | None, statement_with: str) -> Iterator[None]:
    """Each statement that has this in it fails as PostgreSQL's would."""

    def refuse(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement_with in statement:
            raise refusal(sqlstate)

    event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


@pytest.mark.parametrize("place", ["BEGIN", "SELECT"])
@pytest.mark.parametrize("sqlstate", POSTGRESQL)
def test_each_failure_of_postgresql_is_told_in_a_safe_sentence(
    scene: FailureScene, sqlstate: str | None, place: str
) -> None:
    told = POSTGRESQL[sqlstate]
    claim_safe(told)
    with refused(scene.container.engine(), sqlstate, place):
        claim_each_is_told(Desk.of(scene), told, "hunter2")
    assert scene.shown(scene.job_id).status == "queued"


@pytest.mark.parametrize("sqlstate", POSTGRESQL)
def test_commit_that_fails_is_told_in_a_safe_sentence(scene: FailureScene, sqlstate: str | None) -> None:
    def refuse(_connection: object) -> None:
        raise refusal(sqlstate)

    engine = scene.container.engine()
    event.listen(engine, "commit", refuse)
    with pytest.raises(JobDatabaseError) as raised:
        request(Desk.of(scene))
    event.remove(engine, "commit", refuse)
    assert str(raised.value) == POSTGRESQL[sqlstate]


#: Real ones, that psycopg itself finds out about.
NOBODY_THERE = [
    "postgresql://exporter:hunter2@127.0.0.1:1/desk",
    "postgresql://exporter:hunter2@/desk?host=/srv/no/such/folder",
    "postgresql://exporter:hunter2@db.example.test.invalid:5432/desk?connect_timeout=2",
]


@pytest.mark.parametrize("url", NOBODY_THERE)
def test_server_that_does_not_answer_is_told_in_a_safe_sentence(scene: FailureScene, tmp_path: Path, url: str) -> None:
    container = TicketExportContainer()
    container.settings.override(Object(Settings(database_url=url, storage_url=tmp_path.as_uri())))
    desk = attrs.evolve(Desk.of(scene), container=container)
    claim_each_is_told(desk, UNREACHABLE, "psycopg.OperationalError")
    with pytest.raises(JobDatabaseError, match=f"^{UNREACHABLE}$"):
        container.user_directory().find(scene.actor.user_id)


#: Of those above, what may pass before the next attempt.
PASSING = {None, "57P01", "40001", "40P01", "55P03", "53300"}


def failed_message(scene: FailureScene, *, lost_attempts: int = 0, away: str = AWAY) -> str:
    """Of a job that is run now, after so many attempts that are lost."""
    job_id = scene.request()
    for _ in range(lost_attempts):
        with pytest.raises(TicketsUnavailableError) as raised:
            scene.run(job_id)
        assert str(raised.value) == away
        assert (scene.shown(job_id).status, scene.shown(job_id).error_message) == ("queued", None)
    answer = scene.run(job_id)
    stored = scene.shown(job_id)
    assert (stored.status, stored.error_message) == ("failed", answer.error_message)
    assert stored.error_message is not None
    claim_safe(stored.error_message)
    return stored.error_message.replace(str(job_id), "ID")


UNEXPECTED = "The export failed unexpectedly. The log has the cause under ID."


@pytest.mark.parametrize("sqlstate", POSTGRESQL)
def test_failed_export_says_nothing_of_what_its_database_said(
    scene: FailureScene, caplog: pytest.LogCaptureFixture, sqlstate: str | None
) -> None:
    with refused(scene.container.engine(), sqlstate, '"Tickets"'):
        if sqlstate in PASSING:
            away = LOCKED if sqlstate == "55P03" else AWAY
            assert failed_message(scene, lost_attempts=2, away=away) == GIVEN_UP.replace(AWAY, away)
        else:
            assert failed_message(scene) == NOT_READ
    assert "hunter2" in caplog.text


@pytest.mark.parametrize("sqlstate", POSTGRESQL)
def test_attempt_whose_requester_cannot_be_looked_up_is_left_to_the_next_in_a_safe_sentence(
    scene: FailureScene, caplog: pytest.LogCaptureFixture, sqlstate: str | None
) -> None:
    job_id = scene.request()
    with refused(scene.container.engine(), sqlstate, '"RoleUser"'), pytest.raises(JobDatabaseError) as raised:
        scene.run(job_id)
    assert str(raised.value) == POSTGRESQL[sqlstate]
    assert "hunter2" in caplog.text
    assert (scene.shown(job_id).status, scene.shown(job_id).error_message) == ("running", None)
    scene.container.cancel_export()(scene.actor, job_id)


@pytest.mark.parametrize("url", NOBODY_THERE)
def test_failed_export_says_nothing_of_where_its_tickets_are(
    scene: FailureScene, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    engine = sa.create_engine(url.replace("postgresql", "postgresql+psycopg"))
    source = SqlAlchemyTicketSource(engine, scene.container.catalog())
    with scene.container.ticket_source.override(Object(source)):
        assert failed_message(scene, lost_attempts=2) == GIVEN_UP
    assert "psycopg.OperationalError" in caplog.text


def test_failed_export_says_nothing_of_how_its_tickets_are_configured(scene: FailureScene, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/not-in-wal-mode.db")
    source = SqlAlchemyTicketSource(engine, scene.container.catalog())
    with scene.container.ticket_source.override(Object(source)):
        assert failed_message(scene) == (
            "The application is not configured correctly, so no file was made. The log has the cause under ID."
        )
    engine.dispose()


def test_failed_export_says_nothing_of_where_its_files_are(scene: FailureScene) -> None:
    aside = scene.files.with_name("aside")
    scene.files.rename(aside)
    scene.files.write_bytes(b"in the way")
    message = failed_message(scene)
    scene.files.unlink()
    aside.rename(scene.files)
    assert message == "the file could not be written: the storage failed; the log has the cause"


def test_download_without_its_file_says_nothing_of_where_it_was(scene: FailureScene) -> None:
    aside = scene.files.with_name("aside")
    scene.files.rename(aside)
    with pytest.raises(StorageError) as raised:
        scene.download(scene.completed)
    aside.rename(scene.files)
    assert str(scene.files) not in str(raised.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.ENAMETOOLONG])
def test_storage_error_names_no_file_in_any_of_its_attributes(number: int) -> None:
    with pytest.raises(StorageError) as raised, storage_errors("the file could not be read"):
        raise OSError(number, "no", "/srv/exports/secret", None, "/srv/other")
    claim_safe(str(raised.value))
    assert (raised.value.filename, raised.value.filename2, raised.value.strerror) == (None, None, None)


ADMIN = ("--as", "user0@example.test")
# Those that only read, as the audit log is no table here.
_READING_COMMANDS = {"list", "show", "download"}


@pytest.fixture
def commands(scene: FailureScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """Those that ask the database, on the scene's container."""
    module = ModuleType("scene_app")
    module.container = scene.container  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "scene_app", module)
    monkeypatch.setenv("TICKET_EXPORT_APP", "scene_app:container")
    monkeypatch.chdir(tmp_path)
    completed, queued = str(scene.completed), str(scene.job_id)
    return [
        ("list", *ADMIN),
        ("show", completed, *ADMIN),
        ("download", completed, *ADMIN, "--output", "a.csv"),
        ("export", "--columns", "id", *ADMIN, "--output", "a.csv"),
        ("request", "--columns", "id", *ADMIN),
        ("retry", completed, *ADMIN),
        ("cancel", queued, *ADMIN),
        ("cleanup",),
        ("worker", "--drain"),
    ]


def claim_ended_safely(*command: str) -> str:
    ended = run_command(*command)
    assert ended.exit_code in {1, 2}, (command, ended.err)
    assert len(ended.err.splitlines()) == len(ended.problems)
    for problem in ended.problems:
        claim_safe(problem)
    return ended.problems[-1]


@pytest.mark.parametrize("name", TROUBLES)
def test_commands_tell_each_failure_of_sqlite_in_a_safe_line(
    scene: FailureScene, commands: list[tuple[str, ...]], name: str
) -> None:
    with TROUBLES[name].happens(scene):
        for command in commands:
            if TROUBLES[name].lets_read and command[0] in _READING_COMMANDS:
                assert run_command(*command).exit_code == 0
            else:
                assert claim_ended_safely(*command).startswith("the database ")


@pytest.mark.parametrize("sqlstate", POSTGRESQL)
def test_commands_tell_each_failure_of_postgresql_in_a_safe_line(
    scene: FailureScene, commands: list[tuple[str, ...]], sqlstate: str | None
) -> None:
    # A command has no transaction of a host.
    told = POSTGRESQL[sqlstate].removesuffix("; the log has the cause").partition(". If your own")[0]
    with refused(scene.container.engine(), sqlstate, "BEGIN"):
        for command in (*commands, ("migrate",), ("sample-data", "--tickets", "5")):
            advice = " (ticket-export --debug COMMAND shows where)"
            if sqlstate == "28P01" and command[0] == "worker":
                # It waits for every other database, where it may.
                advice = "; correct TICKET_EXPORT_DATABASE_URL or container.engine, or let its role log in"
            assert claim_ended_safely(*command) == f"{told}{advice}"


@pytest.mark.parametrize("url", NOBODY_THERE[:2])
def test_commands_name_no_server_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", url)
    for command in (("list", *ADMIN), ("migrate",), ("sample-data", "--tickets", "5")):
        assert claim_ended_safely(*command).startswith(UNREACHABLE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://exporter:hunter2@db.example.test:port/desk"),
        ("DATABASE_URL", "mysql://exporter:hunter2@db.example.test/desk"),
        ("STORAGE_URL", "s3://exporter:hunter2@vault"),
        ("STORAGE_URL", "s3://[exporter:hunter2@vault"),
        ("STORAGE_URL", "https://vault.example.test/exports?signature=hunter2"),
        ("LEASE_SECONDS", "hunter2"),
        ("APP", "hostile_app:container"),
    ],
)
def test_commands_repeat_no_password_from_a_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "hostile_app.py").write_text(f"raise RuntimeError({HOSTILE!r})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", "sqlite:///new.db")
    assert run_command("migrate", "--reference-schema").exit_code == 0
    assert run_command("sample-data", "--tickets", "5").exit_code == 0
    monkeypatch.setenv(f"TICKET_EXPORT_{name}", value)
    ended = run_command("export", "--columns", "id", "--as", "admin@example.test", "--output", "a.csv")
    assert ended.exit_code == 2
    assert not any(secret in ended.err for secret in ("hunter2", "exporter", "db.example.test", "vault"))


def test_command_that_fails_unforeseen_repeats_nothing(
    scene: FailureScene, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise RuntimeError(HOSTILE)

    with scene.container.clock.override(Callable(fail)), scene.container.policy.override(Callable(fail)):
        for command in commands:
            assert claim_ended_safely(*command).startswith("unexpected RuntimeError (")
