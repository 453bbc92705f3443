"""How a process hears that another has put a task into the database they share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from sqlalchemy import Engine

from ticket_export.infrastructure.tasks.postgresql_notifications import PostgresqlNotifications


class Notifications(Protocol):
    """Signals without content, any of which may get lost."""

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
        """Inside the block another thread calls `on_signal`: at every signal, and whenever `are_heard` has changed.

        `on_signal` must be quick and must not raise. Nobody is waited for as the block begins.
        """
        ...


class NoNotifications:
    """For a database that has none, such as SQLite."""

    are_heard = False

    def send(self) -> None:
        """Nobody listens."""

    def listening(self, on_signal: Callable[[], None]) -> AbstractContextManager[None]:
        """There is nothing to hear."""
        return nullcontext()


def notifications_on(engine: Engine) -> Notifications:
    """Those that the engine's database has."""
    return PostgresqlNotifications(engine) if engine.dialect.name == "postgresql" else NoNotifications()
