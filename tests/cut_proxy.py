"""A network between a program and a server that a test can cut: at once and for all to see, or without a word."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Condition, Thread
from urllib.parse import urlsplit

_AT_ONCE = 64 * 1024


class CutProxy:
    """Forwards what comes to `url` to the server at another URL, unless it is cut."""

    def __init__(self, server_url: str) -> None:
        server = urlsplit(server_url)
        self._server = (str(server.hostname), server.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._changed = Condition()
        self._is_cut = self._is_silent = self._loses_answer = False
        self._mend_after: int | None = None
        # How many more bytes clients may send, and what happens then.
        self._due: tuple[int, Callable[[], object]] | None = None
        self._acting = 0
        self._sockets: list[socket.socket] = []
        #: The connections that came while it was cut.
        self.in_vain = 0
        Thread(target=self._accept, daemon=True).start()

    def cut(self, *, mend_after: int | None = None) -> None:
        """Break all connections, as a server that is stopped; mend it after so many connections in vain."""
        with self._changed:
            self._is_cut, self._mend_after = True, mend_after and self.in_vain + mend_after
            self._break()

    def silence(self) -> None:
        """Forward nothing more; all connections stay open, and new ones are accepted."""
        with self._changed:
            self._is_silent = True

    def lose_answer(self) -> None:
        """Break all connections in the place of the next answer; those that come then are forwarded."""
        with self._changed:
            self._loses_answer = True

    def after(self, count: int, act: Callable[[], object]) -> None:
        """Call `act` when clients have sent `count` more bytes, before the next one is forwarded."""
        with self._changed:
            self._due = count, act

    def mend(self) -> None:
        """Forward again, also what waits; nothing is due any more, and what was due has been done."""
        with self._changed:
            self._due = None
            self._changed.wait_for(lambda: not self._acting, 60)
            self._is_cut = self._is_silent = self._loses_answer = False
            self._changed.notify_all()

    def wait_for_in_vain(self, count: int) -> None:
        """Until so many connections have come in vain."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.in_vain >= count, 60)

    def close(self) -> None:
        """End it, with all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            self._is_cut, self._is_silent = True, False
            self._break()
            self._changed.notify_all()

    def _break(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._changed:
                    if self._is_cut or self._is_silent:
                        self.in_vain += 1
                        self._changed.notify_all()
                    if self._is_cut:
                        client.close()
                        if self.in_vain == self._mend_after:
                            self._is_cut = False
                        continue
                    try:
                        server = socket.create_connection(self._server)
                    except OSError:
                        # The server is away.
                        client.close()
                        continue
                    self._sockets += [client, server]
                Thread(target=self._connect, args=(client, server), daemon=True).start()

    def _connect(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            back = Thread(target=self._answer, args=(server, client), daemon=True)
            back.start()
            self._ask(client, server)
            back.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_AT_ONCE):
                first, act = self._until_due(data)
                with suppress(OSError) if act else nullcontext():
                    self._forward(first, server)
                if act:
                    self._do(act)
                    self._forward(data[len(first) :], server)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _until_due(self, data: bytes) -> tuple[bytes, Callable[[], object] | None]:
        with self._changed:
            if self._due is None:
                return data, None
            count, act = self._due
            if count > len(data):
                self._due = count - len(data), act
                return data, None
            self._due = None
            self._acting += 1
            return data[:count], act

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            with self._changed:
                self._acting -= 1
                self._changed.notify_all()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(_AT_ONCE):
                with self._changed:
                    if self._loses_answer:
                        self._loses_answer = False
                        self._break()
                        break
                self._forward(data, client)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _forward(self, data: bytes, target: socket.socket) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_silent)
        target.sendall(data)


@contextmanager
def cut_proxy(server_url: str) -> Iterator[CutProxy]:
    proxy = CutProxy(server_url)
    try:
        yield proxy
    finally:
        proxy.close()
