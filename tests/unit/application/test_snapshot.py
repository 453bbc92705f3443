from __future__ import annotations

import json
from itertools import permutations
from uuid import UUID

import pytest
from pydantic import ValidationError

from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.errors import InvalidPayloadError

VIEW_ID = UUID("11111111-1111-4111-8111-111111111111")
TEAM_ID = UUID("22222222-2222-4222-8222-222222222222")
USER_ID = UUID("33333333-3333-4333-8333-333333333333")
VIEW = ExportSnapshotPayload(
    view_id=VIEW_ID,
    filters=(ExportFilter(field="status", operator="eq", value="New"), ExportFilter(field="tags", operator="is_empty")),
    search_term="näh",
    sort_field="title",
    sort_direction="desc",
    columns=("id", "title"),
    scope=ExportScope(team_id=TEAM_ID, assigned_to_user_id=USER_ID),
    time_zone="Europe/Berlin",
    file=FileOptions(format="csv", delimiter=";", bom=False, header=True),
)
CAMEL = {
    "viewId": str(VIEW_ID),
    "filters": [
        {"field": "status", "operator": "eq", "value": "New"},
        {"field": "tags", "operator": "is_empty", "value": None},
    ],
    "searchTerm": "näh",
    "sortField": "title",
    "sortDirection": "desc",
    "columns": ["id", "title"],
    "scope": {"teamId": str(TEAM_ID), "assignedToUserId": str(USER_ID)},
    "timeZone": "Europe/Berlin",
    "file": {"format": "csv", "delimiter": ";", "bom": False, "header": True},
}
PASCAL = {
    "ViewId": str(VIEW_ID),
    "Filters": [
        {"Field": "status", "Operator": "eq", "Value": "New"},
        {"Field": "tags", "Operator": "is_empty", "Value": None},
    ],
    "SearchTerm": "näh",
    "SortField": "title",
    "SortDirection": "desc",
    "Columns": ["id", "title"],
    "Scope": {"TeamId": str(TEAM_ID), "AssignedToUserId": str(USER_ID)},
    "TimeZone": "Europe/Berlin",
    "File": {"Format": "csv", "Delimiter": ";", "Bom": False, "Header": True},
}
SNAKE = {
    "view_id": str(VIEW_ID),
    "filters": [
        {"field": "status", "operator": "eq", "value": "New"},
        {"field": "tags", "operator": "is_empty", "value": None},
    ],
    "search_term": "näh",
    "sort_field": "title",
    "sort_direction": "desc",
    "columns": ["id", "title"],
    "scope": {"team_id": str(TEAM_ID), "assigned_to_user_id": str(USER_ID)},
    "time_zone": "Europe/Berlin",
    "file": {"format": "csv", "delimiter": ";", "bom": False, "header": True},
}


@pytest.mark.parametrize("spelling", [CAMEL, PASCAL, SNAKE], ids=["camelCase", "PascalCase", "snake_case"])
def test_every_spelling_is_read(spelling: dict[str, object]) -> None:
    assert read_view(spelling) == VIEW
    assert read_view(json.dumps(spelling)) == VIEW
    assert read_view(json.dumps(spelling, ensure_ascii=False).encode()) == VIEW


def test_camel_case_is_written() -> None:
    assert json.loads(VIEW.to_json()) == CAMEL


def test_a_stored_view_is_the_view() -> None:
    assert read_view(VIEW.to_json()) == VIEW
    assert read_view(VIEW) == VIEW


def test_everything_but_the_columns_has_the_default_of_the_seed() -> None:
    assert json.loads(ExportSnapshotPayload(columns=("id",)).to_json()) == {
        "viewId": None,
        "filters": [],
        "searchTerm": None,
        "sortField": None,
        "sortDirection": None,
        "columns": ["id"],
        "scope": None,
        "timeZone": None,
        "file": None,
    }
    assert json.loads(ExportScope().model_dump_json()) == {"teamId": None, "assignedToUserId": None}


@pytest.mark.parametrize(
    ("model", "field"), [(VIEW, "search_term"), (VIEW.filters[0], "value"), (VIEW.scope, "team_id")]
)
def test_a_view_is_frozen(model: object, field: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, field, None)


@pytest.mark.parametrize("keys", list(permutations(["viewId", "ViewId", "view_id"], 2)), ids="+".join)
def test_one_key_in_two_spellings_is_refused(keys: tuple[str, str]) -> None:
    for values in ((str(VIEW_ID), None), (None, str(VIEW_ID))):
        with pytest.raises(InvalidPayloadError, match="unknown or repeated key") as caught:
            read_view({"columns": ["id"], **dict(zip(keys, values, strict=True))})
        (problem,) = caught.value.problems
        assert problem.split(":")[0] in keys


