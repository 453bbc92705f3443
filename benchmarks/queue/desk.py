"""A help desk of one version of the library, its host's process, and its workers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import cast

import attrs
import psutil

from benchmarks.queue.version import BROKER_VARIABLE, NOW, Version
from benchmarks.server_process import ServerProcess

# Seconds in which workers are ready, on a busy machine too.
_PATIENCE = 60.0


@attrs.frozen(kw_only=True)
class WorkerCommand:
    """The command that starts a worker, how many are started, and what each logs once it is ready."""

    command: Sequence[str] = (sys.executable, "-m", "ticket_export.entrypoints.cli", "worker")
    processes: int = 1
    ready: str = "worker ready"


@attrs.frozen(kw_only=True)
class QueueDesk:
    """The process of its host answers the questions of `benchmarks.queue.host`."""

    folder: Path
    environment: dict[str, str]
    command: WorkerCommand
    server: ServerProcess | None
    host: subprocess.Popen[str]

    def ask(self, question: str, *arguments: int) -> list[float]:
        assert self.host.stdin is not None
        print(json.dumps([question, *arguments]), file=self.host.stdin, flush=True)
        return _answer(self.host)

    def workers(self, **environment: str) -> AbstractContextManager[Workers]:
        """Run the workers inside the block, which begins once all are ready."""
        return running_workers(self.command, {**self.environment, **environment}, self.folder)

    def server_cpu_seconds(self) -> float | None:
        """The CPU time of PostgreSQL so far; None without one on this machine."""
        return None if self.server is None else self.server.cpu_seconds(without=self.server.backends())


@attrs.frozen
class Workers:
    """The processes of the workers."""

    processes: Sequence[psutil.Process]

    def cpu_seconds(self) -> float:
        """The CPU time so far, with that of their child processes."""
        total = 0.0
        for process in (each for parent in self.processes for each in (parent, *parent.children(recursive=True))):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total


@contextmanager
def running_workers(command: WorkerCommand, environment: dict[str, str], folder: Path) -> Iterator[Workers]:
    """Run workers inside the block, which begins once all are ready; their logs are in the folder."""
    with ExitStack() as stack:
        logs = [folder / f"worker-{number}.log" for number in range(command.processes)]
        processes = [stack.enter_context(_running(command.command, environment, log)) for log in logs]
        deadline = time.monotonic() + _PATIENCE
        while not all(command.ready in log.read_text(encoding="utf-8") for log in logs):
            assert time.monotonic() < deadline, f"no worker is ready: {logs[0].read_text(encoding='utf-8')}"
            time.sleep(0.01)
        yield Workers([psutil.Process(process.pid) for process in processes])


@contextmanager
def opened(
    folder: Path,
    url: str | None = None,
    *,
    version: Version = NOW,
    workers: WorkerCommand | None = None,
    broker_url: str | None = None,
    jobs: int,
    rows: int,
) -> Iterator[QueueDesk]:
    """A new help desk for `jobs` exports of `rows` tickets each, in SQLite or in the empty database at `url`.

    With `broker_url`, its hints go through Celery.
    """
    folder.mkdir()
    environment = {
        **version.environment,
        **({} if broker_url is None else {BROKER_VARIABLE: broker_url}),
        "TICKET_EXPORT_DATABASE_URL": url or f"sqlite:///{folder / 'desk.db'}",
        "TICKET_EXPORT_STORAGE_URL": (folder / "exports").as_uri(),
    }
    command = [sys.executable, "-m", "benchmarks.queue.host", str(jobs), str(rows)]
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as host:
        _answer(host)
        server = None if url is None else ServerProcess.behind(url)
        yield QueueDesk(
            folder=folder, environment=environment, command=workers or WorkerCommand(), server=server, host=host
        )
        # The process ends at the end of its input.
        host.communicate()


def _answer(host: subprocess.Popen[str]) -> list[float]:
    assert host.stdout is not None
    line = host.stdout.readline()
    assert line, "the process of the host has ended"
    return cast("list[float]", json.loads(line))


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE)
