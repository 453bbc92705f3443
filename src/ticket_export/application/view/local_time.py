"""The moments that a time zone shows as a span of local time.

Where clocks go back, a zone shows some local times twice; where they go forward, it never shows some. A span of local
time is therefore zero, one or several spans of moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo

from ticket_export.application.view.conditions import Interval

# Every zone is less than a day from UTC, and changes its clocks at most once an hour.
_DAY = timedelta(days=1)
_STEP = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_FIRST = datetime.min  # noqa: DTZ901 - all times here are naive: local times, or moments in UTC
_LAST = datetime.max.replace(microsecond=0)  # noqa: DTZ901


def moments_shown_between(start: datetime | None, end: datetime | None, zone: tzinfo) -> tuple[Interval, ...]:
    """Return the moments that `zone` shows at or after `start` and before `end`, in order and without overlap.

    Both are naive local times in whole seconds; None leaves one of the sides open.
    """
    first = _moved(start or end or _FIRST, -_DAY)
    last = _moved(end or start or _LAST, _DAY)
    found: list[Interval] = []
    for begins, ends, shift in _constant_shifts(first, last, zone):
        low = begins if start is None else max(begins, _moved(start, -shift))
        high = ends if end is None else min(ends, _moved(end, -shift))
        if low >= high:
            continue
        # An open side is open in every zone before `first` and after `last`.
        beginning = None if start is None and low == first else low.replace(tzinfo=UTC)
        ending = None if end is None and high == last else high.replace(tzinfo=UTC)
        if found and found[-1].end == beginning:
            beginning = found.pop().start
        found.append(Interval(beginning, ending))
    return tuple(found)


def _constant_shifts(first: datetime, last: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the spans of UTC in which the zone has one offset, with that offset."""
    begins, shift, looked_at = first, _shift(first, zone), first
    while looked_at < last:
        look = min(_moved(looked_at, _STEP), last)
        if (other := _shift(look, zone)) != shift:
            change = _first_change(looked_at, look, shift, zone)
            yield begins, change, shift
            begins, shift = change, other
        looked_at = look
    yield begins, last, shift


def _first_change(before: datetime, after: datetime, shift: timedelta, zone: tzinfo) -> datetime:
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _shift(middle, zone) == shift:
            before = middle
        else:
            after = middle
    return after


def _shift(moment: datetime, zone: tzinfo) -> timedelta:
    try:
        return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) - moment
    except OverflowError:
        # `time_text` shows a moment in UTC where the zone would move it out of the calendar.
        return timedelta(0)


def _moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return _LAST if by > timedelta(0) else _FIRST


def shown_moment(moment: datetime, zone: tzinfo) -> datetime:
    """Return an aware moment in `zone`, without the fraction of its second.

    A moment that `zone` would move out of the calendar stays in its own zone.
    """
    with suppress(OverflowError):
        moment = moment.astimezone(zone)
    return moment.replace(microsecond=0)


def time_text(moment: datetime, zone: tzinfo) -> str:
    """Return `shown_moment` as ``YYYY-MM-DD HH:MM:SS``."""
    return shown_moment(moment, zone).isoformat(" ")[:19]
