from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import pytest

from tests.unit.application.columns import COLUMNS, STATUS, TITLE
from ticket_export.application.view.limits import MAX_FILTERS
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportFilter, ExportSnapshotPayload
from ticket_export.application.view.ticket_column import TicketColumns
from ticket_export.errors import InvalidPayloadError

TEAM_ID = "22222222-2222-4222-8222-222222222222"
NAMES = ", ".join(column.name for column in COLUMNS)
KEYS = "columns, viewId, filters, searchTerm, sortField, sortDirection, scope, selection, timeZone, file"


def problems(payload: object, columns: TicketColumns | None = COLUMNS) -> tuple[str, ...]:
    with pytest.raises(InvalidPayloadError) as caught:
        read_view(payload, columns)
    return caught.value.problems


def view_with(**keys: object) -> dict[str, object]:
    return {"columns": ["id", "title"], **keys}


def filtered(*filters: object) -> dict[str, object]:
    return view_with(filters=list(filters))


def test_every_mistake_of_a_view_is_in_one_error_with_its_place() -> None:
    found = problems(
        {
            "columns": ["id", "nope", "title", "TITLE"],
            "filters": [
                {"field": "title", "operator": "resembles", "value": "x"},
                {"field": "nothing", "operator": "eq", "value": "x"},
                {"field": "score", "operator": "gt", "value": "many"},
                {"field": "status", "operator": "eq", "value": "New", "and": []},
            ],
            "sortBy": "title",
            "sortDirection": "sideways",
            "timeZone": "Mars/Base",
        }
    )
    text_operators = (
        "eq, neq, contains, not_contains, starts_with, not_starts_with, ends_with, not_ends_with, "
        "is_empty, is_not_empty, is_any_of, is_none_of"
    )
    filterable = NAMES.replace("tags, ", "")
    assert sorted(found) == sorted(
        [
            f"columns[1]: unknown column 'nope'; columns are {NAMES}",
            "columns[3]: column 'TITLE' is chosen twice",
            f"filters[0].operator: 'resembles' is not an operator of the text column title; use {text_operators}",
            f"filters[1].field: unknown column 'nothing'; filterable are {filterable}",
            "filters[2].value: 'many' is not a number, such as 42 or -1.5",
            "filters[3].and: unknown or repeated key; the keys here are field, operator, value",
            f"sortBy: unknown or repeated key; the keys here are {KEYS}",
            "sortDirection: 'sideways' is not a sort direction; use asc or desc",
            "timeZone: 'Mars/Base' is not an IANA time zone; use a name such as Europe/Berlin",
        ]
    )


@pytest.mark.parametrize("payload", [{}, {"columns": []}, '{"columns":[]}', {"columns": (), "viewId": None}])
def test_a_view_without_columns_is_refused(payload: object) -> None:
    assert problems(payload) == ("columns: choose at least one column",)


def test_no_column_is_told_beside_other_mistakes() -> None:
    assert problems({"columns": [], "timeZone": "x", "searchTerm": "y"}) == (
        "columns: choose at least one column",
        "timeZone: 'x' is not an IANA time zone; use a name such as Europe/Berlin",
    )


