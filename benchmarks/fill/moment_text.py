"""Writes moments as databases read them, from parts that repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES: Final = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))


def moment_text(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM:SS.ffffff`` in UTC, at a third of the cost of `datetime.isoformat`.

    Raises:
        TypeError: the moment is naive; its zone is unknown.
    """
    since = moment - _EPOCH
    minute, second = divmod(since.seconds, 60)
    return "%s %s:%02d.%06d" % (_day(since.days), _MINUTES[minute], second, since.microseconds)  # noqa: UP031 - faster


@lru_cache(1_000)
def _day(days: int) -> str:
    return (_EPOCH.date() + timedelta(days)).isoformat()
