"""What the moments of the library's own tables compare and sort by, whoever has written them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ticket_export.infrastructure.persistence.sqlite_moments import is_usual_moment
from ticket_export.infrastructure.persistence.types import UtcDateTime

#: By how much a text may compare wrongly on SQLite: its offset moves it by less than a day, and a ``T`` within its day.
SPELLING_SLACK: Final = timedelta(days=2)


class Instant(FunctionElement[Any]):
    """The moment of (column). PostgreSQL has a type for it.

    SQLite compares texts. Those in another spelling than the library's are brought into it, to the millisecond. No
    index serves that, so it takes a second comparison, with `SPELLING_SLACK`, of the column itself to use one.
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
