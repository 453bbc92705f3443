"""The Python functions that `spellings` calls."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from inspect import signature
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from ticket_export.application.number_text import number_cell, number_text
from ticket_export.application.view.conditions import fold
from ticket_export.application.view.local_time import time_text
from ticket_export.infrastructure.persistence.sqlite_moments import read_moment, write_moment
from ticket_export.infrastructure.tickets.joined_tags import joined_tags, json_text

_zone = lru_cache(maxsize=8)(ZoneInfo)


def register_functions(connection: sqlite3.Connection) -> None:
    """Register the functions on this connection; repeating it does no harm. All return NULL for NULL."""
    for name, function in (
        ("fold", _fold),
        ("contains", _contains),
        ("starts_with", _starts_with),
        ("ends_with", _ends_with),
        ("joined_tags", _joined_tags),
        ("json_text", _json_text),
        ("uuid", _uuid),
        ("number", _number),
        ("is_true", _is_true),
        ("boolean", _boolean),
        ("local_time", _local_time),
        ("moment", _moment),
    ):
        parameters = signature(function).parameters.values()
        # SQLite's -1 is "any number".
        arguments = -1 if any(each.kind is each.VAR_POSITIONAL for each in parameters) else len(parameters)
        connection.create_function(f"ticket_export_{name}", arguments, function, deterministic=True)


# The texts that PostgreSQL reads as a boolean, in full.
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}

# A value from SQLite, which stores any value in any column, whatever the column's type.
_Stored: TypeAlias = str | int | float | bytes | None


def _text(stored: _Stored) -> str:
    return str(_decoded(stored))


def _decoded(stored: _Stored) -> str | int | float | None:
    return stored.decode(errors="replace") if isinstance(stored, bytes) else stored


def _fold(stored: _Stored) -> str | None:
    return None if stored is None else fold(_text(stored))


def _contains(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else needle in fold(_text(stored))


def _starts_with(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else fold(_text(stored)).startswith(needle)


def _ends_with(stored: _Stored, needle: str) -> bool | None:
    return None if stored is None else fold(_text(stored)).endswith(needle)


def _joined_tags(stored: _Stored) -> str | None:
    return None if stored is None else joined_tags(_text(stored))


def _json_text(stored: _Stored, *keys: str | int) -> str | None:
    return None if stored is None else json_text(_text(stored), keys)


def _uuid(stored: _Stored) -> str | None:
    if stored is None:
        return None
    text = _text(stored)
    try:
        return str(UUID(text))
    except ValueError:
        return text


def _number(stored: _Stored, is_float: int, scale: int) -> str | None:
    decoded = _decoded(stored)
    if decoded is None:
        return None
    number = number_cell(decoded, is_float=bool(is_float), scale=scale)
    return number if isinstance(number, str) else number_text(number)


def _is_true(stored: _Stored) -> bool | None:
    return None if stored is None else _BOOLEANS.get(_text(stored).strip().lower())


def _boolean(stored: _Stored) -> str | None:
    if stored is None:
        return None
    text = _text(stored)
    meant = _BOOLEANS.get(text.strip().lower())
    return text if meant is None else str(meant).lower()


def _local_time(stored: _Stored, zone: str) -> str | None:
    if stored is None:
        return None
    text = _text(stored)
    moment = read_moment(text)
    # A text that is not a moment stays as it is; the formula guard checks it.
    return text if moment is None else time_text(moment, _zone(zone))


def _moment(stored: _Stored) -> str | None:
    moment = None if stored is None else read_moment(_text(stored))
    return None if moment is None else write_moment(moment)