def test_names_come_back_as_the_catalog_spells_them() -> None:
    view = read_view(
        {
            "columns": ["TITLE", "creationtime", "Id"],
            "filters": [{"field": "OWNINGTEAMID", "operator": "EQUALS", "value": TEAM_ID}],
            "sortField": "CreationTime",
        },
        COLUMNS,
    )
    assert view.columns == ("title", "creationTime", "id")
    assert view.filters == (ExportFilter(field="owningTeamId", operator="eq", value=TEAM_ID),)
    assert view.sort_field == "creationTime"


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (None, "payload: must be an object with keys, not NoneType"),
        (5, "payload: must be an object with keys, not int"),
        ([], "payload: must be an object with keys, not list"),
        ("[]", "payload: must be an object with keys, not list"),
        ("null", "payload: must be an object with keys, not NoneType"),
        (ExportFilter(field="a", operator="b"), "payload: must be an object with keys, not ExportFilter"),
        ("", "payload: line 1 column 1: Expecting value"),
        ('{\n"columns" ["id"]}', "payload: line 2 column 11: Expecting ':' delimiter"),
        (b"\xff\xff", "payload: not JSON that can be read"),
        pytest.param("[" * 1_000, "payload: not JSON that can be read", id="deep"),
        pytest.param("[" * 100_000, "payload: holds more than 2,000 lists, objects and keys", id="deeper"),
        pytest.param('{"columns": ' + "1" * 5_000 + "}", "payload: not JSON that can be read", id="huge"),
    ],
)
def test_what_is_no_object_is_refused(payload: object, problem: str) -> None:
    assert problems(payload) == (problem,)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"columns": None}, "columns: must be a list, not NoneType"),
        ({"columns": "id"}, "columns: must be a list, not 'id'"),
        ({"columns": {"id": 1}}, "columns: must be a list, not dict"),
        ({"columns": ["id", 5]}, "columns[1]: must be text, not int"),
        ({"columns": ["id", "\ud800"]}, "columns[1]: holds half of a surrogate pair, which is not a character"),
        (view_with(viewId="\ud800"), "viewId: holds half of a surrogate pair, which is not a character"),
        (view_with(viewId={"a": ["\x00"]}), "viewId: holds a NUL character, which no text can hold"),
        (view_with(viewId=float("nan")), "viewId: must be a value of JSON"),
        (view_with(viewId=object()), "viewId: must be a value of JSON"),
        (view_with(viewId="x" * 10_000), "viewId: may hold at most 10,000 characters, not 10,002"),
        (view_with(filters=None), "filters: must be a list, not NoneType"),
        (view_with(filters={"field": "id"}), "filters: must be a list, not dict"),
        (filtered("id:eq:1"), "filters[0]: must be an object with keys, not 'id:eq:1'"),
        (filtered({"operator": "eq", "value": "1"}), "filters[0].field: is required"),
        (filtered({"field": "id", "value": "1"}), "filters[0].operator: is required"),
        (filtered({"field": "id", "operator": "eq"}), "filters[0].value: eq needs a value; to find empty cells use"),
        (filtered({"field": 5, "operator": "eq", "value": "1"}), "filters[0].field: must be text, not int"),
        (
            filtered({"field": "tags", "operator": "is_empty"}),
            "filters[0].field: this column is not filterable: 'tags'; filterable are id, title, score",
        ),
        (
            filtered({"field": "isUrgent", "operator": "eq", "value": "true"}),
            "filters[0].operator: 'eq' is not an operator of the boolean column isUrgent; use is_true, is_false",
        ),
        (
            filtered({"field": "status", "operator": "eq", "value": "Done"}),
            "filters[0].value: 'Done' is not one of New, In Progress, Closed, done",
        ),
        (
            filtered({"field": "title", "operator": "eq", "value": "\x00"}),
            "filters[0].value: holds a NUL character, which no text can hold",
        ),
        (
            filtered(*[{"field": "title", "operator": "is_empty"}] * (MAX_FILTERS + 1)),
            f"filters: may hold at most {MAX_FILTERS}, not {MAX_FILTERS + 1}",
        ),
        (view_with(searchTerm=5), "searchTerm: must be text, not int"),
        (view_with(searchTerm="a\x00"), "searchTerm: holds a NUL character, which no text can hold"),
        (view_with(sortField="nope"), "sortField: unknown column 'nope'; sortable are id, title, score, isUrgent"),
        (view_with(sortField="tags"), "sortField: this column is not sortable: 'tags'; sortable are id, title, sc"),
        (view_with(sortDirection=True), "sortDirection: must be text, not bool"),
        (view_with(scope=[]), "scope: must be an object with keys, not list"),
        (view_with(scope={"teamId": "me"}), "scope.teamId: 'me' is not a UUID"),
        (view_with(scope={"teamId": 7}), "scope.teamId: '7' is not a UUID"),
        (view_with(scope={"teamId": True}), "scope.teamId: must be text or a number, not bool"),
        (view_with(scope={"teamId": [TEAM_ID]}), "scope.teamId: must be text or a number, not list"),
        (view_with(scope={"teamId": float("inf")}), "scope.teamId: a value must be text, a number, or a list of these"),
        (view_with(scope={"teamId": ""}), "scope.teamId: must not be empty; to leave it out, use null"),
        (view_with(scope={"teamId": "x" * 10_001}), "scope.teamId: may hold at most 10,000 characters, not 10,001"),
        (view_with(scope={"team": TEAM_ID}), "scope.team: unknown or repeated key; the keys here are teamId, ass"),
        ({"columns": ["id"], "a\nb": 1}, rf"'a\nb': unknown or repeated key; the keys here are {KEYS}"),
        ({"columns": ["id"], "größe": 1}, rf"'gr\xf6\xdfe': unknown or repeated key; the keys here are {KEYS}"),
        ({"columns": ["id"], "\ud800": 1}, rf"'\\ud800': unknown or repeated key; the keys here are {KEYS}"),
        pytest.param({"columns": ["id"], 10**5000: 1}, "'<unprintable int object>': a key must be text", id="huge key"),
        ({"columns": ["id"], 5: 1}, "[5]: a key must be text, not int"),
        ({"columns": ["id"], b"x": 1}, "\"b'x'\": a key must be text, not bytes"),
    ],
)
def test_each_mistake_is_told_once_and_where_it_is(payload: object, problem: str) -> None:
    (found,) = problems(payload)
    assert found.startswith(problem)


