"""The functions that no database has under one name: refused by name where there is no spelling."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, make_url, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.tickets import sqlalchemy_ticket_source  # noqa: F401 - registers the spellings
from ticket_export.infrastructure.tickets.moment_conditions import moment_before, moment_from
from ticket_export.infrastructure.tickets.sql_functions import (
    Contains,
    Folded,
    JoinedTags,
    MomentKey,
    SqlFunction,
    TimeText,
)

CELLS = Table("cells", MetaData(), Column("text", String))
TEXT = CELLS.c.text
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _functions(base: type[SqlFunction[Any]]) -> Iterator[type[SqlFunction[Any]]]:
    for function in base.__subclasses__():
        if not function.__name__.startswith("_"):
            yield function
        yield from _functions(function)


FUNCTIONS = sorted(_functions(SqlFunction), key=lambda each: each.__name__)
#: The others are of one database's own.
OF_BOTH = [function for function in FUNCTIONS if function.__module__ == SqlFunction.__module__]
ARGUMENTS = {"Contains": 2, "EndsWith": 2, "StartsWith": 2, "MomentFrom": 3, "MomentBefore": 3}
POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
DIALECTS = [make_url(f"{name}://").get_dialect()() for name in ("mysql", "mssql", "oracle")]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_database_without_a_spelling_is_refused_by_name(function: type[JoinedTags], dialect: Dialect) -> None:
    with pytest.raises(UnsupportedDialectError, match=f"from {dialect.name}: {function.__name__} has no spelling"):
        str(select(function(TEXT)).compile(dialect=dialect))


@pytest.mark.parametrize("function", OF_BOTH, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dialect", [sqlite.dialect(), POSTGRESQL], ids=lambda each: each.name)
def test_sqlite_and_postgresql_have_a_spelling_of_every_one(function: type[JoinedTags], dialect: Dialect) -> None:
    cells = [TEXT] * ARGUMENTS.get(function.__name__, 1)
    compiled = str(select(function(*cells)).compile(dialect=dialect))
    # PostgreSQL stores nothing else in a column of numbers.
    assert ("true" if (dialect, function.__name__) == (POSTGRESQL, "IsNumber") else "cells.text") in compiled


@pytest.mark.parametrize("dialect", [sqlite.dialect(), POSTGRESQL], ids=lambda each: each.name)
def test_what_is_looked_for_is_a_parameter(dialect: Dialect) -> None:
    compiled = select(Contains(TEXT, "'; DROP")).compile(dialect=dialect)
    assert "DROP" not in str(compiled)
    assert list(compiled.params.values()) == ["'; DROP"]


def test_moments_in_the_usual_spelling_need_no_call_for_every_row_in_utc() -> None:
    driver = sqlite3.connect(":memory:")
    called: list[bytes] = []
    for name, arguments in (("ticket_export_local_time", 2), ("ticket_export_moment", 1)):
        driver.create_function(name, arguments, lambda cell, *_zone: called.append(cell))
    driver.execute("CREATE TABLE cells (text)")
    usual, other = "2026-03-01 12:00:00.000000", "2026-03-01T12:00:00Z"
    driver.executemany("INSERT INTO cells VALUES (?)", [(usual,), (other,)])
    elements = (TimeText(TEXT), MomentKey(TEXT), moment_from(TEXT, NOON), moment_before(TEXT, NOON))
    for element in elements:
        compiled = select(element).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        driver.execute(str(compiled)).fetchall()
    driver.close()
    assert called == [other.encode()] * len(elements)


def test_letters_fold_by_no_hosts_collation() -> None:
    assert 'COLLATE "pg_c_utf8"' in str(select(Folded(TEXT)).compile(dialect=POSTGRESQL))
    older = make_url("postgresql+psycopg://").get_dialect()()
    older.server_version_info = (16, 4)
    assert 'COLLATE "und-x-icu"' in str(select(Folded(TEXT)).compile(dialect=older))
