"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ticket_export.application.ports.clock import Clock
from ticket_export.domain.utc import require_utc

_START = datetime(2025, 12, 13, 12, 0, tzinfo=UTC)


class InMemoryClock(Clock):
    """Returns the time that was set (aware, UTC)."""

    def __init__(self, now: datetime = _START) -> None:
        self.set(now)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Set the time, later or earlier; raise ``ValueError`` unless it is aware and in UTC."""
        require_utc("now", now)
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move the time forward."""
        self.set(self._now + by)
