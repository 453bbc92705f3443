"""Moments in SQLite, which stores them as texts in each program's own spelling."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

#: SQLAlchemy's spelling, for GLOB. Other spellings of this length have their offset in place of the last three digits.
USUAL: Final = "????-??-?? ??:??:??.?[0-9]?[0-9]?[0-9]"
# Ruby, Go and SQL write after the time: " UTC", " +0200", " +0000 UTC".
_OFFSET = re.compile(r" *(?:([+-]\d\d:?\d\d)(?: [A-Z]{3,5})?|UTC|GMT|Z) *$")


def read_moment(text: str) -> datetime | None:
    """Return the moment, aware and in UTC; None if the text is not a moment.

    A moment is ``YYYY-MM-DD``, then ``T`` or a blank and the time, in UTC unless an offset follows. Digits below the
    microsecond are cut off.
    """
    # ISO 8601 has other spellings of a day, but those do not sort as texts.
    if text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(_OFFSET.sub(lambda found: found[1] or "+00:00", text, count=1))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """Return the moment as SQLAlchemy stores it, in UTC: ``YYYY-MM-DD HH:MM:SS.ffffff``. These texts sort by time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def is_usual_moment(cell: str) -> str:
    """Return SQLite's test for a text in the spelling of `write_moment`. `cell` is SQL."""
    return f"{cell} GLOB '{USUAL}'"
