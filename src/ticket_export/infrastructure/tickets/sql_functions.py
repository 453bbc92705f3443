"""The SQL functions that an export needs beyond SQLAlchemy's own, each with its meaning.

The meaning is that of the quoted Python code, so that every source returns the same rows and bytes. The spellings are
in `postgresql.spellings`, `postgresql.tags` and `sqlite.spellings`. Compiling a function for another database raises
`UnsupportedDialectError`.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Dialect, Double, Text, TypeDecorator, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

from ticket_export.errors import UnsupportedDialectError

T = TypeVar("T")


def _refuse(element: FunctionElement[Any], compiler: SQLCompiler, **_kw: object) -> str:
    raise UnsupportedDialectError(
        f"tickets cannot be read from {compiler.dialect.name}: {type(element).__name__} has no spelling there"
    )


class SqlFunction(FunctionElement[T]):
    """A function with a spelling of its own in each database."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # SQLAlchemy looks at the class itself, not at its bases.
        cls.inherit_cache = True
        compiles(cls)(_refuse)


def arguments(element: SqlFunction[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    """The SQL of each argument."""
    return [compiler.process(clause, **kw) for clause in element.clauses]


class _Condition(SqlFunction[bool]):
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Add nothing: for SQLite, SQLAlchemy would write ``(…) = 1``, and no index would be used."""
        return self


class Folded(SqlFunction[str]):
    """``fold(text)``."""

    type = Text()


class Contains(SqlFunction[bool]):
    """``needle in fold(text)``, of (text, needle)."""

    type = Boolean()


class StartsWith(SqlFunction[bool]):
    """``fold(text).startswith(needle)``, of (text, needle)."""

    type = Boolean()


class EndsWith(SqlFunction[bool]):
    """``fold(text).endswith(needle)``, of (text, needle)."""

    type = Boolean()


class JoinedTags(SqlFunction[str]):
    """JSON tags as one text: a list of texts joined with ``", "``, anything else as described in `joined_tags`.

    The column may be ``JSON``, ``JSONB`` or a text that holds JSON.
    """

    type = Text()


class JsonText(SqlFunction[str]):
    """The value at the end of a path in JSON as one text, of (JSON, key, …).

    A text key is one of an object. An integer, which must be a ``literal_column``, is the place in a list, from its end
    if it is negative. A text is shown as it is, and anything else as `JoinedTags` shows it. What is missing is NULL.
    The column is ``JSONB``; on SQLite it is a text that holds JSON.
    """

    type = Text()


class TimeText(SqlFunction[str]):
    """``time_text(moment, UTC)``, of (moment), or ``time_text(moment, zone)``, of (moment, zone name)."""

    type = Text()


class MomentFrom(_Condition):
    """``moment >= bound``, of (moment, bound, the first day that a text of such a moment can begin with)."""


class MomentBefore(_Condition):
    """``moment < bound``, of (moment, bound, the first day that no text of such a moment can begin with)."""


class MomentKey(SqlFunction[Any]):
    """The sort key of a moment; on SQLite NULL for a text that is not a moment."""

    type = DateTime()


class DayText(SqlFunction[str]):
    """``YYYY-MM-DD``; a value that is not a day stays as it is."""

    type = Text()


class UuidText(SqlFunction[str]):
    """``str(UUID(stored))``; a value that is not a UUID stays as it is."""

    type = Text()


class _UuidSpelling(TypeDecorator[UUID]):
    """A UUID as `UuidText` writes it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        """Convert the UUID to text."""
        return None if value is None else str(value)


class UuidKey(SqlFunction[UUID]):
    """A UUID to compare with others, in whatever spelling it is stored."""

    type = Uuid().with_variant(_UuidSpelling(), "sqlite")


class NumberText(SqlFunction[str]):
    """``float_text(number)`` of a floating-point expression, ``decimal_text(number, scale)`` of another."""

    type = Text()


class NumberCell(SqlFunction[Any]):
    """`NumberText`; on SQLite the number itself, which the reader writes in the same way."""


class DoubleNumber(SqlFunction[float]):
    """A floating-point number as a double, with the digits that it is written with."""

    type = Double()


class IsNumber(SqlFunction[bool]):
    """Whether the stored value is a number; SQLite may store a text in a column of numbers."""

    type = Boolean()


class BooleanText(SqlFunction[str]):
    """``true`` or ``false``; a value that is not a boolean stays as it is."""

    type = Text()


class IsTrue(SqlFunction[bool]):
    """Whether a boolean is true; NULL for a value that is not a boolean."""

    type = Boolean()


class HostsCondition(_Condition):
    """A condition of the host as it is, in parentheses: it may have an OR that SQLAlchemy cannot see."""


class StoredText(SqlFunction[str]):
    """A text as it is stored, in the collation of its column; SQLite may store it as a BLOB."""

    # Not the cell's type: a host's TypeDecorator would convert the texts that a user compares with.
    type = Text()


class ExactText(StoredText):
    """The same text in a collation in which no two different texts are equal."""


class ComparedText(StoredText):
    """The same text, for the question whether it is one of some texts; an index on the column answers it."""


class LooselyCollated(StoredText):
    """A text in a collation in which different texts may be equal; it is compared as `ExactText`."""
