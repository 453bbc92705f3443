"""A value in the text format of PostgreSQL's COPY.

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
# Only these mean something: between cells, between rows, and before what is meant literally. That comes first,
# or it would escape the others' escapes.
_ESCAPES: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_REMEMBERED: Final = 2_000


def cell_writer(kind: TypeEngine[object]) -> Callable[[Any], str]:
    """What writes the values of a column of that type; the server reads the text as that type."""
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, Integer):
        return _number
    # Not so the numbers and the moments, which are all different: the rest comes back again and again.
    return lru_cache(_REMEMBERED)(_flag if isinstance(kind, Boolean) else _text)


def _moment(value: datetime | None) -> str:
    # A timestamp ignores the offset; a timestamptz would else be read in the session's zone.
    return _NULL if value is None else moment_text(value) + "+00"


def _number(value: int | None) -> str:
    return _NULL if value is None else str(value)


def _flag(value: bool | None) -> str:
    return _NULL if value is None else "t" if value else "f"


def _text(value: object) -> str:
    if value is None:
        return _NULL
    text = str(value)
    # A third of the price of `str.translate`.
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text
