"""The processes of a PostgreSQL server on this machine."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg

# Seconds in which a server notices that its client is gone.
_PATIENCE = 5.0


class ServerProcess:
    """A running server and its child processes."""

    def __init__(self, postmaster: psutil.Process) -> None:
        self._postmaster = postmaster

    @classmethod
    def behind(cls, conninfo: str) -> ServerProcess | None:
        """The server at that address, or None if it runs on another machine or is not visible."""
        with closing(psycopg.connect(conninfo)) as connection, suppress(psutil.Error):
            backend = psutil.Process(connection.info.backend_pid)
            postmaster = backend.parent()
            if postmaster is not None and postmaster.name() == backend.name() == "postgres":
                return cls(postmaster)
        return None

    @property
    def psql(self) -> str | None:
        """The psql that was installed with the server."""
        with suppress(psutil.Error):
            program = Path(self._postmaster.exe()).with_name("psql")
            return str(program) if program.exists() else None
        return None

    def backends(self) -> frozenset[int]:
        """The server's child processes, for clients and for itself."""
        return frozenset(child.pid for child in self._postmaster.children())

    def cpu_seconds(self, *, without: frozenset[int]) -> float:
        """Wait until only the processes of `without` run; return the CPU time of all processes so far.

        A process counts in full after its end, since its parent inherits its time.
        """
        deadline = time.monotonic() + _PATIENCE
        while self.backends() - without and time.monotonic() < deadline:
            time.sleep(0.005)
        own = self._postmaster.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in self._postmaster.children():
            with suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                total += times.user + times.system
        return float(total)
