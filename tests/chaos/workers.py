"""Worker processes, of which none outlives the test.

Each is ``ticket-export worker`` in a process of its own, forked from one that has imported everything
already: workers that die every few hundred milliseconds would otherwise do little but start.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from signal import SIGKILL, Signals
from threading import Thread
from types import TracebackType
from typing import Self

import attrs
import psutil

from tests.chaos.fault import FAULTS_VARIABLE, Fault, Faults
from ticket_export.entrypoints.cli.main import main
from ticket_export.settings import Settings

#: The environment variable that tells a worker process how wrong its machine's clock is.
SECONDS_OFF_VARIABLE = "CHAOS_SECONDS_OFF"
_FORK_SERVER = multiprocessing.get_context("forkserver")
# Whatever takes longer than this hangs, even on a busy machine.
PATIENCE = 60.0


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Fail if it is not so within a minute."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"after {PATIENCE:g} s it is still not so that {what}"
        time.sleep(0.01)


@attrs.frozen(eq=False)
class WorkerProcess:
    """One worker, which meets `faults`; what it says is in `log`."""

    process: ForkServerProcess
    log: Path
    faults: tuple[Fault, ...]

    @property
    def pid(self) -> int:
        pid = self.process.pid
        assert pid is not None
        return pid

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive()

    @property
    def is_ready(self) -> bool:
        """Whether it has begun to listen to signals and to take exports."""
        return self.log.exists() and "worker ready" in self.log.read_text("utf-8")

    @property
    def is_stopped(self) -> bool:
        """Whether SIGSTOP has stopped it."""
        assert self.is_alive, self.log.read_text("utf-8")
        return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    def signal(self, signal: Signals) -> None:
        if self.is_alive:
            os.kill(self.pid, signal)

    def end(self) -> int:
        """The exit code, waited for; minus the signal's number, if one has killed it."""
        self.process.join(PATIENCE)
        code = self.process.exitcode
        assert code is not None, f"worker {self.pid} does not end; it said:\n{self.log.read_text('utf-8')}"
        return code


def wait_until_ready(worker: WorkerProcess) -> None:
    """Until it listens to signals, or has ended before it could."""
    wait_until(lambda: worker.is_ready or not worker.is_alive, "the worker is ready")


class Workers:
    """Starts workers inside the block; kills and reaps at its end whichever are left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.started: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        _FORK_SERVER.set_forkserver_preload(["pytest", __name__, "tests.chaos.faulty_app"])
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self.started:
            # SIGKILL, since one that is stopped hears nothing else.
            worker.signal(SIGKILL)
        for worker in self.started:
            worker.process.join(PATIENCE)

    def start(
        self, settings: Settings, *arguments: str, faults: Sequence[Fault] = (), seconds_off: float | None = None
    ) -> WorkerProcess:
        """``ticket-export worker`` with these arguments; with `faults`, one that meets them.

        With `seconds_off`, its machine's clock is off by so much, and its patience is short.
        """
        log = self._folder / f"worker-{len(self.started)}.log"
        command = ["--app", "tests.chaos.faulty_app:container"] if faults else []
        if seconds_off is not None:
            command = ["--app", "tests.chaos.impatient_app:container"]
        environment = settings.environment()
        if faults:
            environment[FAULTS_VARIABLE] = Faults(tuple(faults)).text
        if seconds_off is not None:
            environment[SECONDS_OFF_VARIABLE] = str(seconds_off)
        process = _FORK_SERVER.Process(
            target=_work, args=([*command, "worker", *arguments], environment, log), daemon=True
        )
        process.start()
        worker = WorkerProcess(process, log, tuple(faults))
        self.started.append(worker)
        return worker


def _work(arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
    Thread(target=_die_with_the_test, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    # The log may have no .env beside it, which would count.
    os.chdir(log.parent)
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.exit(main(arguments))


def _die_with_the_test() -> None:
    test = multiprocessing.parent_process()
    assert test is not None
    test.join()
    os._exit(1)
