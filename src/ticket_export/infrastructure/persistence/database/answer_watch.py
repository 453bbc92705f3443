"""A time limit for calls of a database whose connection stands but that does not answer."""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Condition, Thread
from time import monotonic
from typing import Final, Protocol, TypeGuard, runtime_checkable

from sqlalchemy import Connection

from ticket_export.infrastructure.fork import renew_in_children

_log = logging.getLogger(__name__)

# Seconds that a short transaction may take in all. Longer than the server's own limits, whose errors say more, and
# shorter than a lease, so that after a dead connection a heartbeat on the next one is still in time.
_PATIENCE: Final = 20.0
# How many times the thread checks within the patience.
_CHECKS: Final = 5


@runtime_checkable
class _HasSocket(Protocol):
    """A driver's connection to a server, such as psycopg's."""

    def fileno(self) -> int: ...


# By the class of a driver's connection. Every transaction asks, and a comparison of a class with a protocol takes long.
_have_socket: Final[dict[type, bool]] = {}


def _has_socket(driver: object) -> TypeGuard[_HasSocket]:
    kind = type(driver)
    found = _have_socket.get(kind)
    if found is None:
        found = _have_socket[kind] = issubclass(kind, _HasSocket)
    return found


class AnswerWatch:
    """Cuts connections that are busy for too long. The call that waits for the server then raises the driver's error.

    One thread watches all connections of the process. It sleeps while there are none.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.patience = patience
        self._begin()
        renew_in_children(self._begin)

    def _begin(self) -> None:
        self._changed = Condition()
        self._watched: dict[object, tuple[float, _HasSocket]] = {}
        self._thread: Thread | None = None
        self._is_asleep = False

    @contextmanager
    def watching(self, driver: object) -> Iterator[None]:
        """Cut the connection if the block does not end in time. A connection without a socket (SQLite) is not cut."""
        if not _has_socket(driver):
            yield
            return
        key = object()
        with self._changed:
            self._watched[key] = (monotonic() + self.patience, driver)
            self._wake_up()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(key, None)

    def _wake_up(self) -> None:
        if self._is_asleep:
            self._changed.notify_all()
        elif self._thread is None:
            thread = Thread(target=self._run, name="ticket-export answer watch", daemon=True)
            # A process that cannot start a thread continues without; the next call tries again.
            with suppress(RuntimeError):
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        with self._changed:
            while True:
                while not self._watched:
                    self._is_asleep = True
                    self._changed.wait()
                self._is_asleep = False
                self._changed.wait(self.patience / _CHECKS)
                for key, (deadline, driver) in tuple(self._watched.items()):
                    if monotonic() >= deadline:
                        del self._watched[key]
                        _log.error("the database has not answered for %g s; its connection is cut", self.patience)
                        cut(driver)


#: The watch of the process.
WATCH: Final = AnswerWatch()


def answered_in_time(connection: Connection) -> AbstractContextManager[None]:
    """Let the driver raise its error in the block if the database does not answer within 20 s."""
    if connection.closed or connection.invalidated:
        return nullcontext()
    return WATCH.watching(connection.connection.driver_connection)


def cut(driver: object) -> None:
    """End the connection below the driver, from any thread. A call that waits for the server fails at once."""
    if _has_socket(driver):
        with suppress(Exception):
            stream = socket.socket(fileno=driver.fileno())
            try:
                stream.shutdown(socket.SHUT_RDWR)
            finally:
                # The driver closes the socket.
                stream.detach()


def has_news(driver: object) -> bool:
    """Return whether the server has closed the idle connection, or sent something, as far as this machine knows."""
    if not _has_socket(driver) or not hasattr(select, "poll"):
        return True
    sockets = select.poll()
    sockets.register(driver.fileno(), select.POLLIN)
    return bool(sockets.poll(0))
