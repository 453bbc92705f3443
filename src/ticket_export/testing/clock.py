"""What every `Clock` keeps.

Inherit it beside your adapter's own tests::

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
    """Inherit, give the `clock` and `now_behind`, and pytest runs every claim."""

    @pytest.fixture
    def clock(self) -> C:
        """The adapter under test."""
        raise NotImplementedError("override the fixture `clock`")

    def now_behind(self, clock: C) -> datetime:
        """What the clock goes by has at this moment, read without the adapter; aware, in any zone."""
        raise NotImplementedError

    #: How much later what the clock goes by may be, for one that has to ask for it.
    tolerance = timedelta(0)

    def test_time_is_aware_and_in_utc(self, clock: C) -> None:
        assert clock.now().tzinfo is UTC
        assert clock.now().utcoffset() == timedelta(0)

    def test_time_is_that_of_what_the_clock_goes_by(self, clock: C) -> None:
        before = self.now_behind(clock) - self.tolerance
        now = clock.now()
        assert before <= now <= self.now_behind(clock) + self.tolerance
