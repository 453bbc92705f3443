"""The clock of a PostgreSQL database, measured by the library's transactions."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, text

from ticket_export.application.ports.clock import Clock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")
# Seconds until `measure_time` asks again.
_FRESH: Final = 60.0

# For each dialect, which all connections of an engine share: the database's time minus that of `_elapsed`, and the time
# of the measurement by `_elapsed`. A change is one assignment, so that threads need no lock.
_measured: WeakKeyDictionary[Dialect, tuple[float, float]] = WeakKeyDictionary()


class DatabaseClock(Clock):
    """The time of the engine's PostgreSQL database, as last measured, plus the time that has passed since.

    Every unit of work measures it when it begins, so inside one it is exact to the milliseconds of an answer. The clock
    itself sends no query: before the first unit of work, and on SQLite, it returns the machine's time.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """`engine` returns the engine. It is not called before some database was measured."""
        self._engine = engine

    def now(self) -> datetime:
        measured = _measured.get(self._engine().dialect) if _measured else None
        return datetime.now(UTC) if measured is None else _EPOCH + timedelta(seconds=measured[0] + _elapsed())


def note_time(connection: Connection, epoch_seconds: float) -> None:
    """Store the time that the connection's database has just returned."""
    elapsed = _elapsed()
    _measured[connection.dialect] = (epoch_seconds - elapsed, elapsed)


def measure_time(connection: Connection) -> None:
    """Ask a PostgreSQL database for its time, unless that was done within a minute."""
    measured = _measured.get(connection.dialect)
    if connection.dialect.name == "postgresql" and (measured is None or _elapsed() - measured[1] > _FRESH):
        note_time(connection, connection.execute(_NOW).scalar_one())


def _elapsed() -> float:
    # A clock that cannot be set, and that continues while the machine sleeps, where the system has one.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
