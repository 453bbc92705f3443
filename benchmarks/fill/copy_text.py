"""Writes values in the text format of PostgreSQL's COPY.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Boolean, Integer
from sqlalchemy.types import TypeEngine

from benchmarks.fill.moment_text import moment_text
from ticket_export.infrastructure.persistence.types import UtcDateTime

_NULL: Final = "\\N"
# The only special characters: the escape itself, the end of a cell and the ends of a row. The escape comes first, or it
# would escape the other escapes.
_ESCAPES: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_REMEMBERED: Final = 2_000


def cell_writer(kind: TypeEngine[object]) -> Callable[[Any], str]:
    """The function that writes the values of a column of that type; the server reads the text as that type."""
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, Integer):
        return _number
    # Numbers and moments are all different; all other values repeat.
    return lru_cache(_REMEMBERED)(_flag if isinstance(kind, Boolean) else _text)


def _moment(value: datetime | None) -> str:
    # A timestamp ignores the offset; without it, a timestamptz would be read in the session's zone.
    return _NULL if value is None else moment_text(value) + "+00"


def _number(value: int | None) -> str:
    return _NULL if value is None else str(value)


def _flag(value: bool | None) -> str:
    return _NULL if value is None else "t" if value else "f"


def _text(value: object) -> str:
    if value is None:
        return _NULL
    text = str(value)
    # A third of the cost of `str.translate`.
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text
