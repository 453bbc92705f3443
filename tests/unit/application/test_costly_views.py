"""A view that costs too much is refused before it does: nothing large is made of it, and the message is short."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from types import MappingProxyType
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.columns import AS_OF, COLUMNS
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.limits import (
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_FILTERS,
    MAX_JSON,
    MAX_KEYS,
    MAX_MEMBERS,
    MAX_PARTS,
    MAX_SEARCH,
    MAX_VALUE,
    MAX_VALUES,
)
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportFilter, ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.view_summary import summarize_view
from ticket_export.errors import InvalidPayloadError
from ticket_export.testing.entities import AN_ACTOR

MB = 1_000_000
ID_FILTER = {"field": "id", "operator": "eq", "value": "1"}
TOO_LONG = f"payload: longer than {MAX_JSON:,} bytes of JSON"
TOO_MANY_PARTS = f"payload: holds more than {MAX_PARTS:,} lists, objects and keys"
TOO_MANY_VALUES = f"payload: holds more than {MAX_MEMBERS:,} values"


def refused(payload: object, columns: TicketColumns = COLUMNS) -> InvalidPayloadError:
    """The error, once the call was seen to take less than 10 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidPayloadError) as caught:
            TicketQuery.of(payload, columns, actor=AN_ACTOR, as_of=AS_OF)
        assert tracemalloc.get_traced_memory()[1] < 10 * MB
    finally:
        tracemalloc.stop()
    assert len(str(caught.value).encode()) < 2_000
    assert sum(len(each.encode()) for each in caught.value.problems) < 2_000
    return caught.value


def view_with(**keys: object) -> dict[str, object]:
    return {"columns": ["id", "title"], **keys}


def filtered(value: object, operator: str = "is_any_of", field: str = "title") -> dict[str, object]:
    return view_with(filters=[{"field": field, "operator": operator, "value": value}])


