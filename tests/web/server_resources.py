"""What the processes of a server keep open, as Linux tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

_ESTABLISHED: Final = "01"
_LISTENING: Final = "0A"
_CLOSE_WAIT: Final = "08"


@attrs.frozen(kw_only=True)
class Resources:
    """The open files below a folder, the connections of clients, those to a storage, and all threads."""

    files: int
    clients: int
    storage: int
    threads: int


@attrs.frozen
class ServerProcesses:
    """The processes that listen at a port of this machine, except this one."""

    port: int

    def resources(self, folder: Path, storage_port: int | None) -> Resources:
        """What they have open now. Files are those below the folder."""
        sockets = {inode: (local, remote, state) for inode, local, remote, state in _tcp_sockets()}
        files = clients = storage = threads = 0
        for process in self._processes():
            targets = list(_targets(process))
            files += sum(target.startswith(f"{folder}/") for target in targets)
            connections = [sockets[target] for target in targets if target in sockets]
            is_open = {_ESTABLISHED, _CLOSE_WAIT}
            clients += sum(local == self.port and state in is_open for local, _, state in connections)
            storage += sum(remote == storage_port and state in is_open for _, remote, state in connections)
            threads += len(list((process / "task").iterdir()))
        return Resources(files=files, clients=clients, storage=storage, threads=threads)

    def peak_of_memory(self) -> int:
        """The most bytes that one of them has had in memory."""
        lines = [line for each in self._processes() for line in (each / "status").read_text().splitlines()]
        return max(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def _processes(self) -> list[Path]:
        listening = {inode for inode, local, _, state in _tcp_sockets() if (local, state) == (self.port, _LISTENING)}
        assert listening
        processes = [each for each in Path("/proc").iterdir() if each.name.isdigit()]
        found = [
            each for each in processes if each.name != str(os.getpid()) and not listening.isdisjoint(_targets(each))
        ]
        assert found
        return found


def _targets(process: Path) -> Iterator[str]:
    # Processes of others, and descriptors that are closed meanwhile.
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


def _tcp_sockets() -> Iterator[tuple[str, int, int, str]]:
    """Yield what a descriptor of each socket looks like, its local and its remote port, and its state."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        (
            _,
            local,
            remote,
            state,
            *_,
        ) = fields = line.split()
        yield f"socket:[{fields[9]}]", int(local.split(":")[1], 16), int(remote.split(":")[1], 16), state
