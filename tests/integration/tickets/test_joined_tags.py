"""Tags that hold whatever a text can hold become the same text on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import JSON, JSONB

from tests.postgresql_server import PostgresqlServer
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.joined_tags import MAX_DEPTH, MAX_LENGTH, joined_tags
from ticket_export.infrastructure.tickets.postgresql import tags as _of_postgresql  # noqa: F401
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags
from ticket_export.infrastructure.tickets.sqlite import spellings as _of_sqlite  # noqa: F401
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions

#: A stored text and what is shown of it.
TAGS: dict[str, str | None] = {
    '["Red","Blue"]': "Red, Blue",
    ' [ "Red" ,\n"Blue" ] ': "Red, Blue",
    '["a","a"]': "a, a",
    "[]": "",
    "[ ]": "",
    '[""]': "",
    '["",""]': ", ",
    '["a", ", ", ",", "]", "["]': "a, , , ,, ], [",
    '["a",", ",",","]","["]': "a, , , ,, ], [",
    '["a","b", "c"]': "a, b, c",
    json.dumps([str(number) for number in range(30)]): ", ".join(map(str, range(30))),
    json.dumps(["\t", *"abcdefghij"]): ", ".join(["\t", *"abcdefghij"]),
    "null": None,
    '["\\u0041\\n\\u00e9\\ud83d\\ude00"]': "A\né😀",
    '["a, b"]': "a, b",
    # Other JSON, in one spelling.
    '["a", ["b", 1]]': '["a",["b",1]]',
    '[["a"]]': '[["a"]]',
    '["a", null, true]': '["a",null,true]',
    '{"bb": 1, "a": [1, {"c": null}], "a": 2}': '{"a":2,"bb":1}',
    '{"é": 1, "zz": 2, "z": 3}': '{"z":3,"zz":2,"é":1}',
    "[1e2, 1.0, 1.50, -0, -0.0, 1E-7, 12345678901234567890123456789]": (
        "[100,1.0,1.50,0,0.0,0.0000001,12345678901234567890123456789]"
    ),
    '"a b"': '"a b"',
    "12": "12",
    "1e2": "100",
    "true": "true",
    '{"k e": "a \\" , [ b"}': '{"k e":"a \\" , [ b"}',
    '["\\u001f\\t\x7f\\/", 1]': '["\\u001f\\t\x7f/",1]',
    # No JSON, or none that `jsonb` could hold.
    **{
        text: text
        for text in (
            *("", " ", "Red, Blue", "[", '["a",]', "[1 2]", "01", "1.", ".5", "-", "nul", "[NaN]", "Infinity"),
            *(
                '["a\tb"]',
                '["\\x"]',
                '["a"]x',
                '["a""b"]',
                *('["]', '["a"]"b"]', '["a", "b]', '["a",, "b"]', '["a" "b"]', '["a","\x01", "b"]'),
                '{"a":1 "b"}',
                "{1:2}",
                '{"a"}',
                "[,]",
                "\u00a0[]",
                "\ufeff[]",
            ),
            *("\x01", "[\x01]", "[\x02]", '["\\u0000"]', '["\\ud800"]', '["\\udc00\\ud800"]', '{"a":"\\u0000","a":1}'),
            *("1e1000", "1e0005", "0." + "1" * 256, "[" * 5_000 + "]" * 5_000, '["' + "a" * MAX_LENGTH + '"]'),
        )
    },
    '["\\\\u0000"]': "\\u0000",
    "[" * MAX_DEPTH + "]" * MAX_DEPTH: "[" * MAX_DEPTH + "]" * MAX_DEPTH,
    "[ " * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1): "[ " * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
}

TABLE = Table("tagged", MetaData(), Column("id", Integer, primary_key=True), Column("tags", Text))

_pieces = st.sampled_from(
    [*'[]{}",:a10e-. \\\n', "null", "true", '"a"', "\\u0000", "\\ud83d\\ude00", "\\ud800", "1.5", "é", "\x01", "[]"]
)
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_documents = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def _json(draw: st.DrawFn) -> str:
    document = draw(_documents)
    return json.dumps(document, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))


@st.composite
def _lists_of_texts(draw: st.DrawFn) -> str:
    tags = draw(st.lists(st.lists(st.sampled_from([*'a ,[]"\\é\n', '", "', '","']), max_size=4).map("".join)))
    separators = (draw(st.sampled_from([",", ", ", " ,", ",\n"])), ":")
    return json.dumps(tags, ensure_ascii=draw(st.booleans()), separators=separators)


# Lists of texts, and what is nearly one.
_parts = st.sampled_from(
    ['["', '"]', '", "', '","', '"', ", ", ",", "[", "]", "a", '\\"', "\\\\", "\\ud800", "\x01", " "]
)
_nearly_lists = st.lists(_parts, max_size=6).map(lambda parts: f'["{"".join(parts)}"]')

_stored = st.lists(
    _json() | _lists_of_texts() | _nearly_lists | st.lists(_pieces, max_size=9).map("".join), min_size=20, max_size=60
)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from with_table(f"sqlite:///{tmp_path_factory.mktemp('tags')}/tags.db")


@pytest.fixture(scope="module")
def postgresql(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        yield from with_table(url)


def with_table(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    TABLE.create(engine)
    yield engine
    engine.dispose()


def shown(engine: Engine, stored: Sequence[str], tags: Any = TABLE.c.tags, order: Any = TABLE.c.id) -> list[str | None]:
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            register_functions(connection.connection.driver_connection)  # type: ignore[arg-type]
        connection.execute(TABLE.delete())
        connection.execute(TABLE.insert(), [{"id": number, "tags": text} for number, text in enumerate(stored)])
        return list(connection.execute(select(JoinedTags(tags)).order_by(order)).scalars())


def test_tags_become_one_text_by_one_rule_on_postgresql(postgresql: Engine) -> None:
    found = shown(postgresql, list(TAGS))
    assert dict(zip(TAGS, found, strict=True)) == TAGS


def test_tags_become_one_text_by_one_rule_on_sqlite(sqlite: Engine) -> None:
    found = shown(sqlite, list(TAGS))
    assert dict(zip(TAGS, found, strict=True)) == TAGS


@settings(suppress_health_check=list(HealthCheck), max_examples=25)
@given(stored=_stored)
def test_any_text_becomes_the_same_on_both_databases(sqlite: Engine, postgresql: Engine, stored: list[str]) -> None:
    assert shown(postgresql, stored) == shown(sqlite, stored)


@settings(suppress_health_check=list(HealthCheck), max_examples=10)
@given(documents=st.lists(_json() | _lists_of_texts(), min_size=20, max_size=60))
def test_types_of_json_become_the_same_as_a_text(postgresql: Engine, documents: list[str]) -> None:
    expected = [joined_tags(text) for text in documents]
    for type_ in (JSONB, JSON):
        assert shown(postgresql, documents, TABLE.c.tags.cast(type_)) == expected
    # A column, unlike any other expression, is named many times in the statement.
    stored = select(TABLE.c.id, TABLE.c.tags.cast(JSONB).label("tags")).subquery()
    assert shown(postgresql, documents, stored.c.tags, stored.c.id) == expected
