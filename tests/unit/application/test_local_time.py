"""A span of local time is the moments whose local time lies in it, in every zone and on every odd day."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.view.conditions import Interval
from ticket_export.application.view.local_time import moments_shown_between, time_text

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

#: Zones, each with a moment of UTC near which its clocks change in a way of their own.
ODD = {
    "Europe/Berlin": "2025-10-26T01:00",  # 03:00 -> 02:00
    "America/New_York": "2026-03-08T07:00",  # 02:00 -> 03:00
    "America/Sao_Paulo": "2018-11-04T03:00",  # 00:00 -> 01:00: the day has no midnight
    "America/Havana": "2025-11-02T05:00",  # 01:00 -> 00:00: two midnights, one day
    "Asia/Beirut": "2025-10-25T21:00",  # 00:00 -> 23:00 of the day before
    "America/St_Johns": "2010-11-07T02:31",  # 00:01 -> 23:01: one minute of the next day comes too early
    "Pacific/Apia": "2011-12-30T10:00",  # skips a day
    "Pacific/Kwajalein": "1993-08-21T12:00",  # skips a day
    "America/Juneau": "1867-10-19T00:31",  # a day twice
    "Africa/Casablanca": "2026-02-15T02:00",  # 03:00 -> 02:00, in Ramadan
    "Antarctica/Troll": "2026-03-29T01:00",  # two hours
    "Australia/Lord_Howe": "2026-04-04T15:00",  # half an hour
    "Asia/Kathmandu": "1985-12-31T18:30",  # a quarter of an hour, once
    "Europe/Amsterdam": "1937-06-30T23:40",  # 28 seconds
    "Asia/Manila": "1844-12-31T15:56",  # skips a day
    "UTC": "2026-01-01T00:00",
    "Etc/GMT+12": "0001-01-01T12:00",
    "Pacific/Kiritimati": "9999-12-31T10:00",
}


@st.composite
def nights(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a moment within two days of a change of its clocks."""
    name = draw(st.sampled_from(sorted(ODD)))
    near = datetime.fromisoformat(ODD[name]).replace(tzinfo=UTC)
    away = draw(
        st.integers(-2 * 86_400, 2 * 86_400) | st.integers(-130, 130) | st.integers(-130, 130).map((60).__mul__)
    )
    fraction = draw(st.sampled_from([0, 1, 999_999]))
    return ZoneInfo(name), moved(near, timedelta(seconds=away, microseconds=fraction))


def moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def shown(moment: datetime, zone: tzinfo) -> datetime:
    """The local time that the file has, which it cuts to seconds."""
    return datetime.fromisoformat(time_text(moment, zone))


def holds(intervals: tuple[Interval, ...], moment: datetime) -> bool:
    return any(
        (each.start is None or each.start <= moment) and (each.end is None or moment < each.end) for each in intervals
    )


@given(nights(), nights(), st.sampled_from([SECOND, DAY, None]), st.booleans())
def test_a_moment_is_in_a_span_just_if_its_shown_time_is(
    night: tuple[ZoneInfo, datetime], other: tuple[ZoneInfo, datetime], length: timedelta | None, opens: bool
) -> None:
    zone, moment = night
    # The span begins at a local time that the zone shows, or at one that another moment is shown at elsewhere.
    for start in (shown(moment, zone), shown(moment, UTC), shown(other[1], zone)):
        begin = start.replace(hour=0, minute=0, second=0) if length == DAY else start
        end = None if length is None else moved(begin, length)
        begin_or_none = None if opens and end is not None else begin
        intervals = moments_shown_between(begin_or_none, end, zone)
        for each in (moment, other[1]):
            time = shown(each, zone)
            inside = (begin_or_none is None or begin_or_none <= time) and (end is None or time < end)
            assert holds(intervals, each) == inside


@given(nights(), st.sampled_from([SECOND, DAY]))
def test_before_within_and_after_share_out_all_moments(night: tuple[ZoneInfo, datetime], length: timedelta) -> None:
    zone, moment = night
    start = shown(moment, zone)
    end = moved(start, length)
    parts = [(None, start), (start, end), (end, None)]
    for each in (moment, moved(moment, -length), moved(moment, timedelta(hours=1))):
        assert [holds(moments_shown_between(*part, zone), each) for part in parts].count(True) == 1


@given(nights(), st.sampled_from([SECOND, DAY, None]))
def test_spans_are_in_order_and_apart(night: tuple[ZoneInfo, datetime], length: timedelta | None) -> None:
    zone, moment = night
    start = shown(moment, zone)
    intervals = moments_shown_between(start, None if length is None else moved(start, length), zone)
    for each, following in itertools.pairwise(intervals):
        assert each.end is not None
        assert following.start is not None
        assert each.end < following.start
    assert all(each.start is None or each.end is None or each.start < each.end for each in intervals)


@pytest.mark.parametrize(
    ("zone", "day", "spans"),
    [
        ("Europe/Berlin", "2026-01-31", [("2026-01-30T23:00Z", "2026-01-31T23:00Z")]),
        # 23 hours, and 25.
        ("Europe/Berlin", "2026-03-29", [("2026-03-28T23:00Z", "2026-03-29T22:00Z")]),
        ("Europe/Berlin", "2026-10-25", [("2026-10-24T22:00Z", "2026-10-25T23:00Z")]),
        ("America/Sao_Paulo", "2018-11-04", [("2018-11-04T03:00Z", "2018-11-05T02:00Z")]),
        ("America/Havana", "2025-11-02", [("2025-11-02T04:00Z", "2025-11-03T05:00Z")]),
        # The first minute of Sunday, then Saturday again for an hour.
        (
            "America/St_Johns",
            "2010-11-06",
            [("2010-11-06T02:30Z", "2010-11-07T02:30Z"), ("2010-11-07T02:31Z", "2010-11-07T03:30Z")],
        ),
        (
            "America/St_Johns",
            "2010-11-07",
            [("2010-11-07T02:30Z", "2010-11-07T02:31Z"), ("2010-11-07T03:30Z", "2010-11-08T03:30Z")],
        ),
        ("Pacific/Apia", "2011-12-30", []),
        ("Pacific/Apia", "2011-12-31", [("2011-12-30T10:00Z", "2011-12-31T10:00Z")]),
    ],
)
def test_a_day_is_every_moment_that_is_shown_with_its_date(zone: str, day: str, spans: list[tuple[str, str]]) -> None:
    start = datetime.fromisoformat(day)
    found = moments_shown_between(start, start + DAY, ZoneInfo(zone))
    assert [(each.start, each.end) for each in found] == [
        (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in spans
    ]
