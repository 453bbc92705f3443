"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from ticket_export.application.ports.clock import Clock


class SystemClock(Clock):
    """Tells the real time."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        return datetime.now(UTC)
