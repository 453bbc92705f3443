"""Whatever comes in, the border answers with a view or with the one error that tells what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.columns import AS_OF, COLUMNS
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import InvalidPayloadError
from ticket_export.testing.entities import AN_ACTOR

# Also lone surrogates, NUL, line breaks, and what SQL and templates take for their own.
any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(
        ["\x00", "\ud800", "a\nb", '\'; DROP TABLE "Tickets"; --', "%", "_", "{0}", "{message}", "[", "1e9"]
    ),
)
names = st.sampled_from([column.name for column in COLUMNS])
uuids = st.uuids().map(str)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([19, 30, 5000]).map(lambda power: 10**power),
    st.sampled_from([Decimal("NaN"), object(), AS_OF]),
    st.floats(),
    st.binary(max_size=8),
    st.uuids(),
    any_text,
    names,
)
camel_keys = st.sampled_from(
    ["columns", "viewId", "filters", "searchTerm", "sortField", "scope", "timeZone", "field", "value", "teamId"]
)
known_keys = st.one_of(camel_keys, camel_keys.map(lambda key: key[0].upper() + key[1:]))
any_key = st.one_of(known_keys, any_text, st.integers(), st.floats(), st.booleans(), st.none(), st.binary(max_size=4))
junk = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(any_key, inner, max_size=4),
    ),
    max_leaves=12,
)
json_junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), any_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(known_keys, any_text), inner)),
    max_leaves=12,
)


def mostly(valid: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Once in nine times something else."""
    return st.integers(0, 8).flatmap(lambda number: valid if number else junk)


values: dict[ColumnKind, st.SearchStrategy[object]] = {
    ColumnKind.TEXT: any_text,
    ColumnKind.NUMBER: st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(-1e18, 1e18)),
    ColumnKind.DATE: st.one_of(st.dates().map(str), st.datetimes().map(str), st.integers(0, 36_500)),
    ColumnKind.DAY: st.one_of(st.dates().map(str), st.integers(0, 36_500)),
    ColumnKind.BOOLEAN: st.none(),
    ColumnKind.CHOICE: st.sampled_from(["New", "in progress", "closed, DONE"]),
    ColumnKind.ID: st.one_of(uuids, st.integers(-9, 9)),
}


def filter_on(column: TicketColumn) -> st.SearchStrategy[object]:
    value = values[column.kind]
    return st.fixed_dictionaries(
        {
            "field": st.just(column.name),
            "operator": mostly(st.sampled_from(OPERATORS[column.kind]).map(str)),
            "value": mostly(st.one_of(st.none(), value, st.lists(value, max_size=4))),
        }
    )


filters = st.sampled_from(list(COLUMNS)).flatmap(filter_on)
views = st.fixed_dictionaries(
    {"columns": mostly(st.lists(names, min_size=1, max_size=4, unique=True))},
    optional={
        "viewId": mostly(uuids),
        "filters": mostly(st.lists(mostly(filters), max_size=3)),
        "searchTerm": mostly(any_text),
        "sortField": mostly(names),
        "sortDirection": mostly(st.sampled_from(["asc", "DESC"])),
        "scope": mostly(st.fixed_dictionaries({}, optional={"teamId": uuids, "assignedToUserId": uuids})),
        "timeZone": mostly(st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"])),
    },
)


def answer(payload: object) -> TicketQuery | InvalidPayloadError:
    try:
        return TicketQuery.of(payload, COLUMNS, actor=AN_ACTOR, as_of=AS_OF)
    except InvalidPayloadError as error:
        return error


def claim_answer_or_one_error(payload: object) -> None:
    given_answer = answer(payload)
    if isinstance(given_answer, TicketQuery):
        stored = read_view(payload, COLUMNS).to_json()
        assert answer(stored) == given_answer
        assert read_view(stored, COLUMNS).to_json().encode() == stored.encode()
        return
    assert given_answer.problems
    assert len(str(given_answer)) < 2_000
    for problem in given_answer.problems:
        place, _, message = problem.partition(": ")
        assert place
        assert message
        # The command line prints one line each, on whatever terminal.
        assert problem.isascii(), problem
        assert problem.isprintable(), problem


@given(junk)
def test_any_object_gets_an_answer_or_the_one_error(payload: object) -> None:
    claim_answer_or_one_error(payload)


@given(st.dictionaries(any_key, junk, max_size=6))
def test_any_mapping_gets_an_answer_or_the_one_error(payload: object) -> None:
    claim_answer_or_one_error(payload)


@given(views)
def test_a_view_with_a_few_mistakes_gets_an_answer_or_the_one_error(payload: object) -> None:
    claim_answer_or_one_error(payload)


@given(st.one_of(json_junk.map(json.dumps), any_text, st.binary(), st.text().map(lambda text: f'{{"columns":{text}}}')))
def test_any_text_gets_an_answer_or_the_one_error(payload: object) -> None:
    claim_answer_or_one_error(payload)


@given(json_junk)
def test_a_shape_that_is_read_without_columns_can_be_stored_and_read_again(payload: object) -> None:
    try:
        view = read_view(payload)
    except InvalidPayloadError:
        return
    assert read_view(view.to_json()) == view


@pytest.mark.parametrize("depth", [10, 300, 900, 990, 1_000, 3_000, 100_000])
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        '{{"columns":{}}}',
        '{{"columns":["id"],"filters":[{{"field":"title","operator":"is_any_of","value":{}}}]}}',
    ],
    ids=["alone", "columns", "value"],
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_no_depth_of_nesting_breaks_the_border(opening: str, closing: str, around: str, depth: int) -> None:
    nested = opening * depth + "1" + closing * depth
    with pytest.raises(InvalidPayloadError) as caught:
        read_view(around.format(nested), COLUMNS)
    assert caught.value.problems


def test_a_view_that_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    filter_ = {"field": "title", "operator": "is_any_of", "value": circle}
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({"columns": circle, "filters": [filter_]}, COLUMNS)
    assert caught.value.problems == ("payload: lists and objects are nested more than 100 deep",)
