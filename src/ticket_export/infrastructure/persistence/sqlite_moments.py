"""Moments that other programs have written into SQLite, which keeps them as texts in the spelling of each."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# SQLAlchemy's spelling. No offset of another that is as long leaves digits in these three places behind the point.
_USUAL = "????-??-?? ??:??:??.?[0-9]?[0-9]?[0-9]"
# What Ruby, Go and SQL write behind the time: " UTC", " +0200", " +0000 UTC".
_OFFSET = re.compile(r" *(?:([+-]\d\d:?\d\d)(?: [A-Z]{3,5})?|UTC|GMT|Z) *$")


def read_moment(text: str) -> datetime | None:
    """The moment, aware and in UTC; None if the text is not one.

    A moment begins with ``YYYY-MM-DD``, then ``T`` or a blank and the time, in UTC unless an offset follows. What is
    shorter than a microsecond is cut off.
    """
    # ISO 8601 has other days too, but those do not sort as texts.
    if text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(_OFFSET.sub(lambda found: found[1] or "+00:00", text, count=1))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """An aware moment as SQLAlchemy stores it, in UTC: ``YYYY-MM-DD HH:MM:SS.ffffff``; these sort as texts."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def is_usual_moment(cell: str) -> str:
    """SQLite's test for a text in the spelling of `write_moment`; `cell` is SQL."""
    return f"{cell} GLOB '{_USUAL}'"
