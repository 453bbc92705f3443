"""What a database's clock says, measured on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, text

from ticket_export.application.ports.clock import Clock
from ticket_export.infrastructure.system_clock import SystemClock


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


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds after which a transaction that measures by a statement of its own does so again.
_FRESH: Final = 60.0
_NOW: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")

# By the dialect, which all connections of an engine share: the database's time minus that of `_elapsed`, and when it
# was measured, by `_elapsed`. A change is one assignment, so that threads need no lock.
_measured: WeakKeyDictionary[Dialect, tuple[float, float]] = WeakKeyDictionary()


def note_time(connection: Connection, epoch_seconds: float) -> None:
    """The database of this connection has just told its time."""
    elapsed = _elapsed()
    _measured[connection.dialect] = (epoch_seconds - elapsed, elapsed)


def measure_time(connection: Connection) -> None:
    """Ask a PostgreSQL database for its time, unless that was done within a minute."""
    measured = _measured.get(connection.dialect)
    if connection.dialect.name == "postgresql" and (measured is None or _elapsed() - measured[1] > _FRESH):
        note_time(connection, connection.execute(_NOW).scalar_one())


def is_any_told() -> bool:
    """Whether any database has told its time in this process."""
    return bool(_measured)


def time_of(engine: Engine) -> datetime | None:
    """The time of the engine's database, by what it last told; None if it has told nothing yet."""
    measured = _measured.get(engine.dialect)
    return None if measured is None else _EPOCH + timedelta(seconds=measured[0] + _elapsed())


def _elapsed() -> float:
    # Nobody can set it, and it goes on while the machine sleeps, where the system has such a clock.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