@pytest.mark.parametrize("keys", list(permutations(["columns", "Columns"])), ids="+".join)
def test_no_list_of_columns_is_dropped_for_another(keys: tuple[str, str]) -> None:
    with pytest.raises(InvalidPayloadError, match="Columns: unknown or repeated key"):
        read_view({keys[0]: ["id"], keys[1]: ["title"]})


def test_a_key_repeated_in_json_is_refused() -> None:
    with pytest.raises(InvalidPayloadError, match="payload: the key 'filters' is repeated in one object"):
        read_view('{"filters":[{"field":"status","operator":"eq","value":"New"}],"columns":["id"],"filters":[]}')
    with pytest.raises(InvalidPayloadError, match="the key 'value' is repeated"):
        read_view('{"columns":["id"],"filters":[{"field":"a","operator":"eq","value":"1","value":"2"}]}')


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x", "x"),
        (7, "7"),
        (10**30, "1" + "0" * 30),
        (-1.5, "-1.5"),
        (TEAM_ID, str(TEAM_ID)),
        (["a", 1, -1.5, TEAM_ID], f'["a", 1, -1.5, "{TEAM_ID}"]'),
        (("ä",), '["ä"]'),
        (None, None),
    ],
)
def test_a_filters_value_is_kept_as_text(value: object, kept: str | None) -> None:
    view = read_view({"columns": ["id"], "filters": [{"field": "a", "operator": "is_any_of", "value": value}]})
    assert view.filters[0].value == kept


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (True, "must be text, not bool"),
        ({"a": 1}, "must be text, not dict"),
        (float("nan"), "a value must be text, a number, or a list of these"),
        (float("inf"), "a value must be text, a number, or a list of these"),
        pytest.param(10**5000, "a value must be text, a number, or a list of these", id="huge"),
        ([object()], "a value must be text, a number, or a list of these"),
        ([float("nan")], "a value must be text, a number, or a list of these"),
        (b"\xff", "must be text, not bytes"),
        ("\x00", "holds a NUL character, which no text can hold"),
        ("\ud800", "holds half of a surrogate pair, which is not a character"),
    ],
)
def test_a_filters_value_of_another_kind_is_refused(value: object, problem: str) -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({"columns": ["id"], "filters": [{"field": "a", "operator": "is_any_of", "value": value}]})
    assert caught.value.problems == (f"filters[0].value: {problem}",)


@pytest.mark.parametrize("operator", ["eq", "EQUALS", "contains", "gt", "is_empty"])
def test_a_list_is_no_value_of_an_operator_that_takes_one(operator: str) -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({"columns": ["id"], "filters": [{"field": "a", "operator": operator, "value": ["x", "y"]}]})
    assert caught.value.problems == ("filters[0].value: only is_any_of and is_none_of take a list",)


def test_whatever_is_read_without_columns_can_be_stored() -> None:
    texts = {"field": "\ud800", "operator": "\x00", "value": "\ud800"}
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({"columns": ["id", "\udfff"], "filters": [texts], "searchTerm": "\x00", "sortField": "\x00"})
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "columns[1]",
        "filters[0].field",
        "filters[0].operator",
        "filters[0].value",
        "searchTerm",
        "sortField",
    ]


@pytest.mark.parametrize(
    ("direction", "read"),
    [("asc", "asc"), ("ASC", "asc"), ("Ascending", "asc"), ("desc", "desc"), ("DESCENDING", "desc"), (None, None)],
)
def test_a_direction_has_a_long_and_a_short_spelling(direction: str | None, read: str | None) -> None:
    assert read_view({"columns": ["id"], "sortDirection": direction}).sort_direction == read


@pytest.mark.parametrize("blank", [None, "", " ", " \t\n\u3000"])
def test_a_blank_search_is_none(blank: str | None) -> None:
    assert read_view({"columns": ["id"], "searchTerm": blank}).search_term is None


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_zone_is_an_iana_name(zone: str | None) -> None:
    assert read_view({"columns": ["id"], "timeZone": zone}).time_zone == zone


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "+02:00", "europe/berlin", "../etc/passwd", "/etc/passwd", "localtime", "\x00", "\ud800"]
)
def test_anything_else_is_no_zone(zone: str) -> None:
    with pytest.raises(InvalidPayloadError, match=r"timeZone: .* is not an IANA time zone; use a name such as"):
        read_view({"columns": ["id"], "timeZone": zone})
