"""The server that the tests start ends with them, however they end."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from tests.embedded_postgresql import restartable_postgresql
from tests.postgresql_server import conninfo

START = """
import sys
from tests.embedded_postgresql import embedded_postgresql
with embedded_postgresql() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


RESTART = """
import sys
from tests.embedded_postgresql import restartable_postgresql
with restartable_postgresql() as server:
    server.restart("fast")
    print(server.url, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["in peace", "killed"])
@pytest.mark.parametrize("program", [START, RESTART], ids=["started", "started anew"])
def test_no_server_and_no_folder_outlive_the_tests(end: str, program: str) -> None:
    tests = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    with tests:
        assert tests.stdin is not None
        assert tests.stdout is not None
        folder = Path(str(make_url(tests.stdout.readline().strip()).query["host"]))
        server = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        assert server.is_running()
        if end == "killed":
            tests.kill()
    assert psutil.wait_procs([server], timeout=60)[1] == []
    given_up = time.monotonic() + 60
    while folder.parent.exists() and time.monotonic() < given_up:
        time.sleep(0.05)
    assert not folder.parent.exists()


def test_server_that_crashes_keeps_what_was_committed() -> None:
    with restartable_postgresql() as server:
        _run(server.url, "CREATE TABLE kept AS SELECT 1 AS number")
        for mode in ("fast", "immediate"):
            server.restart(mode)
            _run(server.url, "INSERT INTO kept VALUES (2)")
        server.stop("immediate")
        with pytest.raises(psycopg.OperationalError):
            _run(server.url, "SELECT 1")
        server.start()
        assert _run(server.url, "SELECT number FROM kept ORDER BY number") == [(1,), (2,), (2,)]


def _run(url: str, statement: LiteralString) -> list[tuple[object, ...]]:
    with closing(psycopg.connect(conninfo(url), autocommit=True)) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
