"""An engine from a URL: set up for the library, or refused in words that hold no secret."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, event

from ticket_export.errors import ConfigurationError, MissingExtraError, UnsupportedDialectError
from ticket_export.infrastructure.persistence.database.engine import create_engine


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 30_000), ("synchronous", 1)],
)
def test_every_sqlite_connection_is_set_up(empty_engine: Engine, pragma: str, value: object) -> None:
    with empty_engine.connect() as first, empty_engine.connect() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/a/b/c.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    assert (tmp_path / "a" / "b" / "c.db").is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be made: .*file"):
        create_engine(f"sqlite:///{tmp_path}/file/x.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_sqlite_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must name a file"):
        create_engine(url)


@pytest.mark.parametrize("rest", ["?mode=ro", "?uri=true", "?key=hunter2", "?timeout=5&mode=ro", "?timeout=x", "%00"])
def test_option_that_sqlite_would_not_get_is_refused_and_no_file_is_made(path: Path, rest: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the SQLite URL cannot be used") as caught:
        create_engine(f"sqlite:///{path}{rest}")
    assert "hunter2" not in str(caught.value)
    assert not path.exists()


def test_time_out_of_a_sqlite_url_is_taken(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}?timeout=5")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


@pytest.mark.parametrize("rest", ["me:hunter2@host/db", "host/db?user=me&password=hunter2", "/db?sslpassword=hunter2"])
def test_engine_shows_no_password_and_sends_it(rest: str) -> None:
    pytest.importorskip("psycopg", reason="needs the extra [postgres]")
    engine = create_engine(f"postgresql://{rest}")
    sent: list[object] = []

    def connect(_dialect: object, _entry: object, _arguments: object, options: dict[str, object]) -> None:
        sent.extend(options.values())
        raise ConnectionError

    event.listen(engine, "do_connect", connect)
    with pytest.raises(ConnectionError):
        engine.connect()
    assert "hunter2" in sent
    assert "hunter2" not in f"{engine!r} {engine.url!r}"


@pytest.mark.parametrize("url", ["", "nonsense", "//host/db", "postgresql://me:hunter2@host:port/db", "sqlite:/x"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        create_engine(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("scheme", ["mysql", "postgre", "oracle+thin", "postgresql+psycopg2"])
def test_another_database_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(UnsupportedDialectError) as caught:
        create_engine(f"{scheme}://me:hunter2@host/db")
    assert f"'{scheme}' is not supported" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_psycopg_3(scheme: str) -> None:
    pytest.importorskip("psycopg", reason="needs the extra [postgres]")
    engine = create_engine(f"{scheme}://me@host/db")
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"PostgreSQL needs .*ticket-export\[postgres\]"):
        create_engine("postgresql://me@host/db")


@pytest.mark.once_flaky
def test_threads_that_open_a_new_file_at_once_all_succeed(path: Path) -> None:
    start = Barrier(8)

    def open_it(_: int) -> object:
        engine = create_engine(f"sqlite:///{path}")
        start.wait(60)
        try:
            with engine.connect() as connection:
                return connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        finally:
            engine.dispose()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(open_it, range(8))) == ["wal"] * 8


@pytest.fixture(params=[0o022, 0], ids=["usual umask", "open umask"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def _modes_in_use(file: Path, url_path: Path | None = None) -> dict[str, int]:
    """Those of the file and the two next to it, while a connection is open."""
    engine = create_engine(f"sqlite:///{url_path or file}")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (x)")
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM t")
            names = {suffix: file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm")}
            return {suffix: stat.S_IMODE(path.stat().st_mode) for suffix, path in names.items()}
    finally:
        engine.dispose()


@pytest.mark.usefixtures("_umask")
def test_a_new_sqlite_file_and_those_next_to_it_are_for_their_owner_only(tmp_path: Path) -> None:
    assert _modes_in_use(tmp_path / "a/b/new.db") == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    assert {stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b")} == {0o700}


@pytest.mark.usefixtures("_umask")
def test_a_sqlite_file_that_is_made_by_way_of_a_link_is_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("target.db")
    modes = _modes_in_use(tmp_path / "target.db", tmp_path / "link.db")
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o644], ids=oct)
def test_an_existing_sqlite_file_keeps_its_mode_and_gives_it_to_those_next_to_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "there.db"
    file.touch()
    file.chmod(mode)
    assert _modes_in_use(file) == {"": mode, "-wal": mode, "-shm": mode}


def test_a_sqlite_file_that_vanishes_between_two_connections_is_made_for_its_owner_only(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/new.db")
    for _ in range(2):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (x)")
        engine.dispose()
        assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600
        (tmp_path / "new.db").unlink()
