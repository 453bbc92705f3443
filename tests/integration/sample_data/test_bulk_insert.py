from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from uuid import uuid4

import pytest
from benchmarks.fill.bulk_insert import BulkInsert
from benchmarks.fill.copy_insert import CopyInsert
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from tests.integration.sample_data.filled import fill, number_of, rows_of
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import TICKET_COLUMNS
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

_TICKETS = REFERENCE_TABLES.tickets
_CONTACTS = REFERENCE_TABLES.contacts
_INDIA = timezone(timedelta(hours=5, minutes=30))

# What means something in COPY's text format, and what other readers take for the end of a line.
_TEXTS = [
    "",
    "\\",
    "\\N",
    "\\.",
    "\\n",
    "\\\\t",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\r",
    "\b\f\v",
    "\u2028\u0085",
    "'\"",
    "%s?",
    "🔥",
]


@pytest.mark.parametrize(
    ("database", "kind"), [("sqlite", BulkInsert), ("postgresql", BulkInsert), ("postgresql", CopyInsert)]
)
def test_what_is_stored_is_what_sqlalchemy_stores(
    database: str, kind: type[BulkInsert | CopyInsert], request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(database)
    fill(engine, 50)
    rows = [{key: each[key] for key in TICKET_COLUMNS} for each in rows_of(engine)]
    for row in rows:
        row |= {"id": row["id"] + 1_000, "creation_time": row["creation_time"].astimezone(_INDIA)}
    with engine.begin() as connection:
        connection.execute(insert(_TICKETS), rows)
        again = [(row["id"] + 1_000, *list(row.values())[1:]) for row in rows]
        assert list(kind(connection, _TICKETS, TICKET_COLUMNS)(again)) == [50]
    with engine.connect() as connection:
        stored = connection.execute(text('SELECT * FROM "Tickets" ORDER BY "Id"')).all()
    by_loader, by_sqlalchemy, by_kind = ([row[1:] for row in stored[at : at + 50]] for at in (0, 50, 100))
    assert by_loader == by_sqlalchemy == by_kind


def test_copy_keeps_every_text_as_it_is(postgresql: Engine) -> None:
    rows = [(number, value, value) for number, value in enumerate(_TEXTS, start=1)]
    with postgresql.begin() as connection:
        keys = ("id", "first_name", "last_name")
        assert sum(CopyInsert(connection, _CONTACTS, keys)([*rows, (99, "nobody", None)])) == len(rows) + 1
        stored = connection.execute(select(*(_CONTACTS.c[key] for key in keys)).order_by(_CONTACTS.c.id)).all()
    assert [tuple(row) for row in stored] == [*rows, (99, "nobody", None)]


def test_refused_copy_raises_what_sqlalchemy_raises_and_leaves_nothing(postgresql: Engine) -> None:
    with pytest.raises(IntegrityError) as raised, postgresql.begin() as connection:
        list(CopyInsert(connection, _TICKETS, ("id", "owning_team_id"))([(1, uuid4())]))
    assert getattr(raised.value.orig, "sqlstate", None) in {"23502", "23503"}
    assert number_of(postgresql, _TICKETS) == 0


def test_rows_that_cannot_be_made_leave_nothing(postgresql: Engine) -> None:
    def rows() -> Iterator[tuple[int, str]]:
        yield from ((number, "somebody") for number in range(1, 15_000))
        raise ArithmeticError

    with pytest.raises(ArithmeticError), postgresql.begin() as connection:
        list(CopyInsert(connection, _CONTACTS, ("id", "first_name"))(rows()))
    assert number_of(postgresql, _CONTACTS) == 0
