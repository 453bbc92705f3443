"""What an export needs of SQL beyond SQLAlchemy's own, each with its meaning and its spelling by database.

The meaning is that of the Python it stands for, so that every source gives the same rows and bytes.
A database without a spelling here is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import iterate

from ticket_export.application.formula_guard import SUSPECTS
from ticket_export.errors import UnsupportedDialectError

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


class Guarded(FunctionElement[str]):
    """``guard(text)``, the formula guard."""

    type = Text()
    inherit_cache = True


class GuardedNumber(FunctionElement[Any]):
    """A number as it is. Where a database keeps text in a column of numbers, that text is guarded."""

    inherit_cache = True


class TimeText(FunctionElement[str]):
    """``time_text(moment, UTC)``, of (moment), or ``time_text(moment, zone)``, of (moment, zone name)."""

    type = Text()
    inherit_cache = True


class UuidText(FunctionElement[str]):
    """``str(uuid)``."""

    type = Text()
    inherit_cache = True


_ELEMENTS = (Folded, Contains, StartsWith, EndsWith, JoinedTags, Guarded, GuardedNumber, TimeText, UuidText)


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


def _without_suspects(first: str) -> str:
    """The stretch from `first` on in which no suspect lies: two comparisons where the list takes a search."""
    return f"BETWEEN {ord(first)} AND {min(ord(suspect) for suspect in SUSPECTS if suspect > first) - 1}"


_SUSPECT_CODES = ", ".join(str(code) for code in sorted(map(ord, SUSPECTS)))


@compiles(Guarded, "sqlite")
def _sqlite_guarded(element: Guarded, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = _arguments(element, compiler, **kw)
    call = f"ticket_export_guard({text})"
    if any(type(part) in _SQLITE_CALLS for part in iterate(element.clauses)):
        return call  # naming it twice would call Python twice, which costs more than the look saves
    # Almost every cell is cleared by one look at its first character, in C. unicode() is NULL for
    # the empty text, and for one that begins with NUL.
    return (
        f"CASE WHEN unicode({text}) {_without_suspects('A')} THEN {text} "
        f"WHEN unicode({text}) {_without_suspects('0')} THEN {text} "
        f"WHEN unicode({text}) NOT IN ({_SUSPECT_CODES}) THEN {text} "
        f"WHEN {text} IS NULL OR {text} = '' THEN {text} ELSE {call} END"
    )


@compiles(GuardedNumber, "sqlite")
def _sqlite_guarded_number(element: GuardedNumber, compiler: SQLCompiler, **kw: Any) -> str:
    (number,) = _arguments(element, compiler, **kw)
    return f"CASE typeof({number}) WHEN 'text' THEN ticket_export_guard({number}) ELSE {number} END"


@compiles(TimeText, "sqlite")
def _sqlite_time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    arguments = _arguments(element, compiler, **kw)
    if len(arguments) == 1:
        # SQLAlchemy stores "YYYY-MM-DD HH:MM:SS.ffffff".
        return f"substr({arguments[0]}, 1, 19)"
    return f"ticket_export_local_time({', '.join(arguments)})"


@compiles(UuidText, "sqlite")
def _sqlite_uuid_text(element: UuidText, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLAlchemy stores 32 hexadecimal digits.
    (digits,) = _arguments(element, compiler, **kw)
    ends = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
    return "(" + " || '-' || ".join(f"substr({digits}, {start}, {length})" for start, length in ends) + ")"
