"""A network between a program and PostgreSQL that a test can cut without a word: all sockets stay open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from sqlalchemy import make_url

_AT_ONCE = 64 * 1024


class SilentProxy:
    """Forwards what comes to its port on 127.0.0.1 to the server of `database_url`, while it `is_forwarding`."""

    def __init__(self, database_url: str) -> None:
        self._server = make_url(database_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_forwarding = Event()
        self._is_forwarding.set()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The database, by way of this proxy."""
        _, port = self._listener.getsockname()
        query = {name: value for name, value in self._server.query.items() if name not in {"host", "port"}}
        way = self._server.set(host="127.0.0.1", port=port, query=query)
        return way.render_as_string(hide_password=False)

    @property
    def connections(self) -> int:
        """How many have been made."""
        return len(self._sockets) // 2

    def cut(self) -> None:
        """Forward nothing more, in either direction; what was on its way is lost or late."""
        self._is_forwarding.clear()

    def mend(self) -> None:
        """Go on where it was cut."""
        self._is_forwarding.set()

    def close(self) -> None:
        self._is_over = True
        self._is_forwarding.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._connected()
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    Thread(target=self._forward, args=pair, daemon=True).start()

    def _connected(self) -> socket.socket:
        host, port = self._server.query.get("host", self._server.host), self._server.port or 5432
        if isinstance(host, str) and host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{self._server.query.get('port', port)}")
            return server
        return socket.create_connection((str(host), port))

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_AT_ONCE):
                self._is_forwarding.wait()
                if self._is_over:
                    return
                target.sendall(data)
            # A side that is cut off does not learn that the other has gone.
            self._is_forwarding.wait()
            target.shutdown(socket.SHUT_WR)


@contextmanager
def silent_proxy(database_url: str) -> Iterator[SilentProxy]:
    proxy = SilentProxy(database_url)
    try:
        yield proxy
    finally:
        proxy.close()
