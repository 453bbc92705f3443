"""Notifications: how a process learns that another process has added a task to their database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from selectors import EVENT_READ, DefaultSelector
from socket import socketpair
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.persistence.database.engine import commit
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.transaction import short_transaction

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_log = logging.getLogger(__name__)

# Notifications of tasks have no payload, so that a trigger, or any other program, can send the same.
_CHANNEL: Final = "ticket_export"
# The message that a listener sends to itself.
_PROBE: Final = "probe"
# Seconds without a notification until a listener sends itself the message, and until it gives up waiting for it.
_PROBE_AFTER, _PROBE_TIMEOUT = 30.0, 5.0
# Seconds until a lost connection is replaced: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
# Seconds that `stop` waits for the listener's thread.
_GRACE = 5.0
# The name is for `pg_stat_activity`. A server may end idle sessions, and a session that listens is idle; older servers
# have no such setting.
_SET_UP: Final = """
    SELECT set_config('application_name', 'ticket-export listener', false),
           (SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout')
"""


class Notifications(Protocol):
    """Signals without content. Any of them may get lost."""

    @property
    def are_heard(self) -> bool:
        """Whether a signal that is sent now is expected to arrive here."""
        ...

    def send(self) -> None:
        """Signal to every process that listens.

        Raises:
            JobDatabaseError: the database cannot be reached.
        """
        ...

    def listening(self, on_signal: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `on_signal` during the block, from another thread: at every signal and whenever `are_heard` changes.

        `on_signal` must be quick and must not raise. The block begins at once.
        """
        ...


def notifications_on(engine: Engine) -> Notifications:
    """Return the notifications that the engine's database supports."""
    return PostgresqlNotifications(engine) if engine.dialect.name == "postgresql" else NoNotifications()


class NoNotifications(Notifications):
    """For a database without notifications, such as SQLite."""

    are_heard = False

    def send(self) -> None:
        """Do nothing."""

    def listening(self, on_signal: Callable[[], None]) -> AbstractContextManager[None]:
        """Never call `on_signal`."""
        return nullcontext()


class PostgresqlNotifications(Notifications):
    """PostgreSQL's NOTIFY and LISTEN.

    Sending uses the engine's pool. Each `listening` block has one more connection, which the pool does not count.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: list[_Listener] = []
        renew_in_children(self._forget_listeners)

    @property
    def are_heard(self) -> bool:
        """See `Notifications.are_heard`."""
        return any(listener.is_hearing for listener in tuple(self._listeners))

    def send(self) -> None:
        """See `Notifications.send`; in a transaction of its own, since the task is committed already."""
        with database_errors():
            _notify(self._engine, "")

    @contextmanager
    def listening(self, on_signal: Callable[[], None]) -> Iterator[None]:
        """See `Notifications.listening`."""
        if self._engine.dialect.driver != "psycopg":
            _log.info("cannot listen with the driver %s; the worker polls the queue", self._engine.dialect.driver)
            yield
            return
        try:
            listener = _Listener(self._engine, on_signal)
        except (OSError, RuntimeError):
            # The process has too few open files or threads.
            _log.warning("cannot listen for notifications; the worker polls the queue", exc_info=True)
            yield
            return
        self._listeners.append(listener)
        try:
            yield
        finally:
            listener.stop()
            with suppress(ValueError):
                self._listeners.remove(listener)

    def _forget_listeners(self) -> None:
        # Their threads are the parent's.
        self._listeners = []


class _Listener:
    """A thread that listens on a connection of its own.

    A connection alone does not prove that notifications arrive: a pooler that lends connections for one transaction
    accepts LISTEN and delivers nothing, and a network can be cut silently. So the listener sends itself a message
    through the engine, at first and after every silence. If nothing arrives, it connects again.
    """

    def __init__(self, engine: Engine, on_signal: Callable[[], None]) -> None:
        self._engine = engine
        self._on_signal = on_signal
        self.is_hearing = self._has_warned = False
        self._is_over = Event()
        self._stop_receiver, self._stop_sender = socketpair()
        self._thread = Thread(target=self._run, name="ticket-export listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection."""
        self._is_over.set()
        with suppress(OSError):
            self._stop_sender.send(b".")
        self._thread.join(_GRACE)
        if self._thread.is_alive():
            _log.warning("the listener did not stop within %g s; it ends with the process", _GRACE)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        with self._stop_receiver, self._stop_sender:
            while not self._is_over.is_set():
                try:
                    with _listening_connection(self._engine) as connection:
                        self._listen(connection)
                except Exception:  # noqa: BLE001 - workers poll the queue until the listener hears again
                    pause = _FIRST_PAUSE if self.is_hearing else min(2 * pause, _LONGEST_PAUSE)
                    self._set_hearing(False)
                    self._is_over.wait(pause)

    def _listen(self, connection: Connection[TupleRow]) -> None:
        deadline, is_probing = monotonic(), False
        with DefaultSelector() as selector:
            selector.register(connection, EVENT_READ)
            selector.register(self._stop_receiver, EVENT_READ)
            while not self._is_over.is_set():
                if monotonic() >= deadline:
                    if is_probing:
                        raise TimeoutError(f"no notification arrived within {_PROBE_TIMEOUT:g} s")
                    _notify(self._engine, _PROBE)
                    deadline, is_probing = monotonic() + _PROBE_TIMEOUT, True
                # Before `select`, which does not report what arrived together with the answer to a statement.
                payloads = [notification.payload for notification in connection.notifies(timeout=0)]
                if payloads:
                    deadline, is_probing = monotonic() + _PROBE_AFTER, False
                    self._set_hearing(True)
                if any(payload != _PROBE for payload in payloads):
                    self._on_signal()
                selector.select(max(0.0, deadline - monotonic()))

    def _set_hearing(self, is_hearing: bool) -> None:
        if is_hearing and self._has_warned:
            # At the level of the warning before it, so that a log that shows one shows both.
            _log.warning("the worker receives notifications of new exports again")
        elif not (is_hearing or self._has_warned or self._is_over.is_set()):
            _log.warning("the worker receives no notifications of new exports, and polls the queue", exc_info=True)
        self._has_warned = not is_hearing
        if is_hearing != self.is_hearing:
            self.is_hearing = is_hearing
            # Tasks of before were not notified; or the threads now wait for longer than they should.
            self._on_signal()


@contextmanager
def _listening_connection(engine: Engine) -> Iterator[Connection[TupleRow]]:
    borrowed = engine.raw_connection()
    with closing(cast("Connection[TupleRow]", borrowed.driver_connection)) as connection:
        # A host's pool may be small; it replaces a connection that is detached.
        borrowed.detach()
        connection.rollback()
        connection.autocommit = True
        connection.execute(_SET_UP)
        connection.execute(f"LISTEN {_CHANNEL}")
        yield connection


def _notify(engine: Engine, payload: str) -> None:
    try:
        _notify_once(engine, payload)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        # The connection had died in the pool, and a host's engine may not check that. A second notification does no
        # harm.
        _notify_once(engine, payload)


def _notify_once(engine: Engine, payload: str) -> None:
    with short_transaction(engine) as connection:
        connection.execute(select(func.pg_notify(_CHANNEL, payload)))
        commit(connection)