COSTLY: dict[str, tuple[Callable[[], object], str]] = {
    "one key of a view 40,000 times": (lambda: "{" + ",".join(['"filters":[]'] * 40_000) + "}", TOO_LONG),
    "one key 40,000 times": (lambda: "{" + ",".join(['"a":1'] * 40_000) + "}", TOO_MANY_PARTS),
    "20,000 keys and one of them again": (
        lambda: "{" + ",".join(f'"{n:x}":1' for n in range(20_000)) + ',"0":1}',
        TOO_MANY_PARTS,
    ),
    "300,000 columns as text": (lambda: json.dumps({"columns": ["id"] * 300_000}), TOO_LONG),
    "300,000 columns": (lambda: {"columns": ["id"] * 300_000}, TOO_MANY_VALUES),
    "100 MB of commas as text": (lambda: "," * 100 * MB, TOO_LONG),
    "100 MB of commas as bytes": (lambda: b"," * 100 * MB, TOO_LONG),
    "commas": (lambda: "[" + "," * (MAX_JSON - 1), "payload: line 1 column 2: Expecting value"),
    "100 MB of commas as a value": (lambda: filtered("," * 100 * MB), TOO_LONG),
    "search of 50 MB": (lambda: view_with(searchTerm="x" * 50 * MB), TOO_LONG),
    "search of 50 MB as bytes": (lambda: view_with(searchTerm=b"x" * 50 * MB), TOO_LONG),
    "search of 50 MB as text": (lambda: json.dumps(view_with(searchTerm="x" * 50 * MB)), TOO_LONG),
    "50 MB of blanks": (lambda: view_with(searchTerm=" " * 50 * MB), TOO_LONG),
    "key of 50 MB": (lambda: view_with(**{"x" * 50 * MB: None}), TOO_LONG),
    "only brackets": (lambda: "[" * MAX_JSON, TOO_MANY_PARTS),
    "80,000 lists": (lambda: "[" + "[]," * 80_000 + "1]", TOO_MANY_PARTS),
    "80,000 objects": (lambda: "[" + "{}," * 80_000 + "1]", TOO_MANY_PARTS),
    "number of 200,000 digits": (lambda: '{"viewId": ' + "9" * 200_000 + "}", "payload: not JSON that can be read"),
    "fraction of 200,000 digits": (
        lambda: '{"viewId": ' + "9" * 200_000 + ".5}",
        "columns: choose at least one column",
    ),
    "not a number": (lambda: '{"viewId": NaN, "columns": ["id"]}', "payload: NaN is not JSON"),
    "100,000 emoji": (lambda: "\N{GRINNING FACE}" * 100_000, TOO_LONG),
    "only backslashes": (lambda: '"' + "\\" * 200_000, "payload: line 1 column 1: Unterminated string"),
    "100,000 values": (lambda: filtered(["x"] * 100_000), TOO_MANY_VALUES),
    "lists of lists": (
        lambda: filtered([["x"] * 500] * 10),
        "filters[0].value: a value must be text, a number, or a list of these",
    ),
    "501 values": (lambda: filtered(["x"] * 501), "filters[0].value: holds 501 values; at most 500 are allowed"),
    "only commas as a value": (lambda: filtered("," * 200_000), "filters[0].value: needs at least one value"),
    "100,000 values between commas": (
        lambda: filtered("a," * 100_000),
        "filters[0].value: holds 100,000 values; at most 500 are allowed",
    ),
    "100,000 blank values": (
        lambda: filtered(" ," * 100_000),
        "filters[0].value: holds 100,000 values; at most 500 are allowed",
    ),
    "60,000 lists in a value": (
        lambda: filtered("[" + "[]," * 60_000 + "1]"),
        "filters[0].value: may list only texts and numbers",
    ),
    "60,000 numbers in a value": (
        lambda: filtered("[" + "1," * 60_000 + "1]"),
        "filters[0].value: holds 60,001 values; at most 500 are",
    ),
    "long member of a value as JSON": (
        lambda: filtered(json.dumps(["x" * 10_001])),
        "filters[0].value: holds a value of 10,001 characters",
    ),
    "long member of a value": (
        lambda: filtered(["x" * 10_001]),
        "filters[0].value: may hold at most 10,000 characters, not 10,001",
    ),
    "long value": (
        lambda: filtered("1" * 10_001, "eq"),
        "filters[0].value: may hold at most 10,000 characters, not 10,001",
    ),
    "value of 10,000 digits": (lambda: filtered("1" * 10_000, "eq", "score"), "filters[0].value: '1111"),
    "value of 10,000 blanks": (lambda: filtered(" " * 10_000, "eq", "score"), "filters[0].value: '    "),
    "number with a huge exponent": (
        lambda: filtered("1e999999999", "gt", "score"),
        "filters[0].value: '1e999999999' is not a number",
    ),
    "time of 9,000 digits": (
        lambda: filtered("2026-01-31T" + "x" * 9_000, "is", "creationTime"),
        "filters[0].value: '2026-01-31Txx",
    ),
    "days of 9,000 digits": (
        lambda: filtered("9" * 9_000, "is_within_past_days", "creationTime"),
        "filters[0].value: '99999",
    ),
    "id of 9,000 letters": (lambda: filtered("a" * 9_000, "eq", "owningTeamId"), "filters[0].value: 'aaaa"),
    "choice of 9,000 letters": (lambda: filtered("a" * 9_000, "eq", "status"), "filters[0].value: 'aaaa"),
    "long operator": (lambda: filtered("x", "eq" * 50_000), "filters[0].operator: 'eqeq"),
    "number of 100,000 digits as a value": (
        lambda: filtered(10**100_000, "eq", "score"),
        "filters[0].value: a value must be text, a number",
    ),
    "20,000 nulls": (lambda: view_with(filters=[None] * 20_000), "filters: may hold at most 50, not 20,000"),
    "51 filters": (lambda: view_with(filters=[ID_FILTER] * 51), "filters: may hold at most 50, not 51"),
    "10,000 filters": (lambda: view_with(filters=[ID_FILTER] * 10_000), TOO_MANY_PARTS),
    "empty filters": (lambda: view_with(filters=[{}] * 1_000), "filters: may hold at most 50, not 1,000"),
    "long sort field": (lambda: view_with(sortField="x" * 200_000), "sortField: unknown column 'xxx"),
    "long time zone": (lambda: view_with(timeZone="x" * 200_000), "timeZone: 'xxx"),
    "long direction": (lambda: view_with(sortDirection="x" * 200_000), "sortDirection: 'xxx"),
    "long scope": (
        lambda: view_with(scope={"teamId": "x" * 200_000}),
        "scope.teamId: may hold at most 10,000 characters",
    ),
    "long list as view id": (
        lambda: view_with(viewId=[0] * 20_000),
        "viewId: may hold at most 10,000 characters, not 60,000",
    ),
    "view id that grows as it is stored": (lambda: view_with(viewId=[1e308] * 5_000), TOO_LONG),
    "long view id": (lambda: view_with(viewId="x" * 10_000), "viewId: may hold at most 10,000 characters, not 10,002"),
    "long key": (lambda: view_with(**{"x" * 200_000: None}), "xxx"),
    "100 keys": (
        lambda: view_with(**{f"k{n}": None for n in range(100)}),
        "payload: holds 101 keys; the keys here are col",
    ),
    "key that is a tuple": (
        lambda: with_key((1,) * 10_000),
        "'<tuple>': unknown or repeated key",
    ),
    "3,000 lists inside each other": (
        lambda: nested(3_000),
        "payload: lists and objects are nested more than 100 deep",
    ),
    "lists that share their members": (lambda: laughing(30), TOO_MANY_PARTS),
    "model with 300,000 columns": (
        lambda: ExportSnapshotPayload.model_construct(columns=("id",) * 300_000),
        TOO_MANY_VALUES,
    ),
    "model with a search of 50 MB": (
        lambda: ExportSnapshotPayload.model_construct(columns=("id",), search_term="x" * 50 * MB),
        TOO_LONG,
    ),
    "model of a filter with a long field": (
        lambda: view_with(filters=[ExportFilter.model_construct(field="x" * 50 * MB, operator="eq")]),
        TOO_LONG,
    ),
    "another mapping": (lambda: MappingProxyType({"columns": ("id",) * 300_000}), TOO_MANY_VALUES),
    "100,000 halves of surrogate pairs": (lambda: "\ud800" * 100_000, TOO_LONG),
    "half of a surrogate pair": (lambda: '{"columns": ["\ud800"]}', "columns[0]: holds half of a surrogate pair"),
}


