"""Processes that begin at once, and end as every process of Python does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, Signals
from threading import Lock
from types import TracebackType
from typing import Final, Self

import attrs

#: Seconds; a process that has not ended by then hangs.
PATIENCE: Final = 60.0
_ROOT: Final = Path(__file__).parents[2]


@attrs.frozen
class Forked:
    """A process; what it prints is in `log`."""

    pid: int
    log: Path
    server: ForkServer

    def signal(self, signal: Signals) -> None:
        """Send it; a process that has ended does not mind."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal)

    def end(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; return its exit code, or minus the number of the signal that has ended it.

        A process that has not ended after so many seconds is killed.
        """
        code = self.server.ask({"wait": self.pid, "seconds": seconds})
        assert isinstance(code, int)
        return code

    @property
    def said(self) -> str:
        """What it has printed."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""


class ForkServer:
    """Forks processes in which `modules` are imported, inside the block."""

    def __init__(self, folder: Path, *modules: str) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "tests.endings.forking", *modules]
        self._asking = Lock()
        self._forked = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert self._read() is True
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def fork(self, target: str, *arguments: object, environment: Mapping[str, str]) -> Forked:
        """Begin a process that calls ``module:function`` with arguments that JSON can carry."""
        self._forked += 1
        log = self._folder / f"process-{self._forked}.log"
        order = {"target": target, "arguments": arguments, "environment": dict(environment), "log": str(log)}
        pid = self.ask(order)
        assert isinstance(pid, int)
        return Forked(pid, log, self)

    def ask(self, order: Mapping[str, object]) -> object:
        """Send an order, and return the answer."""
        with self._asking:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            return self._read()

    def _read(self) -> object:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server has ended"
        answer: object = json.loads(line)
        return answer

    def _end(self) -> None:
        with self._process:
            self._process.send_signal(SIGKILL)
