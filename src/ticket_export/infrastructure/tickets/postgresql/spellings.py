"""How PostgreSQL spells what is in `sql_functions`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, Float, Integer, Numeric, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ticket_export.infrastructure.tickets.moment_functions import is_stored_with_zone
from ticket_export.infrastructure.tickets.postgresql import tags  # noqa: F401 - the SELECT needs it
from ticket_export.infrastructure.tickets.sql_functions import (
    BooleanText,
    ComparedText,
    Contains,
    DoubleNumber,
    EndsWith,
    ExactText,
    Folded,
    IsNumber,
    IsTrue,
    LooselyCollated,
    NumberCell,
    NumberText,
    StartsWith,
    StoredText,
    TimeText,
    UuidKey,
    UuidText,
    declared_type,
    scale_of,
)

#: The first release with collations of its own, which fold the same letters on every machine.
_OWN_COLLATIONS = (17,)


@compiles(Folded, "postgresql")
def _folded(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    return _fold(compiler, compiler.process(element.clauses, **kw))


@compiles(Contains, "postgresql")
def _contains(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(position({needle} IN {_fold(compiler, text)}) > 0)"


@compiles(StartsWith, "postgresql")
def _starts_with(element: StartsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"starts_with({_fold(compiler, text)}, {needle})"


@compiles(EndsWith, "postgresql")
def _ends_with(element: EndsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(right({_fold(compiler, text)}, length({needle})) = {needle})"


def _fold(compiler: SQLCompiler, text: str) -> str:
    # One capital alone becomes two letters in lower case, which PostgreSQL's simple mapping leaves out.
    version = compiler.dialect.server_version_info or _OWN_COLLATIONS
    collation = "pg_c_utf8" if version >= _OWN_COLLATIONS else "und-x-icu"
    # On the text itself: replace() would fail in the collation of a column that takes several texts for one.
    expanded = f"replace(({text}) COLLATE \"{collation}\", U&'\\0130', U&'i\\0307')"
    return f"replace(lower({expanded}), U&'\\03C2', U&'\\03C3')"


@compiles(TimeText, "postgresql")
def _time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    cell, *zone = element.clauses
    moment = f"({compiler.process(cell, **kw)})"
    other = f"({moment} AT TIME ZONE INTERVAL '0')"
    utc, aware = (other, moment) if is_stored_with_zone(cell) else (moment, other)
    # In the zone that the transaction was begun with.
    local = f"{aware}::timestamp" if zone else utc
    # COPY writes a timestamp as ISO 8601 has it, with a blank, and a fraction only where there is one. date_bin() is
    # cheaper than date_trunc(), which reads the name of the unit anew for every cell. No zone moves a moment by more
    # than a day, so that nearly all need no second look. What the calendar of Python does not have (infinity, years
    # before 1 and after 9999) is shown in UTC, since the ends of PostgreSQL's own cannot be moved to another zone.
    return (
        f"CASE WHEN {utc} BETWEEN timestamp '0001-01-02' AND timestamp '9999-12-30' THEN {_whole_second(local)} "
        f"WHEN {utc} >= timestamp '0001-01-01' AND {utc} < timestamp '10000-01-01' THEN "
        f"CASE WHEN {local} >= timestamp '0001-01-01' AND {local} < timestamp '10000-01-01' "
        f"THEN {_whole_second(local)} ELSE {_whole_second(utc)} END "
        f"ELSE date_trunc('second', {utc}) END"
    )


def _whole_second(moment: str) -> str:
    return f"date_bin('1 second', {moment}, timestamp '0001-01-01')"


@compiles(UuidText, "postgresql")
def _uuid_text(element: UuidText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    stored, kept = compiler.process(cell, **kw), declared_type(cell)
    if isinstance(kept, Uuid) and not kept.native_uuid:
        # A text. CASE keeps the cast from what is not a UUID.
        text = f'(CAST({stored} AS text) COLLATE "C")'
        return f"(CASE WHEN {text} ~ '{_UUID}' THEN CAST(CAST({text} AS uuid) AS text) ELSE {text} END)"
    return f"CAST({stored} AS text)"


# What both PostgreSQL and Python read as a UUID.
_UUID = "^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"


@compiles(BooleanText, "postgresql")
def _as_text(element: BooleanText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS text)"


@compiles(NumberText, "postgresql")
def _number_text(element: NumberText, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    number, shown = f"({compiler.process(cell, **kw)})", declared_type(cell)
    if isinstance(shown, Float):
        number = f"{_double(number, shown)} + 0"  # minus zero becomes zero
    elif isinstance(shown, Numeric):
        scale = scale_of(shown)
        number = f"round({number}, greatest(min_scale({number}), {scale}))" if scale else f"trim_scale({number})"
    return f"CAST({number} AS text)"


@compiles(NumberCell, "postgresql")
def _number_cell(element: NumberCell, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    is_written_right = isinstance(declared_type(cell), Integer)
    return compiler.process(cell if is_written_right else NumberText(cell), **kw)


@compiles(DoubleNumber, "postgresql")
def _double_number(element: DoubleNumber, compiler: SQLCompiler, **kw: Any) -> str:
    (cell,) = element.clauses
    return _double(f"({compiler.process(cell, **kw)})", declared_type(cell))


def _double(number: str, shown: TypeEngine[Any]) -> str:
    # With the digits of a real, not with those of the double that is nearest to it.
    return f"CAST(CAST({number} AS text) AS double precision)" if isinstance(shown, REAL) else number


@compiles(IsNumber, "postgresql")
def _is_number(_element: IsNumber, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "true"


@compiles(IsTrue, "postgresql")
@compiles(UuidKey, "postgresql")
@compiles(StoredText, "postgresql")
@compiles(ComparedText, "postgresql")
@compiles(LooselyCollated, "postgresql")
def _as_it_is(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return _operand(element, compiler, **kw)


@compiles(ExactText, "postgresql")
def _exact_text(element: ExactText, compiler: SQLCompiler, **kw: Any) -> str:
    return f'({_operand(element, compiler, **kw)} COLLATE "C")'


def _operand(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    # A condition of OR, or a text of ||, would else lend only its last part to what follows.
    return f"({compiler.process(element.clauses, **kw)})"
