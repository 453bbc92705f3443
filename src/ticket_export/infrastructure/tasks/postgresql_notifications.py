"""PostgreSQL's NOTIFY, and who listens to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.persistence.database.engine import commit
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.transaction import short_transaction
from ticket_export.infrastructure.tasks.postgresql_listener import PostgresqlListener

_log = logging.getLogger(__name__)

#: What is sent on it has no payload, so that a trigger, or any other program, can send the same.
CHANNEL: Final = "ticket_export"


class PostgresqlNotifications:
    """Signals within one database; whoever only sends opens no connection for it beyond the engine's pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: list[PostgresqlListener] = []
        renew_in_children(self._forget_listeners)

    @property
    def are_heard(self) -> bool:
        """See `Notifications`."""
        return any(listener.is_hearing for listener in tuple(self._listeners))

    def send(self) -> None:
        """See `Notifications`; in a transaction of its own, since the task is committed already."""
        with database_errors():
            self._notify("")

    @contextmanager
    def listening(self, on_signal: Callable[[], None]) -> Iterator[None]:
        """See `Notifications`."""
        if self._engine.dialect.driver != "psycopg":
            _log.info("over %s nobody can listen; workers look for exports", self._engine.dialect.driver)
            yield
            return
        try:
            listener = PostgresqlListener(self._engine, CHANNEL, notify=self._notify, on_signal=on_signal)
            listener.start()
        except (OSError, RuntimeError):
            # Too few open files or threads; the worker can do without.
            _log.warning("the worker does not hear of new exports, and looks for them", exc_info=True)
            yield
            return
        self._listeners.append(listener)
        try:
            yield
        finally:
            listener.stop()
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _forget_listeners(self) -> None:
        # Their threads are the parent's.
        self._listeners = []

    def _notify(self, payload: str) -> None:
        try:
            self._notify_once(payload)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            # It had died in the pool, and a host's engine need not look for that beforehand. Twice does no harm.
            self._notify_once(payload)

    def _notify_once(self, payload: str) -> None:
        with short_transaction(self._engine) as connection:
            connection.execute(select(func.pg_notify(CHANNEL, payload)))
            commit(connection)
