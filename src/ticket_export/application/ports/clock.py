"""The time of day, as a port, so that tests and clean-up can move it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time.

    All processes that share a database should agree on it: leases are judged by it. So it is asked inside
    units of work, by which an adapter may learn what the database's clock says.
    """

    @abstractmethod
    def now(self) -> datetime:
        """This moment, aware, in UTC."""
