"""A thread that listens to one channel of a PostgreSQL database, on a connection of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from socket import socketpair
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Engine

from ticket_export.infrastructure.tasks.echo import Echo

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_log = logging.getLogger(__name__)

#: What ``pg_stat_activity`` calls the connection.
APPLICATION_NAME: Final = "ticket-export listener"
# Seconds until a connection that was lost, or heard nothing, is replaced; the first pause, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
# Seconds. A connection is made, or closed, within that time, or left to the end of the process.
_GRACE = 5.0
# A server may end sessions that say nothing for long; listening is nothing else. Older ones have no such setting.
_SET_UP = """
    SELECT set_config('application_name', %s, false),
           (SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout')
"""


class PostgresqlListener:
    """Calls `on_signal` at every notification, and whenever `is_hearing` has changed.

    It hears once a message that was sent over `engine` has come back. While it does not, it connects again and again.
    """

    def __init__(
        self, engine: Engine, channel: str, *, notify: Callable[[str], None], on_signal: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._channel = channel
        self._notify = notify
        self._on_signal = on_signal
        self._is_hearing = self._is_told = False
        self._is_over = Event()
        self._ear, self._mouth = socketpair()
        self._thread = Thread(target=self._run, name="ticket-export listener", daemon=True)

    @property
    def is_hearing(self) -> bool:
        """Whether what is sent on the channel is expected to arrive."""
        return self._is_hearing

    def start(self) -> None:
        """Begin; nothing is waited for."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and its connection."""
        self._is_over.set()
        with suppress(OSError):
            self._mouth.send(b".")
        self._thread.join(_GRACE)
        if self._thread.is_alive():
            _log.warning("the listener's connection does not end, and is left to the end of the process")

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        with self._ear, self._mouth:
            while not self._is_over.is_set():
                try:
                    with _connection(self._engine, self._channel) as connection:
                        self._listen(connection)
                except Exception:  # noqa: BLE001 - whatever it is, workers look for exports until it is over
                    pause = _FIRST_PAUSE if self._is_hearing else min(2 * pause, _LONGEST_PAUSE)
                    self._lose_hearing()
                    self._is_over.wait(pause)

    def _listen(self, connection: Connection[TupleRow]) -> None:
        echo = Echo(self._notify)
        with DefaultSelector() as selector:
            selector.register(connection.fileno(), EVENT_READ)
            selector.register(self._ear, EVENT_READ)
            while not self._is_over.is_set():
                echo.call()
                # First, since what came together with an answer is not to be seen on the socket any more.
                payloads = {notification.payload for notification in connection.notifies(timeout=0)}
                if echo.is_among(payloads):
                    self._gain_hearing()
                if not all(map(Echo.is_one, payloads)):
                    self._on_signal()
                selector.select(echo.patience)

    def _gain_hearing(self) -> None:
        if self._is_hearing:
            return
        self._is_hearing = True
        if self._is_told:
            self._is_told = False
            # As loud as the trouble before it, or nobody would hear that it is over.
            _log.warning("the worker hears of new exports again")
        # Nobody has heard of what was put into the queue before.
        self._on_signal()

    def _lose_hearing(self) -> None:
        if not self._is_told and not self._is_over.is_set():
            self._is_told = True
            _log.warning("the worker does not hear of new exports, and looks for them meanwhile", exc_info=True)
        if self._is_hearing:
            self._is_hearing = False
            # Those who wait do so for too long now.
            self._on_signal()


@contextmanager
def _connection(engine: Engine, channel: str) -> Iterator[Connection[TupleRow]]:
    from psycopg import sql

    borrowed = engine.raw_connection()
    with closing(cast("Connection[TupleRow]", borrowed.driver_connection)) as connection:
        # A host's pool may be small; it makes another one in its place.
        borrowed.detach()
        connection.rollback()
        connection.autocommit = True
        connection.execute(_SET_UP, [APPLICATION_NAME])
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield connection