@pytest.mark.parametrize(("make", "problem"), COSTLY.values(), ids=COSTLY)
def test_costly_view_is_refused_in_little_memory_with_a_short_message(make: Callable[[], object], problem: str) -> None:
    assert refused(make()).problems[0].startswith(problem)


def with_key(key: object) -> dict[object, object]:
    return {"columns": ["id"], key: None}


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return view_with(viewId=value)


def laughing(times: int) -> object:
    """A list of lists of lists; each holds the next one ten times, so that walking through it would take for ever."""
    value: object = "ha"
    for _ in range(times):
        value = [value] * 10
    return view_with(viewId=value)


def many_columns(number: int, **keys: Any) -> TicketColumns:
    return TicketColumns(
        TicketColumn(name=f"customField{n:03}", label="Custom", **{"kind": ColumnKind.TEXT, **keys})
        for n in range(number)
    )


@pytest.mark.parametrize("field", ["nope", "x" * 200, "customField999", "custom_field_1", "", "\N{GRINNING FACE}" * 60])
def test_message_about_a_catalog_of_500_columns_is_short(field: str) -> None:
    filters = [{"field": field, "operator": "eq", "value": "x"}] * 50
    error = refused({"columns": [field] * 600, "filters": filters, "sortField": field}, many_columns(500))
    assert error.problems[-1].startswith("and ")
    assert error.problems[-1].endswith(" more")


def test_message_about_a_choice_of_many_is_short() -> None:
    columns = many_columns(1, kind=ColumnKind.CHOICE, choices=tuple(f"choice {n}" for n in range(1_000)))
    view = {"columns": ["customField000"], "filters": [{"field": "customField000", "operator": "eq", "value": "x"}]}
    (problem,) = refused(view, columns).problems
    assert problem.startswith("filters[0].value: 'x' is not one of choice 0, choice 1, ")
    assert problem.endswith(" more")


