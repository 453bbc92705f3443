"""The Python behind `sql_functions` on SQLite."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_export.application.csv_format import time_text
from ticket_export.application.formula_guard import guard

if TYPE_CHECKING:
    import sqlite3

_zone = lru_cache(maxsize=8)(ZoneInfo)


def register_functions(connection: sqlite3.Connection) -> None:
    """Make the functions known on this connection; once more does no harm."""
    for name, arguments, function in (
        ("lower", 1, _lower),
        ("contains", 2, _contains),
        ("starts_with", 2, _starts_with),
        ("ends_with", 2, _ends_with),
        ("joined_tags", 1, _joined_tags),
        ("guard", 1, _guard),
        ("local_time", 2, _local_time),
    ):
        connection.create_function(f"ticket_export_{name}", arguments, function, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _contains(text: str | None, needle: str) -> bool | None:
    return None if text is None else needle in text.lower()


def _starts_with(text: str | None, needle: str) -> bool | None:
    return None if text is None else text.lower().startswith(needle)


def _ends_with(text: str | None, needle: str) -> bool | None:
    return None if text is None else text.lower().endswith(needle)


def _guard(text: str | None) -> str | None:
    return None if text is None else guard(text)


def _joined_tags(stored: str | None) -> str | None:
    if stored is None:
        return None
    try:
        tags = json.loads(stored)
    except ValueError:
        return stored
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return stored
    joined = ", ".join(tags)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return stored  # JSON can spell half a surrogate pair, which no text of SQLite's can hold
    return joined


def _local_time(stored: str | None, zone: str) -> str | None:
    if stored is None:
        return None
    return time_text(datetime.fromisoformat(stored).replace(tzinfo=UTC), _zone(zone))
