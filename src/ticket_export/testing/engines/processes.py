"""The processes of an engine: the kit starts them, kills them, and starts others in their place."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
import psutil

#: Seconds between two starts of one command, so that a command that cannot run does not fill the machine.
_REST = 0.5
# Seconds that a process has to stop after SIGTERM; and a process that was killed, to be gone.
_GRACE = 30.0
# How much of each log is shown when the engine fails.
_SHOWN = 2_000


@attrs.define(eq=False)
class EngineProcess:
    """One process, `main`, and the children that it has started. `log` is what they print."""

    command: tuple[str, ...]
    main: psutil.Popen
    log: Path
    started_at: float = attrs.field(factory=time.monotonic)
    #: Those that were children when `main` alone was killed.
    _left: list[psutil.Process] = attrs.field(factory=list, init=False)

    @property
    def is_alive(self) -> bool:
        """Whether the main process runs."""
        return self.main.poll() is None

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that it has started, and those that these have started."""
        with suppress(psutil.NoSuchProcess):
            return list(self.main.children(recursive=True))
        return []

    @property
    def pids(self) -> set[int]:
        """The ids of all of its processes."""
        return {each.pid for each in (self.main, *self.children)} if self.is_alive else set()

    def kill(self) -> None:
        """Kill it with all children, as the kernel does when a container ends."""
        if self.is_alive:
            with suppress(psutil.NoSuchProcess):
                # It starts no child while it is stopped.
                self.main.suspend()
            self._left += self.children
        self._kill_main()
        for child in self._left:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(self._left, timeout=_GRACE)

    def kill_main(self) -> None:
        """Kill the main process alone; its children continue without it."""
        self._left += self.children
        self._kill_main()

    def kill_one(self, pid: int) -> None:
        """Kill that process of it alone."""
        for each in (self.main, *self.children):
            if each.pid == pid:
                with suppress(psutil.NoSuchProcess):
                    each.kill()

    def stop(self) -> None:
        """Send SIGTERM to the main process."""
        with suppress(psutil.NoSuchProcess):
            self.main.terminate()

    def wait(self, seconds: float) -> bool:
        """Return whether the main process has ended within that time."""
        with suppress(psutil.TimeoutExpired, subprocess.TimeoutExpired):
            self.main.wait(max(0.0, seconds))
        return not self.is_alive

    def _kill_main(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self.main.kill()
        self.main.wait(_GRACE)


class EngineProcesses:
    """Keeps a process for each command inside the block; kills all processes at its end."""

    def __init__(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str], folder: Path) -> None:
        self._commands = [tuple(command) for command in commands]
        self._environment = dict(environment)
        self._folder = folder
        self._started: list[EngineProcess] = []
        self._kept: dict[int, EngineProcess] = {}

    def __enter__(self) -> Self:
        self.keep()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._started:
            each.kill()

    @property
    def alive(self) -> list[EngineProcess]:
        """The processes that run and that nobody has told to stop, in the order of their commands."""
        return [each for _, each in sorted(self._kept.items()) if each.is_alive]

    @property
    def count(self) -> int:
        """How many processes were started."""
        return len(self._started)

    @property
    def ended_by_themselves(self) -> int:
        """How many main processes ended with an error that no signal caused."""
        return sum((each.main.poll() or 0) > 0 for each in self._started)

    def keep(self) -> None:
        """Start a process for each command that has none."""
        for number, command in enumerate(self._commands):
            kept = self._kept.get(number)
            if kept is None or not (kept.is_alive or time.monotonic() < kept.started_at + _REST):
                self._kept[number] = self._start(command)

    def stop(self, process: EngineProcess) -> None:
        """Tell a process to stop, and let another one take its place now."""
        process.stop()
        self._kept = {number: each for number, each in self._kept.items() if each is not process}

    def stop_all(self) -> int:
        """Tell every process to stop; return how many did not do so within half a minute."""
        running = [each for each in self._started if each.is_alive]
        for each in self.alive:
            each.stop()
        deadline = time.monotonic() + _GRACE
        return sum(not each.wait(deadline - time.monotonic()) for each in running)

    def logs(self) -> str:
        """Return the end of what was printed by the latest process of each command, and by all that still run."""
        latest = [each for each in self._started if each.is_alive or each in self._kept.values()]
        return "\n".join(
            f"--- {' '.join(each.command)}\n{each.log.read_text('utf-8', 'replace')[-_SHOWN:]}" for each in latest
        )

    def _start(self, command: tuple[str, ...]) -> EngineProcess:
        log = self._folder / f"process-{self.count}.log"
        with log.open("wb") as file:
            main = psutil.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is for the tests, which then end the processes.
                start_new_session=True,
            )
        process = EngineProcess(command, main, log)
        self._started.append(process)
        return process
