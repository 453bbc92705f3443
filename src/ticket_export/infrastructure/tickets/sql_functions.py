"""What an export needs of SQL beyond SQLAlchemy's own, each with its meaning and its spelling by database.

The meaning is that of the Python it stands for, so that every source gives the same rows and bytes.
A database without a spelling here is refused by name.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, Boolean, ColumnElement, Dialect, Double, Float, Numeric, Text, TypeDecorator, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment


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
    """JSON tags as one text: a list of texts joined with ``", "``, anything else as `joined_tags` says.

    The column may be ``JSON``, ``JSONB`` or a text that holds JSON.
    """

    type = Text()
    inherit_cache = True


class TimeText(FunctionElement[str]):
    """``time_text(moment, UTC)``, of (moment), or ``time_text(moment, zone)``, of (moment, zone name)."""

    type = Text()
    inherit_cache = True


class UuidText(FunctionElement[str]):
    """``str(UUID(stored))``; what is not a UUID as it stands."""

    type = Text()
    inherit_cache = True


class _UuidSpelling(TypeDecorator[UUID]):
    """A UUID as `UuidText` writes it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        """UUID to text."""
        return None if value is None else str(value)


class UuidKey(FunctionElement[UUID]):
    """A UUID to compare with others, in whatever spelling it is stored."""

    type = Uuid().with_variant(_UuidSpelling(), "sqlite")
    inherit_cache = True


class NumberText(FunctionElement[str]):
    """``float_text(number)`` of a floating-point expression, ``decimal_text(number, scale)`` of another."""

    type = Text()
    inherit_cache = True


class NumberCell(FunctionElement[Any]):
    """`NumberText`, or on SQLite the number itself, which its reader writes so."""

    inherit_cache = True


class DoubleNumber(FunctionElement[float]):
    """A floating-point number as a double, with the digits that it is written with."""

    type = Double()
    inherit_cache = True


class IsNumber(FunctionElement[bool]):
    """Whether what is stored is a number; SQLite may store a text in a column of numbers."""

    type = Boolean()
    inherit_cache = True


class BooleanText(FunctionElement[str]):
    """``true`` or ``false``; what is not a boolean as it stands."""

    type = Text()
    inherit_cache = True


class IsTrue(FunctionElement[bool]):
    """Whether a boolean is true; NULL for what is not a boolean."""

    type = Boolean()
    inherit_cache = True


class StoredText(FunctionElement[str]):
    """A text as it is stored, in the collation of its column; SQLite may keep it as a BLOB."""

    # Not the cell's type: a host's TypeDecorator would convert the texts that a user compares with.
    type = Text()
    inherit_cache = True


class ExactText(StoredText):
    """The same, in the collation that takes no two texts for one."""

    inherit_cache = True


class ComparedText(StoredText):
    """The same, such that an index on the column answers whether it is one of some texts."""

    inherit_cache = True


class LooselyCollated(StoredText):
    """A text in a collation that may take two texts for one; it is compared as `ExactText`."""

    inherit_cache = True


_ELEMENTS = (
    *(Folded, Contains, StartsWith, EndsWith, JoinedTags, TimeText, UuidText, UuidKey, NumberText),
    *(NumberCell, DoubleNumber, IsNumber, BooleanText, IsTrue, StoredText, ExactText, ComparedText, LooselyCollated),
)


def _refuse(element: FunctionElement[Any], compiler: SQLCompiler, **_kw: object) -> str:
    raise UnsupportedDialectError(
        f"tickets cannot be read from {compiler.dialect.name}: {type(element).__name__} has no spelling there"
    )


for _every in _ELEMENTS:
    compiles(_every)(_refuse)


def declared_type(expression: ColumnElement[Any]) -> TypeEngine[Any]:
    """The expression's type, without what a host may have wrapped around it."""
    found: TypeEngine[Any] = expression.type
    return found.impl_instance if isinstance(found, TypeDecorator) else found


def scale_of(type_: TypeEngine[Any]) -> int:
    """How many decimals a number of that type has at least."""
    return max(type_.scale or 0, 0) if isinstance(type_, Numeric) else 0


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


# SQLite's own lower() knows only ASCII and its length() stops at a NUL, so text is left to Python
# functions, which sqlite_functions.py registers under these names.
_SQLITE_CALLS: dict[type[FunctionElement[Any]], str] = {
    Folded: "fold",
    Contains: "contains",
    StartsWith: "starts_with",
    EndsWith: "ends_with",
    JoinedTags: "joined_tags",
}


