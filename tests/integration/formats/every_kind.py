"""Tickets with every kind of column, with texts that formats must escape, change or cut; the same in each run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.catalog import (
    EVERY_ROW,
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags

TABLE: Final = Table(
    "EveryKind",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("note", Text),
    Column("tags", JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    Column("score", Numeric(10, 2)),
    Column("rate", Double),
    Column("big", BigInteger, nullable=False),
    Column("urgent", Boolean),
    Column("due", DateTime(timezone=True)),
    Column("created", DateTime, nullable=False),
    Column("day", Date),
    Column("state", Text),
    Column("phase", Text),
    Column("owner", Uuid),
    Column("code", Text),
    Column("team", Integer),
)
#: Stored values of the phase and the label that the file shows.
PHASES: Final = {"p1": "Draft", "p2": "=Checked", "p3": "a <b> & 'c'"}
CATALOG: Final = TicketCatalog(
    tables=TABLE,
    id=TABLE.c.id,
    created_at=TABLE.c.created,
    columns=[
        number_column("id", "Ticket ID", TABLE.c.id),
        text_column("title", '=Title, "quoted"; <&>', TABLE.c.title),
        text_column("note", "Note\n2", TABLE.c.note),
        text_column("tags", "Tags", JoinedTags(TABLE.c.tags)),
        number_column("score", "Score", TABLE.c.score),
        number_column("rate", "Rate", TABLE.c.rate),
        number_column("big", "Big", TABLE.c.big),
        boolean_column("urgent", "Urgent", TABLE.c.urgent),
        date_column("due", "Due", TABLE.c.due),
        date_column("created", "Created", TABLE.c.created),
        day_column("day", "Day", TABLE.c.day),
        choice_column("state", "State", TABLE.c.state, choices=("new", "open", "done")),
        choice_column("phase", "Phase", TABLE.c.phase, choices=PHASES),
        id_column("owner", "Owner", TABLE.c.owner),
        id_column("code", "Code", TABLE.c.code),
        id_column("team", "Team", TABLE.c.team),
    ],
    visible_to=EVERY_ROW,
)
NAMES: Final = [each.column.name for each in CATALOG.columns]
LABELS: Final = [each.column.label for each in CATALOG.columns]

#: A stored value, in the order of the table's columns.
Value: TypeAlias = str | int | float | Decimal | bool | datetime | date | UUID | list[str] | None
Row: TypeAlias = Sequence[Value]

#: The most UTF-16 units of a cell in a worksheet.
MOST_UNITS: Final = 32_767
_FIRST: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_LOOKS_LIKE: Final = [
    *("00123", "1E5", "12345678901234567890", "true", "FALSE", "NULL", "null", "NaN", "nan", "N/A", "#N/A", "-", "\\N"),
    *("2026-01-02", "1/2", "1,5", "Infinity", "[1]", "{}", "None", "\\.", "0", "''", "'", '"', '""', ","),
]
_FORMULAS: Final = [
    *("=1+1", " =1+1", "+48 22 123", "-1", "@SUM(1)", "note;=1+1", "a\t=1+1", "\t=1+1", "x;  +1", "line\n=1+1"),
    *('q";=1+1', 'a;"=1+1;b', "'=1+1", "\uff1d1", "\u200b=1", "\r=1", "a\r\n-1", "=cmd|' /C calc'!A0"),
]
_MARKUP: Final = [
    *("a & b", "<b>", "]]>", "&amp;", "&#13;", "<![CDATA[x]]>", "_x0041_", "_x005F_", "_x000D_", "_X0041_", "x_x00e9_"),
    *("\x01", "\x0b\x0c", "\x1f=1", "\x7f\x85", "\ufffe", "\uffff", "a\x08b", "\u2028\u2029", "\\u0041", "\\n", "\\"),
    *(" leading", "trailing ", "  ", "\n", "\r", "\r\n", "\t", "a\rb", "a\r\nb", "\ufeffx", "x\u0301", "\u202eabc"),
]
_PLAIN: Final = [
    "Printer",
    "The printer on the second floor does not print.",
    "Zoë",
    "票",
    "😀",
    "👩\u200d👩\u200d👧",
    "ÄRGER",
]
_PIECES: Final = [
    *";;;\t\t\n,\"'\\/&<>_x =+-@\r\xa0\u200b\ufeff\x0bé票😀",
    *("=1+1", "\r\n", '";=1+1', "_x0041_", "]]>", "&lt;", "-1", "@x", "abc", " "),
]
_MOMENTS: Final = [
    datetime(1, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(1883, 11, 18, 17, 0, 1, tzinfo=UTC),
    datetime(1899, 12, 31, 12, tzinfo=UTC),
    datetime(1900, 2, 28, 22, 59, 59, 999_999, tzinfo=UTC),
    datetime(1900, 2, 28, 23, 0, 0, tzinfo=UTC),
    datetime(1900, 3, 1, 12, tzinfo=UTC),
    datetime(1955, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
    datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC),
    datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, 0, 999_999, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 30, 0, tzinfo=UTC),
    datetime(9998, 12, 31, 22, 59, 59, tzinfo=UTC),
]
_DAYS: Final = [
    date(1, 1, 1),
    date(1899, 12, 31),
    date(1900, 2, 28),
    date(1900, 3, 1),
    date(2024, 2, 29),
    date(9999, 12, 31),
]
_RATES: Final = [
    0.0,
    2.0,
    0.1,
    -2.5,
    1e15,
    1e16,
    1e-5,
    123456.789,
    1e300,
    2.0**53,
    2.2250738585072014e-308,
    1 / 3,
    float("inf"),
]
_BIG: Final = [0, 1, -1, 42, 10**15 - 1, 10**15, -(10**15), 2**53 + 1, 2**63 - 1, -(2**63), 123_456_789_012_345_678]
_SCORES: Final = [Decimal(text) for text in ("0.00", "2.50", "-1.25", "99999999.99", "42.00", "0.01")]
#: Too long for a cell, and as long as a cell may be. A character beyond U+FFFF, which takes two units, ends at the
#: limit or goes over it.
_LONG: Final = [
    "x" * MOST_UNITS,
    "x" * (MOST_UNITS + 1),
    "é" * 20_000,
    "x" * (MOST_UNITS - 1) + "😀",
    "x" * (MOST_UNITS - 2) + "😀" + "y",
    "😀" * 20_000,
    "_x0041_" * 6_000,
    "&" * 40_000,
    "\x01" + "a\n" * 20_000,
]


def rows(count: int) -> list[Row]:
    """Return that many rows."""
    random = Random(14)
    pool = [*_LOOKS_LIKE, *_FORMULAS, *_MARKUP, *_PLAIN] + [
        "".join(random.choices(_PIECES, k=random.randint(1, 8))) for _ in range(1_000)
    ]
    made = [_row(number, random, pool) for number in range(1, count + 1)]
    # A few, spread over the file: they are long.
    for place, text in enumerate(_LONG):
        row = list(made[place * 97 % count])
        row[2] = text
        made[place * 97 % count] = row
    return made


def _row(number: int, random: Random, pool: Sequence[str]) -> Row:
    choose = random.choice
    return [
        number,
        pool[number - 1] if number <= len(pool) else choose(pool),
        choose([None, "", choose(pool), choose(pool)]),
        choose([None, [], [choose(pool)], [choose(pool), choose(pool), "plain"]]),
        choose([None, choose(_SCORES), Decimal(random.randrange(-(10**6), 10**6)).scaleb(-2)]),
        choose([None, choose(_RATES), random.uniform(-1e6, 1e6)]),
        choose([choose(_BIG), random.randrange(10**9)]),
        choose([None, True, False]),
        choose([None, choose(_MOMENTS), _FIRST + timedelta(microseconds=random.randrange(-(10**15), 10**15))]),
        _FIRST - timedelta(seconds=random.randrange(10**8)),
        choose([None, choose(_DAYS), date(2026, 1, 1) + timedelta(days=random.randrange(-9_000, 9_000))]),
        choose(["new", "open", "done", "elsewhere", None]),
        choose(["p1", "p2", "p3", "p4", None]),
        choose([None, UUID(int=random.getrandbits(128)), UUID(int=random.randrange(10))]),
        choose([None, choose(_LOOKS_LIKE), f"{random.randrange(10**6):08}"]),
        choose([None, random.randrange(100)]),
    ]


def store(engine: Engine, made: Sequence[Row]) -> None:
    """Create the table, with these rows."""
    TABLE.create(engine)
    names = [column.name for column in TABLE.columns]
    with engine.begin() as connection:
        for start in range(0, len(made), 5_000):
            values = [dict(zip(names, row, strict=True)) for row in made[start : start + 5_000]]
            for each in values:
                each["created"] = each["created"].replace(tzinfo=None)  # type: ignore[union-attr, call-arg]
            connection.execute(TABLE.insert(), values)