def test_number_of_mistakes_that_are_not_told_is_told() -> None:
    error = refused({"columns": ["id"], "filters": [{}] * 50})
    assert error.problems[:2] == ("filters[0].field: is required", "filters[0].operator: is required")
    assert error.problems[20:] == ("and 80 more",)
    assert str(error).startswith("the view has 100 problems: filters[0].field: is required; ")


def test_few_mistakes_are_all_told() -> None:
    error = refused({"columns": ["id"], "filters": [{}] * 10})
    assert len(error.problems) == 20
    assert error.problems[-1] == "filters[9].operator: is required"


def test_column_that_was_probably_meant_is_named() -> None:
    view = {"columns": ["id", "titel"], "filters": [{**ID_FILTER, "field": "scroe"}], "sortField": "creation_time"}
    assert refused(view).problems == (
        "columns[1]: unknown column 'titel' (did you mean 'title'?)",
        "filters[0].field: unknown column 'scroe' (did you mean 'score'?)",
        "sortField: unknown column 'creation_time' (did you mean 'creationTime'?)",
    )


def test_column_that_cannot_do_it_is_not_proposed() -> None:
    (problem,) = refused(view_with(sortField="tagz")).problems
    assert problem.startswith("sortField: unknown column 'tagz'; sortable are id, title, score")


@pytest.mark.parametrize("form", [dict, json.dumps, lambda view: json.dumps(view).encode()])
def test_largest_view_is_read(form: Callable[[object], object]) -> None:
    names = [column.name for column in COLUMNS]
    filters = [{"field": "score", "operator": "is_any_of", "value": [n, *range(1, MAX_VALUES)]} for n in range(50)]
    view = read_view(form({"columns": names, "filters": filters, "searchTerm": "x" * MAX_SEARCH}), COLUMNS)
    assert len(view.filters) == MAX_FILTERS
    assert view.search_term == "x" * MAX_SEARCH
    query = TicketQuery.of(view.to_json(), COLUMNS, actor=AN_ACTOR, as_of=AS_OF)
    assert len(query.columns) == len(COLUMNS)
    assert len(query.conditions[0].values) == MAX_VALUES  # type: ignore[union-attr]
    assert len(summarize_view(view.to_json())) == 1_000


def is_read(view: object) -> bool:
    try:
        read_view(view, COLUMNS)
    except InvalidPayloadError:
        return False
    return True


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_view_that_is_read_is_read_again_as_it_is_stored(form: Callable[[object], object]) -> None:
    # As stored, it has the keys that were left out, too.
    views = [form({"columns": ["id"], "viewId": [[]] * lists}) for lists in range(1_980, 2_000)]
    read = [view for view in views if is_read(view)]
    assert 0 < len(read) < len(views)
    assert all(is_read(read_view(view, COLUMNS).to_json()) for view in read)


def test_limit_is_of_bytes_as_sent_and_as_stored() -> None:
    text = json.dumps(view_with(searchTerm="x"))
    assert read_view(text + " " * (MAX_JSON - len(text)), COLUMNS).search_term == "x"
    assert refused(text + " " * (MAX_JSON - len(text) + 1)).problems == (TOO_LONG,)
    # Given in 260,000 characters, stored with an escape before each quote.
    filters = filtered('["' + '", "'.join(["x" * 48] * 500) + '"]')["filters"] * 10  # type: ignore[operator]
    assert refused(view_with(filters=filters)).problems == (TOO_LONG,)


def test_values_may_hold_brackets_and_colons() -> None:
    titles = [f"[{n}] {{a}}: b" for n in range(MAX_VALUES)]
    view = view_with(filters=[{"field": "title", "operator": "is_any_of", "value": titles}] * 10)
    assert len(TicketQuery.of(json.dumps(view), COLUMNS, actor=AN_ACTOR, as_of=AS_OF).conditions) == 10


