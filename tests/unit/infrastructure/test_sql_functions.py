"""The functions that no database has under one name: refused by name where there is no spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, MetaData, String, Table, literal, make_url, select
from sqlalchemy.dialects import sqlite

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.tickets import postgresql_spellings, sql_functions  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.sql_functions import (
    Contains,
    Folded,
    JoinedTags,
    TimeText,
    UuidText,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

CELLS = Table("cells", MetaData(), Column("text", String))
TEXT = CELLS.c.text
FUNCTIONS = sorted(sql_functions._ELEMENTS, key=lambda each: each.__name__)
POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
DIALECTS = [make_url(f"{name}://").get_dialect()() for name in ("mysql", "mssql", "oracle")]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_database_without_a_spelling_is_refused_by_name(function: type[JoinedTags], dialect: Dialect) -> None:
    with pytest.raises(UnsupportedDialectError, match=f"from {dialect.name}: {function.__name__} has no spelling"):
        str(select(function(TEXT)).compile(dialect=dialect))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dialect", [sqlite.dialect(), POSTGRESQL], ids=lambda each: each.name)
def test_sqlite_and_postgresql_have_a_spelling_of_every_one(function: type[JoinedTags], dialect: Dialect) -> None:
    cells = [TEXT] * (2 if function.__name__ in {"Contains", "EndsWith", "StartsWith"} else 1)
    assert "cells.text" in str(select(function(*cells)).compile(dialect=dialect))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), POSTGRESQL], ids=lambda each: each.name)
def test_what_is_looked_for_is_a_parameter(dialect: Dialect) -> None:
    compiled = select(Contains(TEXT, "'; DROP")).compile(dialect=dialect)
    assert "DROP" not in str(compiled)
    assert list(compiled.params.values()) == ["'; DROP"]


def test_utc_needs_no_call_for_every_row() -> None:
    assert "ticket_export" not in str(select(TimeText(TEXT)).compile(dialect=sqlite.dialect()))
    zoned = str(select(TimeText(TEXT, literal("Europe/Berlin"))).compile(dialect=sqlite.dialect()))
    assert "ticket_export_local_time(cells.text, ?)" in zoned


def test_letters_fold_by_no_hosts_collation() -> None:
    assert 'COLLATE "pg_c_utf8"' in str(select(Folded(TEXT)).compile(dialect=POSTGRESQL))
    older = make_url("postgresql+psycopg://").get_dialect()()
    older.server_version_info = (16, 4)
    assert 'COLLATE "und-x-icu"' in str(select(Folded(TEXT)).compile(dialect=older))


def test_identifiers_are_hyphenated() -> None:
    assert str(select(UuidText(TEXT)).compile(dialect=sqlite.dialect())).count("'-'") == 4
