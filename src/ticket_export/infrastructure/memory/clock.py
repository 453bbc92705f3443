"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ticket_export.application.ports.clock import Clock
from ticket_export.domain.utc import require_utc

_START = datetime(2025, 12, 13, 12, 0, tzinfo=UTC)


class InMemoryClock(Clock):
    """Tells the time it was set to (aware, UTC)."""

    def __init__(self, now: datetime = _START) -> None:
        self.set(now)

    def now(self) -> datetime:
        """The moment that the clock stands at."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to a moment, later or earlier; ``ValueError`` unless it is aware and in UTC."""
        require_utc("now", now)
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move on by that much."""
        self.set(self._now + by)
