"""What an export needs of SQL beyond SQLAlchemy's own, each with its meaning and its spelling by database.

The meaning is that of the Python it stands for, so that every source gives the same rows and bytes.
A database without a spelling here is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class Folded(FunctionElement[str]):
    """``fold(text)``."""

    type = Text()
    inherit_cache = True


class Contains(FunctionElement[bool]):
    """``needle in fold(text)``, of (text, needle)."""

    type = Boolean()
    inherit_cache = True


class StartsWith(FunctionElement[bool]):
    """``fold(text).startswith(needle)``, of (text, needle)."""

    type = Boolean()
    inherit_cache = True


class EndsWith(FunctionElement[bool]):
    """``fold(text).endswith(needle)``, of (text, needle)."""

    type = Boolean()
    inherit_cache = True


class JoinedTags(FunctionElement[str]):
    """A JSON array of texts as one text, joined with ``", "``; anything else as it stands."""

    type = Text()
    inherit_cache = True


class TimeText(FunctionElement[str]):
    """``time_text(moment, UTC)``, of (moment), or ``time_text(moment, zone)``, of (moment, zone name)."""

    type = Text()
    inherit_cache = True


class UuidText(FunctionElement[str]):
    """``str(uuid)``."""

    type = Text()
    inherit_cache = True


_ELEMENTS = (Folded, Contains, StartsWith, EndsWith, JoinedTags, TimeText, UuidText)


def _refuse(element: FunctionElement[Any], compiler: SQLCompiler, **_kw: object) -> str:
    raise UnsupportedDialectError(
        f"tickets cannot be read from {compiler.dialect.name}: {type(element).__name__} has no spelling there"
    )


for _every in _ELEMENTS:
    compiles(_every)(_refuse)


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


# SQLite's own lower() knows only ASCII and its length() stops at a NUL, so text is left to Python
# functions, which sqlite_functions.py registers under these names.
_SQLITE_CALLS: dict[type[FunctionElement[Any]], str] = {
    Folded: "ticket_export_fold",
    Contains: "ticket_export_contains",
    StartsWith: "ticket_export_starts_with",
    EndsWith: "ticket_export_ends_with",
    JoinedTags: "ticket_export_joined_tags",
}


def _sqlite_call(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return f"{_SQLITE_CALLS[type(element)]}({', '.join(_arguments(element, compiler, **kw))})"


for _called in _SQLITE_CALLS:
    compiles(_called, "sqlite")(_sqlite_call)


@compiles(TimeText, "sqlite")
def _sqlite_time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    arguments = _arguments(element, compiler, **kw)
    if len(arguments) == 1:
        (cell,) = arguments
        others = f"ticket_export_local_time({cell}, 'UTC')"
        return f"CASE WHEN {is_usual_moment(cell)} THEN substr({cell}, 1, 19) ELSE {others} END"
    return f"ticket_export_local_time({', '.join(arguments)})"


@compiles(UuidText, "sqlite")
def _sqlite_uuid_text(element: UuidText, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLAlchemy stores 32 hexadecimal digits.
    (digits,) = _arguments(element, compiler, **kw)
    ends = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
    return "(" + " || '-' || ".join(f"substr({digits}, {start}, {length})" for start, length in ends) + ")"