def test_value_of_10_000_characters_is_read() -> None:
    assert read_view(filtered("x" * MAX_VALUE, "eq"), COLUMNS).filters[0].value == "x" * MAX_VALUE
    assert read_view(filtered(["x" * MAX_VALUE]), COLUMNS).filters[0].value == json.dumps(["x" * MAX_VALUE])


def test_search_has_1_000_characters_without_the_blanks_around_it() -> None:
    assert read_view(view_with(searchTerm=" " * 500 + "x" * 1_000 + "\n"), COLUMNS).search_term == "x" * 1_000
    (problem,) = refused(view_with(searchTerm=" " + "x" * 1_001)).problems
    assert problem == "searchTerm: may hold at most 1,000 characters, not 1,001"


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), st.sampled_from(["", " ", "\t\n", "\u3000"])
)
def test_search_is_trimmed(term: str, blanks: str) -> None:
    assert read_view(view_with(searchTerm=f"{blanks}{term}{blanks}"), COLUMNS).search_term == (term.strip() or None)


def test_as_many_columns_as_there_are_may_be_chosen() -> None:
    columns = many_columns(5)
    names = [column.name for column in columns]
    assert read_view({"columns": names}, columns).columns == tuple(names)
    assert refused({"columns": [*names, "customField001"]}, columns).problems == ("columns: may hold at most 5, not 6",)
    with pytest.raises(InvalidPayloadError, match=f"columns: may hold at most {MAX_COLUMNS:,}, not 1,665"):
        read_view({"columns": [f"c{n}" for n in range(MAX_COLUMNS + 1)]})


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH])
def test_depth_has_a_limit(depth: int) -> None:
    if depth < MAX_DEPTH:
        assert read_view(nested(depth), COLUMNS).columns == ("id", "title")
    else:
        assert refused(nested(depth)).problems == ("payload: lists and objects are nested more than 100 deep",)


@pytest.mark.parametrize("number", [MAX_KEYS, MAX_KEYS + 1])
def test_unknown_keys_are_told_one_by_one_where_they_are_few(number: int) -> None:
    error = refused({f"k{n}": None for n in range(number)})
    told = "payload: holds 31 keys; " if number > MAX_KEYS else "columns: choose at least one column"
    assert error.problems[0].startswith(told)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values.filter(lambda value: "\\u0000" not in json.dumps(value)))
def test_view_id_is_any_value_of_json_and_kept_without_effect(view_id: object) -> None:
    view = read_view(view_with(viewId=view_id), COLUMNS)
    assert json.loads(view.to_json())["viewId"] == view_id
    assert read_view(view.to_json(), COLUMNS).view_id == view_id
    query = TicketQuery.of(view_with(viewId=view_id), COLUMNS, actor=AN_ACTOR, as_of=AS_OF)
    assert query == TicketQuery.of(view_with(), COLUMNS, actor=AN_ACTOR, as_of=AS_OF)


def test_view_id_of_the_hosts_code_is_kept_as_json() -> None:
    view_id = UUID(int=1)
    assert read_view(view_with(viewId=view_id), COLUMNS).view_id == str(view_id)
    assert read_view(view_with(viewId=("a", view_id)), COLUMNS).view_id == ["a", str(view_id)]
    # A backslash before what would be an escape.
    assert read_view(view_with(viewId="\\u0000"), COLUMNS).view_id == "\\u0000"


