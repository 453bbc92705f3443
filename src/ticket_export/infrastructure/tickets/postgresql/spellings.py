"""How PostgreSQL spells the `sql_functions`; `tags` spells `JoinedTags`, `moments` spells `TimeText`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, Float, Integer, Numeric, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from ticket_export.infrastructure.tickets import sql_functions as sql
from ticket_export.infrastructure.tickets.postgresql import moments, tags  # noqa: F401 - registers their spellings
from ticket_export.infrastructure.tickets.sql_types import scale_of, underlying

#: The first release with built-in collations, which fold the same letters on every machine.
_OWN_COLLATIONS = (17,)


@compiles(sql.Folded, "postgresql")
def _folded(element: sql.Folded, compiler: SQLCompiler, **kw: Any) -> str:
    return _fold(compiler, compiler.process(element.clauses, **kw))


@compiles(sql.Contains, "postgresql")
def _contains(element: sql.Contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = sql.arguments(element, compiler, **kw)
    return f"(position({needle} IN {_fold(compiler, text)}) > 0)"


@compiles(sql.StartsWith, "postgresql")
def _starts_with(element: sql.StartsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = sql.arguments(element, compiler, **kw)
    return f"starts_with({_fold(compiler, text)}, {needle})"


@compiles(sql.EndsWith, "postgresql")
def _ends_with(element: sql.EndsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = sql.arguments(element, compiler, **kw)
    return f"(right({_fold(compiler, text)}, length({needle})) = {needle})"


def _fold(compiler: SQLCompiler, text: str) -> str:
    # Only one capital becomes two letters in lower case; PostgreSQL's simple mapping does not know it.
    version = compiler.dialect.server_version_info or _OWN_COLLATIONS
    collation = "pg_c_utf8" if version >= _OWN_COLLATIONS else "und-x-icu"
    # On the text itself: replace() fails in a column's non-deterministic collation.
    expanded = f"replace(({text}) COLLATE \"{collation}\", U&'\\0130', U&'i\\0307')"
    return f"replace(lower({expanded}), U&'\\03C2', U&'\\03C3')"


@compiles(sql.MomentKey, "postgresql")
@compiles(sql.DayText, "postgresql")
def _unchanged(element: sql.MomentKey | sql.DayText, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(sql.MomentFrom, "postgresql")
@compiles(sql.MomentBefore, "postgresql")
def _moment_compares(element: sql.MomentFrom | sql.MomentBefore, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, _ = element.clauses
    operator = ">=" if isinstance(element, sql.MomentFrom) else "<"
    return f"({compiler.process(cell, **kw)} {operator} {compiler.process(bound, **kw)})"


@compiles(sql.UuidText, "postgresql")
def _uuid_text(element: sql.UuidText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    stored, kept = compiler.process(cell, **kw), underlying(cell.type)
    if isinstance(kept, Uuid) and not kept.native_uuid:
        # A text. CASE applies the cast only to a UUID.
        text = f'(CAST({stored} AS text) COLLATE "C")'
        return f"(CASE WHEN {text} ~ '{_UUID}' THEN CAST(CAST({text} AS uuid) AS text) ELSE {text} END)"
    return f"CAST({stored} AS text)"


# A text that both PostgreSQL and Python read as a UUID.
_UUID = "^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"


@compiles(sql.BooleanText, "postgresql")
def _boolean_text(element: sql.BooleanText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS text)"


@compiles(sql.NumberText, "postgresql")
def _number_text(element: sql.NumberText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    number, shown = f"({compiler.process(cell, **kw)})", underlying(cell.type)
    if isinstance(shown, Float):
        number = f"{_double(number, shown)} + 0"  # minus zero becomes zero
    elif isinstance(shown, Numeric):
        scale = scale_of(shown)
        number = f"round({number}, greatest(min_scale({number}), {scale}))" if scale else f"trim_scale({number})"
    return f"CAST({number} AS text)"


@compiles(sql.NumberCell, "postgresql")
def _number_cell(element: sql.NumberCell, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    is_written_right = isinstance(underlying(cell.type), Integer)
    return compiler.process(cell if is_written_right else sql.NumberText(cell), **kw)


@compiles(sql.DoubleNumber, "postgresql")
def _double_number(element: sql.DoubleNumber, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    return _double(f"({compiler.process(cell, **kw)})", underlying(cell.type))


def _double(number: str, shown: TypeEngine[Any]) -> str:
    # With the digits of the real, not with those of the nearest double.
    return f"CAST(CAST({number} AS text) AS double precision)" if isinstance(shown, REAL) else number


@compiles(sql.IsNumber, "postgresql")
def _is_number(_element: sql.IsNumber, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "true"


@compiles(sql.IsTrue, "postgresql")
@compiles(sql.HostsCondition, "postgresql")
@compiles(sql.UuidKey, "postgresql")
@compiles(sql.StoredText, "postgresql")
@compiles(sql.ComparedText, "postgresql")
@compiles(sql.LooselyCollated, "postgresql")
def _in_parentheses(element: sql.SqlFunction[Any], compiler: SQLCompiler, **kw: Any) -> str:
    # Without them, what follows would apply only to the last part of a condition of OR, or of a text of ||.
    return f"({compiler.process(element.clauses, **kw)})"


@compiles(sql.ExactText, "postgresql")
def _exact_text(element: sql.ExactText, compiler: SQLCompiler, **kw: Any) -> str:
    return f'({_in_parentheses(element, compiler, **kw)} COLLATE "C")'