def broken() -> Iterator[str]:
    yield "id"
    raise ValueError("line\nbreak")


def test_only_a_list_is_a_list_of_columns() -> None:
    (found,) = problems({"columns": broken()})
    assert found == "columns: must be a list, not generator"


def test_as_many_filters_as_a_person_reads_are_taken() -> None:
    view = read_view(filtered(*[{"field": "title", "operator": "is_empty"}] * MAX_FILTERS), COLUMNS)
    assert len(view.filters) == MAX_FILTERS


def test_a_search_needs_a_chosen_column_that_can_be_searched() -> None:
    assert problems({"columns": ["id", "score"], "searchTerm": "x"}) == (
        "searchTerm: none of the chosen columns can be searched; searchable are title, tags",
    )
    assert read_view({"columns": ["id", "Tags"], "searchTerm": " x "}, COLUMNS).search_term == "x"
    assert problems({"columns": ["status"], "searchTerm": "x"}, TicketColumns([STATUS])) == (
        "searchTerm: none of the chosen columns can be searched; searchable are none",
    )


def test_a_scope_needs_columns_that_answer_to_it() -> None:
    scope = {"teamId": TEAM_ID, "assignedToUserId": TEAM_ID}
    assert problems({"columns": ["title"], "scope": scope}, TicketColumns([TITLE])) == (
        "scope.teamId: these tickets cannot be restricted to one team",
        "scope.assignedToUserId: these tickets cannot be restricted to one assignee",
    )
    assert read_view({"columns": ["title"], "scope": {}}, TicketColumns([TITLE])).scope is not None


def test_a_column_named_once_in_vain_is_no_duplicate() -> None:
    assert [each.split(";")[0] for each in problems({"columns": ["nope", "nope"]})] == [
        "columns[0]: unknown column 'nope'",
        "columns[1]: unknown column 'nope'",
    ]


def test_without_columns_only_the_shape_is_checked() -> None:
    view = {"columns": ["x", "y"], "filters": [{"field": "z", "operator": "w"}], "sortField": "v", "searchTerm": "u"}
    assert read_view(view).columns == ("x", "y")
    assert problems({"columns": ["x", "X"], "zone": 1}, None) == (
        "columns[1]: column 'X' is chosen twice",
        f"zone: unknown or repeated key; the keys here are {KEYS}",
    )


@pytest.mark.parametrize("make", [dict, MappingProxyType], ids=["dict", "another mapping"])
def test_models_inside_a_mapping_are_checked_too(make: type) -> None:
    payload = make({"columns": ["id"], "filters": [ExportFilter(field="nope", operator="resembles")]})
    (found,) = problems(payload)
    assert found.startswith("filters[0].field: unknown column 'nope'")


def test_a_model_is_checked_like_its_json() -> None:
    view = ExportSnapshotPayload(
        columns=("title", "nope"), filters=(ExportFilter(field="score", operator="eq", value="x"),), search_term="y"
    )
    read_view(view)
    assert problems(view) == problems(view.to_json())
    assert len(problems(view)) == 2
