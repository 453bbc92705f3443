"""How moments and days compare and sort, with their spelling by database.

PostgreSQL has types for both. SQLite has texts, each in the spelling of the program that wrote it: nearly all are in
SQLAlchemy's, which sorts as it is; a Python function brings the others into it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Boolean, ColumnElement, DateTime, Text, TypeDecorator, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment
from ticket_export.infrastructure.tickets.catalog import Expression

# Sorts behind every year.
_AFTER_ALL = ":"


class _MomentCompares(FunctionElement[bool]):
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Nothing around it: for SQLite, SQLAlchemy would write ``(…) = 1``, which keeps the index from being used."""
        return self


class MomentFrom(_MomentCompares):
    """``moment >= bound``, of (moment, bound, the first day that a text of such a moment can begin with)."""

    inherit_cache = True


class MomentBefore(_MomentCompares):
    """``moment < bound``, of (moment, bound, the first day that no text of such a moment can begin with)."""

    inherit_cache = True


class MomentKey(FunctionElement[Any]):
    """What moments sort by, of (moment); NULL on SQLite for a text that is not one."""

    type = DateTime()
    inherit_cache = True


class DayText(FunctionElement[str]):
    """``YYYY-MM-DD``, of (day); what is not a day is shown as it stands."""

    type = Text()
    inherit_cache = True


def moment_from(cell: Expression, moment: datetime) -> ColumnElement[bool]:
    """The cell's moment is `moment` (aware UTC) or later; an index on the column serves it."""
    # An offset moves the day that a text begins with by one at most.
    earliest = moment.date() - timedelta(days=1) if moment.date().toordinal() > 1 else moment.date()
    return MomentFrom(cell, _bound(moment, cell), literal(earliest.isoformat(), Text()))


def moment_before(cell: Expression, moment: datetime) -> ColumnElement[bool]:
    """The cell's moment is earlier than `moment` (aware UTC); an index on the column serves it."""
    try:
        latest = (moment.date() + timedelta(days=2)).isoformat()
    except OverflowError:
        latest = _AFTER_ALL
    return MomentBefore(cell, _bound(moment, cell), literal(latest, Text()))


def is_stored_with_zone(cell: Expression) -> bool:
    """Whether the database keeps that column's moments as ``timestamptz``."""
    stored = cell.type.impl_instance if isinstance(cell.type, TypeDecorator) else cell.type
    return isinstance(stored, DateTime) and stored.timezone


def _bound(moment: datetime, cell: Expression) -> ColumnElement[Any]:
    with_zone = is_stored_with_zone(cell)
    return literal(moment if with_zone else moment.replace(tzinfo=None), DateTime(timezone=with_zone))


def _sqlite_key(cell: str) -> str:
    return f"CASE WHEN {is_usual_moment(cell)} THEN {cell} ELSE ticket_export_moment(CAST({cell} AS BLOB)) END"


@compiles(MomentFrom, "sqlite")
def _sqlite_from(element: MomentFrom, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, earliest = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({cell} >= {earliest} AND {_sqlite_key(cell)} >= {bound})"


@compiles(MomentFrom, "postgresql")
def _from(element: MomentFrom, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, _ = element.clauses
    return f"({compiler.process(cell, **kw)} >= {compiler.process(bound, **kw)})"


@compiles(MomentBefore, "sqlite")
def _sqlite_before(element: MomentBefore, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, latest = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({cell} < {latest} AND {_sqlite_key(cell)} < {bound})"


@compiles(MomentBefore, "postgresql")
def _before(element: MomentBefore, compiler: SQLCompiler, **kw: Any) -> str:
    cell, bound, _ = element.clauses
    return f"({compiler.process(cell, **kw)} < {compiler.process(bound, **kw)})"


@compiles(MomentKey, "sqlite")
def _sqlite_moment_key(element: MomentKey, compiler: SQLCompiler, **kw: Any) -> str:
    return _sqlite_key(compiler.process(element.clauses, **kw))


@compiles(MomentKey, "postgresql")
def _moment_key(element: MomentKey, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(DayText, "sqlite")
def _sqlite_day_text(element: DayText, compiler: SQLCompiler, **kw: Any) -> str:
    # Some programs write the time of midnight behind the day.
    cell = compiler.process(element.clauses, **kw)
    day = f"CASE WHEN {cell} GLOB '????-??-??[ T]*' THEN substr({cell}, 1, 10) ELSE {cell} END"
    return f"CAST({day} AS TEXT)"


@compiles(DayText, "postgresql")
def _day_text(element: DayText, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)
