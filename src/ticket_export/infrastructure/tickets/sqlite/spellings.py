"""How SQLite spells the `sql_functions`.

SQLite's own lower() knows only ASCII, its length() stops at a NUL, and it stores any value in any column. Texts go to
the Python functions of `functions`, as a BLOB: Python's driver does not hand over a text that is not UTF-8.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import CHAR, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment
from ticket_export.infrastructure.tickets import sql_functions as sql
from ticket_export.infrastructure.tickets.sql_types import scale_of, underlying
from ticket_export.infrastructure.tickets.sqlite.usual_moments import UsualMoment

_NAMES: Final[dict[type[sql.SqlFunction[Any]], str]] = {
    sql.Folded: "fold",
    sql.Contains: "contains",
    sql.StartsWith: "starts_with",
    sql.EndsWith: "ends_with",
    sql.JoinedTags: "joined_tags",
    sql.JsonText: "json_text",
}


def _of_text(element: sql.SqlFunction[Any], compiler: SQLCompiler, **kw: Any) -> str:
    stored, *others = sql.arguments(element, compiler, **kw)
    return _call(_NAMES[type(element)], f"CAST({stored} AS BLOB)", *others)


for _named in _NAMES:
    compiles(_named, "sqlite")(_of_text)


def _call(name: str, *arguments: str) -> str:
    return f"ticket_export_{name}({', '.join(arguments)})"


@compiles(sql.TimeText, "sqlite")
def _time_text(element: sql.TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    cell, *zone = sql.arguments(element, compiler, **kw)
    local = _call("local_time", f"CAST({cell} AS BLOB)", *(zone or ["'UTC'"]))
    if zone:
        return local
    if isinstance(element.clauses.clauses[0].type, UsualMoment):
        return f"substr({cell}, 1, 19)"
    return f"CASE WHEN {is_usual_moment(cell)} THEN CAST(substr({cell}, 1, 19) AS TEXT) ELSE {local} END"


# A moment is a text in the spelling of the program that wrote it. Nearly all are in SQLAlchemy's spelling, which sorts
# as it is; a Python function rewrites the others.
def _key(cell: str) -> str:
    return f"CASE WHEN {is_usual_moment(cell)} THEN {cell} ELSE {_call('moment', f'CAST({cell} AS BLOB)')} END"


@compiles(sql.MomentKey, "sqlite")
def _moment_key(element: sql.MomentKey, compiler: SQLCompiler, **kw: Any) -> str:
    (moment,) = element.clauses
    cell = compiler.process(moment, **kw)
    return cell if isinstance(moment.type, UsualMoment) else _key(cell)


@compiles(sql.MomentFrom, "sqlite")
def _moment_from(element: sql.MomentFrom, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, earliest = sql.arguments(element, compiler, **kw)
    return f"({cell} >= {earliest} AND {_key(cell)} >= {bound})"


@compiles(sql.MomentBefore, "sqlite")
def _moment_before(element: sql.MomentBefore, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, latest = sql.arguments(element, compiler, **kw)
    return f"({cell} < {latest} AND {_key(cell)} < {bound})"


@compiles(sql.DayText, "sqlite")
def _day_text(element: sql.DayText, compiler: SQLCompiler, **kw: Any) -> str:
    # Some programs write the time of midnight behind the day.
    cell = compiler.process(element.clauses, **kw)
    day = f"CASE WHEN {cell} GLOB '????-??-??[ T]*' THEN substr({cell}, 1, 10) ELSE {cell} END"
    return f"CAST({day} AS TEXT)"


@compiles(sql.UuidText, "sqlite")
@compiles(sql.UuidKey, "sqlite")
def _uuid_text(element: sql.UuidText | sql.UuidKey, compiler: SQLCompiler, **kw: Any) -> str:
    stored = compiler.process(element.clauses, **kw)
    # The 16 bytes themselves, in network order, or a text.
    is_binary = f"typeof({stored}) = 'blob' AND length({stored}) = 16"
    return _call("uuid", f"CASE WHEN {is_binary} THEN hex({stored}) ELSE CAST({stored} AS BLOB) END")


@compiles(sql.NumberText, "sqlite")
def _number_text(element: sql.NumberText, compiler: SQLCompiler, **kw: Any) -> str:
    (number,) = element.clauses
    stored, shown = compiler.process(number, **kw), underlying(number.type)
    value = f"CASE typeof({stored}) WHEN 'text' THEN CAST({stored} AS BLOB) ELSE {stored} END"
    return _call("number", value, str(int(isinstance(shown, Float))), str(scale_of(shown)))


@compiles(sql.NumberCell, "sqlite")
def _number_cell(element: sql.NumberCell, compiler: SQLCompiler, **kw: Any) -> str:
    # The reader tells a number, which needs no guard, from a text by its type, and writes it.
    stored = compiler.process(element.clauses, **kw)
    return f"CASE typeof({stored}) WHEN 'blob' THEN CAST({stored} AS TEXT) ELSE {stored} END"


@compiles(sql.DoubleNumber, "sqlite")
def _double_number(element: sql.DoubleNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(sql.IsNumber, "sqlite")
def _is_number(element: sql.IsNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_is_number_in(compiler.process(element.clauses, **kw))})"


def _is_number_in(stored: str) -> str:
    return f"typeof({stored}) IN ('integer', 'real')"


@compiles(sql.BooleanText, "sqlite")
def _boolean_text(element: sql.BooleanText, compiler: SQLCompiler, **kw: Any) -> str:
    stored = compiler.process(element.clauses, **kw)
    return _call("boolean", f"CASE WHEN {_is_number_in(stored)} THEN {stored} <> 0 ELSE CAST({stored} AS BLOB) END")


@compiles(sql.IsTrue, "sqlite")
def _is_true(element: sql.IsTrue, compiler: SQLCompiler, **kw: Any) -> str:
    stored = compiler.process(element.clauses, **kw)
    of_text = _call("is_true", f"CAST({stored} AS BLOB)")
    return f"(CASE WHEN {_is_number_in(stored)} THEN {stored} <> 0 ELSE {of_text} END)"


@compiles(sql.HostsCondition, "sqlite")
def _hosts_condition(element: sql.HostsCondition, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)})"


@compiles(sql.StoredText, "sqlite")
@compiles(sql.LooselyCollated, "sqlite")
def _stored_text(element: sql.StoredText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    text = f"CAST({compiler.process(cell, **kw)} AS TEXT)"
    # Other databases fill a CHAR(n) with blanks when they store it and remove them when they compare it.
    return f"rtrim({text}, ' ')" if isinstance(underlying(cell.type), CHAR) else text


@compiles(sql.ExactText, "sqlite")
@compiles(sql.ComparedText, "sqlite")
def _exact_text(element: sql.ExactText | sql.ComparedText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_stored_text(element, compiler, **kw)} COLLATE BINARY)"
