"""Which table or column a database lacks, from its error.

A driver's text may be in any language and name anything. So only names that the library knows are looked for in it, and
only these are ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError


@attrs.frozen
class MissingPart:
    """A table; or a column, with its table if the error names it."""

    table: str | None
    column: str | None = None

    def __str__(self) -> str:
        if self.column is None:
            return f"the table {self.table}"
        return f"the column {self.column}" if self.table is None else f"the column {self.column} of {self.table}"


def missing_table(error: Exception, known: Iterable[Table]) -> MissingPart | None:
    """Return which of the `known` tables the error names; None if it names none of them."""
    found = _named_tables(_text_of(error), known)
    return MissingPart(found[0].fullname) if found else None


def missing_column(error: Exception, known: Iterable[Table]) -> MissingPart | None:
    """Return which column of the `known` tables the error names; None if it names none of them."""
    text, known = _text_of(error), list(known)
    tables = _named_tables(text, known)
    columns = {column.name for table in tables or known for column in table.columns}
    named = next((name for name in _longest_first(columns) if _is_named(text, name)), None)
    if named is None:
        return None
    owners = [table.fullname for table in tables or known if named in {column.name for column in table.columns}]
    return MissingPart(owners[0] if tables or len(owners) == 1 else None, named)


def _named_tables(text: str, known: Iterable[Table]) -> list[Table]:
    by_name = {table.name: table for table in known}
    return [by_name[name] for name in _longest_first(by_name) if _is_named(text, name)]


def _longest_first(names: Iterable[str]) -> list[str]:
    # A name may contain another one, next to a blank or a dash.
    return sorted(names, key=lambda name: (-len(name), name))


def _is_named(text: str, name: str) -> bool:
    # SQLAlchemy adds a number to the name of a table that a statement uses twice.
    return re.search(rf"(?<!\w){re.escape(name)}(?:_\d+)?(?!\w)", text) is not None


def _text_of(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    # PostgreSQL's hint, and the statement that some drivers quote, name other columns.
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return primary if isinstance(primary, str) else str(cause).partition("\n")[0]
