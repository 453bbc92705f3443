"""The clock that all processes on one database agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.application.ports.clock import Clock
from ticket_export.infrastructure.persistence.database_time import is_any_told, time_of
from ticket_export.infrastructure.system_clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine


class DatabaseClock(Clock):
    """The time of the engine's PostgreSQL database, as its last transaction told it, and as this machine counts on.

    Every unit of work measures it as it begins, so that inside one it is right to the milliseconds that an answer
    takes. It asks nobody by itself: until the first unit of work, and on SQLite, it is the machine's clock.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """`engine` returns the engine; it is not asked for before some database has told its time."""
        self._engine = engine
        self._system = SystemClock()

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        told = time_of(self._engine()) if is_any_told() else None
        return told or self._system.now()
