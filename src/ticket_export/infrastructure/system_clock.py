"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from ticket_export.application.ports.clock import Clock


class SystemClock(Clock):
    """Returns the time of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)
