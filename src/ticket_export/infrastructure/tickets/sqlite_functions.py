"""The Python behind `sql_functions` on SQLite."""

from __future__ import annotations

import json
from functools import lru_cache
from inspect import signature
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from ticket_export.application.csv_format import time_text
from ticket_export.application.text_folding import fold
from ticket_export.infrastructure.persistence.sqlite_moments import read_moment, write_moment

if TYPE_CHECKING:
    import sqlite3

_zone = lru_cache(maxsize=8)(ZoneInfo)


def register_functions(connection: sqlite3.Connection) -> None:
    """Make the functions known on this connection; once more does no harm. All give NULL for NULL."""
    for name, function in (
        ("fold", _fold),
        ("contains", _contains),
        ("starts_with", _starts_with),
        ("ends_with", _ends_with),
        ("joined_tags", _joined_tags),
        ("local_time", _local_time),
        ("moment", _moment),
    ):
        arguments = len(signature(function).parameters)
        connection.create_function(f"ticket_export_{name}", arguments, function, deterministic=True)


# What SQLite hands over: it keeps any value in any column, whatever type the column was given.
_Stored: TypeAlias = str | int | float | bytes | None


def _text(stored: _Stored) -> str:
    return stored.decode(errors="replace") if isinstance(stored, bytes) else str(stored)


def _fold(stored: _Stored) -> str | None:
    return None if stored is None else fold(_text(stored))


def _contains(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else needle in fold(_text(stored))


def _starts_with(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else fold(_text(stored)).startswith(needle)


def _ends_with(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else fold(_text(stored)).endswith(needle)


def _joined_tags(stored: _Stored) -> str | None:
    if stored is None:
        return None
    text = _text(stored)
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if tags is None:
        return None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return text
    joined = ", ".join(tags)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return text  # JSON can spell half a surrogate pair, which no text of SQLite's can hold
    return joined


def _local_time(stored: _Stored, zone: str) -> str | None:
    if stored is None:
        return None
    text = _text(stored)
    moment = read_moment(text)
    # What is not a moment is shown as it stands; the guard sees to what it may be instead.
    return text if moment is None else time_text(moment, _zone(zone))


def _moment(stored: _Stored) -> str | None:
    moment = read_moment(stored) if isinstance(stored, str) else None
    return None if moment is None else write_moment(moment)
