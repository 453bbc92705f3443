"""A network between an export and its storage on which everything takes longer."""

from __future__ import annotations

import socket
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Self

_AT_ONCE = 256 * 1024


class LatencyProxy:
    """Forwards its port on 127.0.0.1 to `server_port`, with `latency` seconds more for each round trip.

    A new connection takes one round trip, as over a network, and what the server sends arrives later by one. Bytes
    that are under way at the same time wait together, so the bandwidth stays what it is.
    """

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: The bytes that have come from the exports.
        self.sent = 0

    def forward_to(self, server_port: int) -> None:
        """Begin."""
        Thread(target=self._accept, args=(server_port,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Closing alone does not end a thread that waits for a connection.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self, server_port: int) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._connect, args=(client, server_port), daemon=True).start()

    def _connect(self, client: socket.socket, server_port: int) -> None:
        sleep(self._latency)
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", server_port)) as server:
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            threads = [
                Thread(target=self._forward, args=(client, server), daemon=True),
                Thread(target=self._forward_late, args=(server, client), daemon=True),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_AT_ONCE):
                server.sendall(data)
                self.sent += len(data)
        _end(server)

    def _forward_late(self, server: socket.socket, client: socket.socket) -> None:
        under_way = SimpleQueue[tuple[float, bytes]]()
        arriving = Thread(target=self._arrive, args=(under_way, client), daemon=True)
        arriving.start()
        data = b"-"
        while data:
            try:
                data = server.recv(_AT_ONCE)
            except OSError:
                data = b""
            under_way.put((monotonic() + self._latency, data))
        arriving.join()

    def _arrive(self, under_way: SimpleQueue[tuple[float, bytes]], client: socket.socket) -> None:
        with suppress(OSError):
            while True:
                at, data = under_way.get()
                sleep(max(0.0, at - monotonic()))
                if not data:
                    break
                client.sendall(data)
        _end(client)


def _end(target: socket.socket) -> None:
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
