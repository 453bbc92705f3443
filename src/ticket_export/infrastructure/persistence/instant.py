"""How moments in the library's own tables compare and sort, also those that other programs have written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment
from ticket_export.infrastructure.persistence.types import UtcDateTime

#: The largest error of comparing texts on SQLite: an offset moves a text by less than a day, a ``T`` within its day.
SPELLING_SLACK: Final = timedelta(days=2)


class Instant(FunctionElement[Any]):
    """The moment of (column). PostgreSQL has a type for it.

    SQLite compares texts, so a text in another spelling is converted to the library's, to the millisecond. No index
    serves that. To use an index, also compare the column itself, with `SPELLING_SLACK`.
    """

    type = UtcDateTime()
    inherit_cache = True


@compiles(Instant)
def _column(element: Instant, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(Instant, "sqlite")
def _sqlite(element: Instant, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    other = f"strftime('%Y-%m-%d %H:%M:%f', {column}) || '000'"
    return f"CASE WHEN {is_usual_moment(column)} THEN {column} ELSE {other} END"
