"""The current time. As a port, so that a test can move it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the current time.

    Leases depend on it, so all processes that share a database should agree on the time. It is called inside units of
    work, from which an adapter may learn the time of the database.
    """

    @abstractmethod
    def now(self) -> datetime:
        """Return this moment, aware and in UTC."""
