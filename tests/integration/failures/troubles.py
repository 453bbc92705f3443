"""Ways in which a real SQLite database fails, each told in one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import attrs
from sqlalchemy import Connection, event

from tests.integration.failures.scene import FailureScene


@attrs.frozen
class Trouble:
    """What `happens` to the scene while a block lasts; the driver speaks of its `cause`, the library says `told`."""

    happens: Callable[[FailureScene], AbstractContextManager[None]]
    cause: str
    told: str
    #: Whether it is only in the way of those who write.
    lets_read: bool = False


@contextmanager
def every_connection(scene: FailureScene, set_up: Callable[[sqlite3.Connection], object]) -> Iterator[None]:
    """Let each connection be opened anew and then set up."""

    def connect(connection: sqlite3.Connection, _entry: object) -> None:
        set_up(connection)

    engine = scene.container.engine()
    engine.dispose()
    event.listen(engine, "connect", connect)
    yield
    event.remove(engine, "connect", connect)
    engine.dispose()


@contextmanager
def locked(scene: FailureScene) -> Iterator[None]:
    with (
        closing(sqlite3.connect(scene.database, isolation_level=None)) as other,
        every_connection(scene, lambda connection: connection.execute("PRAGMA busy_timeout = 1")),
    ):
        other.execute("BEGIN IMMEDIATE")
        yield


def read_only(scene: FailureScene) -> AbstractContextManager[None]:
    return every_connection(scene, lambda connection: connection.execute("PRAGMA query_only = ON"))


def interrupted(scene: FailureScene) -> AbstractContextManager[None]:
    return every_connection(scene, lambda connection: connection.set_progress_handler(lambda: 1, 1))


@contextmanager
def closed(scene: FailureScene) -> Iterator[None]:
    def close(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.close()

    engine = scene.container.engine()
    event.listen(engine, "engine_connect", close)
    yield
    event.remove(engine, "engine_connect", close)
    engine.dispose()


@contextmanager
def replaced(scene: FailureScene, replace: Callable[[Path], object]) -> Iterator[None]:
    """Put something else in the place of the database's file."""
    scene.container.engine().dispose()
    aside = scene.database.with_name("aside.db")
    scene.database.rename(aside)
    replace(scene.database)
    yield
    scene.container.engine().dispose()
    scene.database.rmdir() if scene.database.is_dir() else scene.database.unlink()
    aside.rename(scene.database)


def no_file(scene: FailureScene) -> AbstractContextManager[None]:
    return replaced(scene, lambda path: path.mkdir())


def no_database(scene: FailureScene) -> AbstractContextManager[None]:
    return replaced(scene, lambda path: path.write_bytes(b"SELECT password FROM vault; " * 1000))


@contextmanager
def damaged(scene: FailureScene) -> Iterator[None]:
    scene.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = scene.database.read_bytes()
    page = scene.sql("PRAGMA page_size")[0][0]
    # The first page stays, with what names the tables and says where they are.
    with replaced(scene, lambda path: path.write_bytes(whole[:page] + b"\xff" * (len(whole) - page))):
        yield


def renamed(what: str, name: str, back: str) -> Callable[[FailureScene], AbstractContextManager[None]]:
    @contextmanager
    def happens(scene: FailureScene) -> Iterator[None]:
        scene.sql(f"ALTER TABLE {what} {name}")
        yield
        scene.sql(f"ALTER TABLE {back}")

    return happens


TROUBLES = {
    "locked": Trouble(
        locked,
        "database is locked",
        "the database did not answer within its time limit (busy_timeout); try again later. If your own transaction "
        "holds the lock, commit it first, or call the use case inside it (JoinedUnitOfWork, or Django's atomic())",
        lets_read=True,
    ),
    "read-only": Trouble(
        read_only,
        "attempt to write a readonly database",
        "the database refuses access, or is read-only",
        lets_read=True,
    ),
    "interrupted": Trouble(interrupted, "interrupted", "the database was interrupted; try again"),
    "closed": Trouble(closed, "closed database", "the database failed; the log has the cause"),
    "no file": Trouble(
        no_file, "unable to open database file", "the database cannot be reached, or refuses the connection"
    ),
    "no database": Trouble(no_database, "file is not a database", "the database is damaged, or is not a database"),
    "damaged": Trouble(damaged, "malformed", "the database is damaged, or is not a database"),
    "no table": Trouble(
        renamed('"ExportJobs"', 'RENAME TO "Elsewhere"', '"Elsewhere" RENAME TO "ExportJobs"'),
        "no such table: ExportJobs",
        "the database lacks the table ExportJobs; run `ticket-export migrate`",
    ),
    "no column": Trouble(
        renamed('"ExportJobs"', 'RENAME "Status" TO "State"', '"ExportJobs" RENAME "State" TO "Status"'),
        "no such column: ExportJobs.Status",
        "the database lacks the column Status of ExportJobs; run `ticket-export migrate`",
    ),
}
