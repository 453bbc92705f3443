"""The server that the tests start ends with them, however they end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

START = """
import sys
from tests.embedded_postgresql import embedded_postgresql
with embedded_postgresql() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["in peace", "killed"])
def test_no_server_and_no_folder_outlive_the_tests(end: str) -> None:
    tests = subprocess.Popen(
        [sys.executable, "-c", START],
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
    assert psutil.wait_procs([server], timeout=20)[1] == []
    given_up = time.monotonic() + 20
    while folder.parent.exists() and time.monotonic() < given_up:
        time.sleep(0.05)
    assert not folder.parent.exists()
