"""The clock of a PostgreSQL database, measured by the library's transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, text

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error, warning
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.infrastructure.system_clock import SystemClock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")
# Seconds by which two clocks may differ, and those from which a signed request is soon refused.
_CLOSE: Final = 5.0
_FAR: Final = 60.0
# Seconds until `measure_time` asks again.
_FRESH: Final = 60.0

# For each dialect, which all connections of an engine share: the database's time minus that of `_elapsed`, and the time
# of the measurement by `_elapsed`. A change is one assignment, so that threads need no lock.
_measured: WeakKeyDictionary[Dialect, tuple[float, float]] = WeakKeyDictionary()


class DatabaseClock(Clock, SupportsCheck):
    """The time of the engine's PostgreSQL database, as last measured, plus the time that has passed since.

    Every unit of work measures it when it begins, so inside one it is exact to the milliseconds of an answer. The clock
    itself sends no query: before the first unit of work, and on SQLite, it returns the machine's time.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """`engine` returns the engine. It is not called before some database was measured."""
        self._engine = engine
        self._system = SystemClock()

    def now(self) -> datetime:
        measured = _measured.get(self._engine().dialect) if _measured else None
        return self._system.now() if measured is None else _EPOCH + timedelta(seconds=measured[0] + _elapsed())

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: whether the clock of this machine agrees with the database's.

        Leases and expiry follow the database. The storage's signatures, certificates and logs follow the machine.
        """
        ahead = (self._system.now() - self.now()).total_seconds()
        if abs(ahead) <= _CLOSE:
            return
        direction = "ahead of" if ahead > 0 else "behind"
        what = f"the clock of this machine is {abs(ahead):,.0f} s {direction} the database's"
        remedy = "synchronise both clocks, for example with chrony or systemd-timesyncd"
        if abs(ahead) <= _FAR:
            yield warning("clock", what, remedy)
        else:
            yield error("clock", what, remedy, may_pass=True)


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