@pytest.mark.parametrize(
    ("id_type", "given_value", "read"),
    [
        (IdType.INTEGER, 7, 7),
        (IdType.INTEGER, "7", 7),
        (IdType.INTEGER, 7.0, 7),
        (IdType.TEXT, "seven", "seven"),
        (IdType.TEXT, 7, "7"),
        (IdType.UUID, str(UUID(int=7)), UUID(int=7)),
        (IdType.UUID, UUID(int=7), UUID(int=7)),
    ],
    ids=ascii,
)
def test_scope_stays_a_json_scalar_and_its_column_reads_it(id_type: IdType, given_value: object, read: object) -> None:
    columns = TicketColumns(
        attrs.evolve(column, id_type=id_type) if column.scope_role else column for column in COLUMNS
    )
    payload = view_with(scope={"teamId": given_value, "assignedToUserId": given_value})
    stored = read_view(payload, columns).to_json()
    kept = str(given_value) if isinstance(given_value, UUID) else given_value
    assert json.loads(stored)["scope"] == {"teamId": kept, "assignedToUserId": kept}
    for each in (payload, stored):
        conditions = TicketQuery.of(each, columns, actor=AN_ACTOR, as_of=AS_OF).conditions
        assert [condition.values for condition in conditions] == [(read,), (read,)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("id_type", "given_value", "problem"),
    [
        (IdType.INTEGER, "seven", "scope.teamId: 'seven' is not a number, such as 42 or -1.5"),
        (IdType.INTEGER, 7.5, "scope.teamId: '7.5' is not a whole number"),
        (IdType.UUID, 7, "scope.teamId: '7' is not a UUID"),
        (IdType.TEXT, "\x00", "scope.teamId: holds a NUL character, which no text can hold"),
        (IdType.TEXT, None, "scope.assignedToUserId: must be text or a number, not dict"),
    ],
)
def test_scope_of_another_type_is_one_problem_among_the_others(
    id_type: IdType, given_value: object, problem: str
) -> None:
    columns = TicketColumns(
        attrs.evolve(column, id_type=id_type) if column.scope_role else column for column in COLUMNS
    )
    scope = {"teamId": given_value} if given_value is not None else {"assignedToUserId": {}}
    assert refused(view_with(scope=scope, timeZone="x"), columns).problems == (
        problem,
        "timeZone: 'x' is not an IANA time zone; use a name such as Europe/Berlin",
    )


# Anything, often enough repeated.
units = st.sampled_from(
    [
        "[",
        "]",
        "{",
        "}",
        "{}",
        "[]",
        '{"a":',
        '"a":1',
        ",",
        ":",
        '"',
        "\\",
        "1",
        "9.9e9",
        " ",
        "\n",
        "é",
        "\x00",
        "a",
        "null",
    ]
)
large_texts = st.builds(
    lambda start, unit, separator, times, end: start + separator.join([unit] * times) + end,
    st.sampled_from(["", "[", "{", '{"columns":[', '{"columns":["id"],"filters":[{"field":"title","value":"']),
    st.lists(units, min_size=1, max_size=4).map("".join),
    st.sampled_from(["", ","]),
    st.integers(1, 70_000),
    st.sampled_from(["", "]", "}", "]}", '"}]}']),
).map(lambda text: text[:400_000])
large_values = st.one_of(
    st.builds(lambda unit, times: unit * times, units, st.sampled_from([1, 500, 10_001, 300_000])),
    st.builds(lambda value, times: [value] * times, json_values, st.sampled_from([1, 501, 20_000, 40_000])),
    st.builds(lambda key, times: {f"{key}{n}": n for n in range(times)}, units, st.sampled_from([1, 31, 3_000])),
)
KEYS = ["columns", "viewId", "filters", "searchTerm", "sortField", "sortDirection", "scope", "timeZone", "x"]
large_filters = st.fixed_dictionaries(
    {
        "field": st.sampled_from([column.name for column in COLUMNS] + ["nope"]),
        "operator": st.sampled_from(sorted({each.value for operators in OPERATORS.values() for each in operators})),
        "value": large_values,
    }
)
large_views = st.dictionaries(st.sampled_from(KEYS), large_values, max_size=4) | st.builds(
    lambda each, times: view_with(filters=[each] * times), large_filters, st.sampled_from([1, 50, 51])
)


@given(st.one_of(large_texts, large_texts.map(lambda text: text.encode()), large_views))
def test_any_large_payload_is_read_or_refused_in_little_memory(payload: object) -> None:
    try:
        view = read_view(payload, COLUMNS)
    except InvalidPayloadError:
        refused(payload)
    else:
        assert len(view.to_json().encode()) <= MAX_JSON
        assert read_view(view.to_json(), COLUMNS) == view
