from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from benchmarks.fill.moment_text import moment_text
from hypothesis import given
from hypothesis import strategies as st

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=_ZONES))  # noqa: DTZ001 - the bounds are naive
def test_moment_is_written_in_utc_to_the_microsecond(moment: datetime) -> None:
    assert moment_text(moment) == moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def test_naive_moment_is_refused() -> None:
    with pytest.raises(TypeError):
        moment_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the point
