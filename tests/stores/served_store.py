"""What the tests ask of every store, and the part of it that is the same for every server program."""

from __future__ import annotations

import socket
import subprocess
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self

from ticket_export.storage import ExportStorage

#: The patience of the library's settings.
PATIENCE: Final = timedelta(minutes=1)
# Seconds; only a failing test waits for so long.
_LONGEST: Final = 60.0
_LOOK_EVERY: Final = 0.02


class Place(Protocol):
    """An empty bucket, container or folder of a store."""

    @property
    def url(self) -> str:
        """The storage URL, at the port of the server where the URL names one."""
        ...

    def environment(self, port: int | None = None) -> dict[str, str]:
        """Return all variables with which a process uses the place, ``TICKET_EXPORT_STORAGE_URL`` too.

        With `port`, the process reaches the store by that port of 127.0.0.1, such as that of a proxy.
        """
        ...

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> ExportStorage:
        """Return a new storage of the library, with connections of its own. Works while the server is away."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Store an object, without the library."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return the readable object, without the library; None if there is none."""
        ...

    def names(self) -> list[str]:
        """Return, without the library, the names of all that is in the place, without the URL's prefix.

        An object has its key for a name, or what the storage makes of it. Unfinished objects that the store shows, such
        as temporary files, are in it too.
        """
        ...


class StoreServer(Protocol):
    """The server of a store. It has its port and its data for as long as the object exists, also while it is away."""

    port: int

    def start(self) -> None:
        """Start it, and wait until it answers."""
        ...

    def stop(self) -> None:
        """End it as an administrator does."""
        ...

    def kill(self) -> None:
        """Let it vanish in the middle of what it does."""
        ...

    def new_place(self) -> Place:
        """Make an empty place. The server runs."""
        ...


class ServerProcess(ABC):
    """A server program with its data in `folder`. It runs within a ``with`` block, or from `start` to `stop`.

    A subclass says how its program starts, and may say better than by a connection when it answers.
    """

    #: What it says when it is waited for in vain.
    program: ClassVar[str]

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = free_port() if port is None else port
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments; it stays in the foreground."""

    def environment(self) -> dict[str, str] | None:
        """Return the variables of the program; None is those of this process."""
        return None

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            socket.create_connection(("127.0.0.1", self.port), _LONGEST).close()
        except OSError:
            return False
        return True

    def start(self) -> None:
        """See `StoreServer.start`."""
        assert self._process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            deadline = monotonic() + _LONGEST
            while not self.answers():
                assert self._process.poll() is None, f"{self.program} ended: {self._said()}"
                assert monotonic() < deadline, f"{self.program} does not answer: {self._said()}"
                sleep(_LOOK_EVERY)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """See `StoreServer.stop`. What does not end is killed."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LONGEST / 6)
            self.kill()

    def kill(self) -> None:
        """See `StoreServer.kill`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_LONGEST)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        # Not in the folder, where a server may take it for a part of its data.
        return self.folder.with_name(f"{self.folder.name}.log")

    def _said(self) -> str:
        return self._log.read_text("utf-8", "replace")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port