def _sqlite_call(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    stored, *others = _arguments(element, compiler, **kw)
    # Python's driver does not hand a text that is not UTF-8 to a function, but it does hand over a BLOB.
    return _sqlite_function(_SQLITE_CALLS[type(element)], f"CAST({stored} AS BLOB)", *others)


def _sqlite_function(name: str, *arguments: str) -> str:
    return f"ticket_export_{name}({', '.join(arguments)})"


for _called in _SQLITE_CALLS:
    compiles(_called, "sqlite")(_sqlite_call)


@compiles(UuidText, "sqlite")
@compiles(UuidKey, "sqlite")
def _sqlite_uuid_text(element: UuidText | UuidKey, compiler: SQLCompiler, **kw: Any) -> str:
    (stored,) = _arguments(element, compiler, **kw)
    # The 16 bytes themselves, in network order, or a text.
    is_binary = f"typeof({stored}) = 'blob' AND length({stored}) = 16"
    return _sqlite_function("uuid", f"CASE WHEN {is_binary} THEN hex({stored}) ELSE CAST({stored} AS BLOB) END")


@compiles(NumberText, "sqlite")
def _sqlite_number_text(element: NumberText, compiler: SQLCompiler, **kw: Any) -> str:
    (number,) = element.clauses
    stored, shown = compiler.process(number, **kw), declared_type(number)
    value = f"CASE typeof({stored}) WHEN 'text' THEN CAST({stored} AS BLOB) ELSE {stored} END"
    return _sqlite_function("number", value, str(int(isinstance(shown, Float))), str(scale_of(shown)))


@compiles(IsNumber, "sqlite")
def _sqlite_is_number(element: IsNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(typeof({compiler.process(element.clauses, **kw)}) IN ('integer', 'real'))"


@compiles(DoubleNumber, "sqlite")
def _sqlite_double_number(element: DoubleNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(NumberCell, "sqlite")
def _sqlite_number_cell(element: NumberCell, compiler: SQLCompiler, **kw: Any) -> str:
    # Whether it is a number, which needs no guard, or a text is seen by its type; the reader writes it then.
    stored = compiler.process(element.clauses, **kw)
    return f"CASE typeof({stored}) WHEN 'blob' THEN CAST({stored} AS TEXT) ELSE {stored} END"


@compiles(BooleanText, "sqlite")
def _sqlite_boolean_text(element: BooleanText, compiler: SQLCompiler, **kw: Any) -> str:
    (stored,) = _arguments(element, compiler, **kw)
    return _sqlite_function(
        "boolean",
        f"CASE WHEN typeof({stored}) IN ('integer', 'real') THEN {stored} <> 0 ELSE CAST({stored} AS BLOB) END",
    )


@compiles(IsTrue, "sqlite")
def _sqlite_is_true(element: IsTrue, compiler: SQLCompiler, **kw: Any) -> str:
    (stored,) = _arguments(element, compiler, **kw)
    of_text = _sqlite_function("is_true", f"CAST({stored} AS BLOB)")
    return f"(CASE WHEN typeof({stored}) IN ('integer', 'real') THEN {stored} <> 0 ELSE {of_text} END)"


@compiles(StoredText, "sqlite")
@compiles(LooselyCollated, "sqlite")
def _sqlite_stored_text(element: StoredText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    text = f"CAST({compiler.process(cell, **kw)} AS TEXT)"
    # Another database fills a CHAR(n) up with blanks, which nobody has typed, and takes them away again.
    return f"rtrim({text}, ' ')" if isinstance(declared_type(cell), CHAR) else text


@compiles(ExactText, "sqlite")
@compiles(ComparedText, "sqlite")
def _sqlite_exact_text(element: ExactText | ComparedText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_sqlite_stored_text(element, compiler, **kw)} COLLATE BINARY)"


@compiles(TimeText, "sqlite")
def _sqlite_time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    cell, *zone = _arguments(element, compiler, **kw)
    local = _sqlite_function("local_time", f"CAST({cell} AS BLOB)", *(zone or ["'UTC'"]))
    if zone:
        return local
    return f"CASE WHEN {is_usual_moment(cell)} THEN CAST(substr({cell}, 1, 19) AS TEXT) ELSE {local} END"
