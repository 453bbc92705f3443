"""The hosts on their servers, in one process with four threads."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import attrs
import psutil

from benchmarks.queue.version import NOW
from benchmarks.web import paths

# Seconds in which a host is ready, on a busy machine too.
_PATIENCE: Final = 60.0
#: The command that serves each host; the listening socket, or the number of its port, comes last. A page that asks
#: every two seconds keeps its connection.
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Flask": (
        *("gunicorn", "benchmarks.web.flask_host:app", "--workers", "1", "--threads", "4", "--keep-alive", "30"),
        *("--log-level", "warning", "--bind", "fd://{}"),
    ),
    "FastAPI": (
        *("uvicorn", "benchmarks.web.fastapi_host:app", "--timeout-keep-alive", "30", "--log-level", "warning"),
        # Not by the number of a socket, which uvicorn takes for a Unix socket: TCP then delays small packets by 40 ms.
        *("--no-access-log", "--port", "{}"),
    ),
}


@attrs.frozen(kw_only=True)
class Served:
    """A host that answers on `port` of this machine."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """The CPU time of its processes so far."""
        total = 0.0
        for each in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                total += times.user + times.system
        return total

    def seen(self) -> dict[str, list[Any]]:
        """What the host noted since the last call; see `benchmarks.web.desk.Seen`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", paths.SEEN)
            answer = connection.getresponse()
            assert answer.status == 200, f"the host answers {answer.status}"
            found: dict[str, list[Any]] = json.loads(answer.read())
            return found
        finally:
            connection.close()


@contextmanager
def served(host: str, settings: Mapping[str, str]) -> Iterator[Served]:
    """Serve the host with these settings until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port: int = listener.getsockname()[1]
        is_by_port = "--port" in COMMANDS[host]
        command = [part.format(port if is_by_port else listener.fileno()) for part in COMMANDS[host]]
        if is_by_port:
            listener.close()
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**NOW.environment, **settings},
            pass_fds=[] if is_by_port else [listener.fileno()],
        )
        try:
            found = Served(port=port, process=psutil.Process(process.pid))
            _wait_for(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _wait_for(host: Served, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        with suppress(OSError):
            host.seen()
            return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")
