"""Which moments a time zone shows as which local times.

Where clocks go back, a local time is shown twice; where they go forward, some are never shown. So a span of local time
is no, one or several spans of moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo

from ticket_export.application.view.conditions import Interval

# No zone is a whole day from UTC, and none changes its clocks twice within an hour.
_DAY = timedelta(days=1)
_STEP = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_FIRST = datetime.min  # noqa: DTZ901 - all in here is naive: a local time, or a moment in UTC
_LAST = datetime.max.replace(microsecond=0)  # noqa: DTZ901


def moments_shown_between(start: datetime | None, end: datetime | None, zone: tzinfo) -> tuple[Interval, ...]:
    """The moments that `zone` shows at `start` or later and before `end`, in order and without overlap.

    Both are naive local times in whole seconds, at least one of them given; None leaves that side open.
    """
    first = _moved(start or end or _FIRST, -_DAY)
    last = _moved(end or start or _LAST, _DAY)
    found: list[Interval] = []
    for begins, ends, shift in _constant_shifts(first, last, zone):
        low = begins if start is None else max(begins, _moved(start, -shift))
        high = ends if end is None else min(ends, _moved(end, -shift))
        if low >= high:
            continue
        # Beyond `first` and `last`, an open side is open in every zone.
        beginning = None if start is None and low == first else low.replace(tzinfo=UTC)
        ending = None if end is None and high == last else high.replace(tzinfo=UTC)
        if found and found[-1].end == beginning:
            beginning = found.pop().start
        found.append(Interval(beginning, ending))
    return tuple(found)


def _constant_shifts(first: datetime, last: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Spans of UTC, and by how much the zone's clocks are ahead of it all through each."""
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
        # A moment that the zone would move out of the calendar is shown as it is (`csv_format.time_text`).
        return timedelta(0)


def _moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return _LAST if by > timedelta(0) else _FIRST


def time_text(moment: datetime, zone: tzinfo) -> str:
    """An aware moment as ``YYYY-MM-DD HH:MM:SS`` in `zone`; fractions of a second are cut off.

    A moment that `zone` would move out of the calendar is shown as it is.
    """
    with suppress(OverflowError):
        moment = moment.astimezone(zone)
    return moment.isoformat(" ", "seconds")[:19]
