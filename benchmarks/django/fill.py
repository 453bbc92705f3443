"""Create the tables and fill them: python -m benchmarks.django.fill TICKETS."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import django

_TEAMS, AGENTS, _TAGS = 20, 300, 40
_ROWS_AT_ONCE = 10_000
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_STATES = ("open", "waiting", "done")
_WORDS = ("printer", "Wi-Fi", "login", "Rechnung für März", "invoice, paid", 'the "new" laptop', "VPN", "e-mail")


def main(count: int) -> None:
    django.setup()
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in apps.get_app_config("desk").get_models():
            editor.create_model(model)
    _fill_small_tables()
    from benchmarks.django.models import Ticket

    _insert(Ticket, tickets(count))
    _insert(Ticket.tags.through, tags_of_tickets(count))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(_no_style(), [Ticket, Ticket.tags.through]):
            cursor.execute(statement)


def _fill_small_tables() -> None:
    from django.contrib.auth.models import User

    from benchmarks.django.models import Tag, Team

    User.objects.create_superuser("admin", "admin@example.test")
    agents = [User(username=f"agent{number}", email=f"agent{number}@example.test") for number in range(AGENTS)]
    User.objects.bulk_create(agents)
    Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(_TEAMS))
    Tag.objects.bulk_create(Tag(name=f"tag {number}") for number in range(_TAGS))


def tickets(count: int) -> Iterator[Sequence[Any]]:
    """The columns of each ticket, in the order of the model's fields."""
    for number in range(1, count + 1):
        word = _WORDS[number % len(_WORDS)]
        # A text that begins with "=" is rare, and so is one with a line break.
        title = f"={number}+1" if number % 997 == 0 else f"{word} of room {number % 211}"
        break_ = "\n" if number % 10 == 0 else " "
        yield (
            number,
            title,
            "" if number % 7 == 0 else f"The {word} does not work since {number % 30} days.{break_}Please help. " * 3,
            _STATES[number % len(_STATES)],
            None if number % 11 == 0 else number % 480,
            Decimal(number * 37 % 100_000) / 100,
            number % 13 == 0,
            None if number % 5 == 0 else (_FIRST + timedelta(days=number % 700)).date(),
            # Several tickets of one second, and of the same moment.
            _FIRST + timedelta(milliseconds=number // 3 * 250),
            number % _TEAMS + 1,
            None if number % 4 == 0 else number % AGENTS + 2,
        )


def tags_of_tickets(count: int) -> Iterator[Sequence[Any]]:
    """None to three tags of each ticket: the ids of the link, the ticket and the tag."""
    link = 0
    for ticket in range(1, count + 1):
        for place in range(ticket % 4):
            link += 1
            yield link, ticket, (ticket * 7 + place * 11) % _TAGS + 1


def _insert(model: Any, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of all columns of the model, in their order."""
    from django.db import connection, transaction

    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    fields = model._meta.concrete_fields
    columns = ", ".join(quote(field.column) for field in fields)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        remaining = iter(rows)
        while some := list(islice(remaining, _ROWS_AT_ONCE)):
            stored = [
                [field.get_db_prep_save(cell, connection) for field, cell in zip(fields, row, strict=True)]
                for row in some
            ]
            cursor.executemany(insert, stored)


def _no_style() -> Any:
    from django.core.management.color import no_style

    return no_style()


if __name__ == "__main__":
    main(int(sys.argv[1]))
