"""Both clocks tell an aware time in UTC; the one in memory stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.system_clock import SystemClock

if TYPE_CHECKING:
    from ticket_export.application.ports.clock import Clock


@pytest.mark.parametrize("clock", [InMemoryClock(), SystemClock()])
def test_a_clock_tells_an_aware_time_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_the_system_clock_tells_the_real_time() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)


def test_the_clock_in_memory_stands_where_it_was_set_and_moves_when_told() -> None:
    clock = InMemoryClock()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    clock.set(noon)
    assert clock.now() == clock.now() == noon
    clock.advance(timedelta(hours=72))
    assert clock.now() == datetime(2026, 1, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_the_clock_in_memory_takes_no_other_time(zone: timezone | None) -> None:
    with pytest.raises(ValueError, match="must be an aware datetime in UTC"):
        InMemoryClock(datetime(2026, 1, 1, tzinfo=zone))
