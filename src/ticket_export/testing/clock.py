"""The contract of `Clock`.

Inherit it in your adapter's tests::

    class TestMyClock(ClockContract[MyClock]):
        @pytest.fixture
        def clock(self) -> MyClock: ...
        def now_behind(self, clock: MyClock) -> datetime: ...
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import pytest

from ticket_export.application.ports.clock import Clock

C = TypeVar("C", bound=Clock)


class ClockContract(Generic[C]):
    """The tests; override the fixture `clock` and `now_behind`."""

    @pytest.fixture
    def clock(self) -> C:
        """The adapter under test."""
        raise NotImplementedError("override the fixture `clock`")

    def now_behind(self, clock: C) -> datetime:
        """The time of the clock's source, read without the adapter; aware, in any zone."""
        raise NotImplementedError

    #: The allowed difference from the source, for a clock that asks for the time over a connection.
    tolerance = timedelta(0)

    def test_time_is_aware_and_in_utc(self, clock: C) -> None:
        assert clock.now().tzinfo is UTC
        assert clock.now().utcoffset() == timedelta(0)

    def test_time_is_that_of_what_the_clock_goes_by(self, clock: C) -> None:
        before = self.now_behind(clock) - self.tolerance
        now = clock.now()
        assert before <= now <= self.now_behind(clock) + self.tolerance
