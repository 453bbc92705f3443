"""The three hosts on real servers, in processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.command_line import clean_environment

ROOT: Final = Path(__file__).parents[2]
#: The command that serves each host; the number of the listening socket comes last.
COMMANDS: Final[Mapping[str, list[str]]] = {
    "fastapi": ["uvicorn", "tests.web.hosts.fastapi_host:app", "--log-level", "warning", "--fd"],
    "flask": ["gunicorn", "tests.web.hosts.flask_host:app", "--threads", "8", "--log-level", "warning", "--bind"],
    "django": ["gunicorn", "tests.web.hosts.django_host:app", "--threads", "8", "--log-level", "warning", "--bind"],
    "django-asgi": [
        "uvicorn",
        "tests.web.hosts.django_host:asynchronous_app",
        "--log-level",
        "warning",
        "--lifespan",
        "off",
        "--fd",
    ],
}
#: The frameworks that the acceptance tests run over.
FRAMEWORKS: Final = ("fastapi", "flask", "django")


@contextmanager
def served(host: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve the host; yield its URL, without a slash at the end."""
    with running(host, environment) as (url, _):
        yield url


@contextmanager
def running(host: str, environment: Mapping[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the host; yield its URL and the first process of its server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        number = str(listener.fileno())
        *command, option = COMMANDS[host]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, option, f"fd://{number}" if "gunicorn" in command else number],
            cwd=ROOT,
            env={**clean_environment(), "PYTHONPATH": os.fspath(ROOT), **environment},
            pass_fds=[listener.fileno()],
        )
        try:
            _wait_for(url, process)
            yield url, process
        finally:
            process.terminate()
            try:
                process.wait(timeout=40)
            finally:
                process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(f"{url}/tickets", timeout=30):
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
