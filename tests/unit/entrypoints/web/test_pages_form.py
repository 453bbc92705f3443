from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.entrypoints.web.page_values import COLUMNS, CSV, NDJSON, PARQUET, XLSX, choices
from ticket_export.application.view.file_options import FileOptions, OfferedFormats
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ScopeRole, TicketColumn, TicketColumns
from ticket_export.entrypoints.web.pages.context import PageContext
from ticket_export.entrypoints.web.pages.form import ExportForm
from ticket_export.entrypoints.web.pages.languages import Languages
from ticket_export.entrypoints.web.pages.pages import Pages
from ticket_export.errors import InvalidPayloadError

PAGES = Pages(Languages())
CONTEXT = PageContext(root="/exports", language=PAGES.languages.find("en"), csrf=None)
CHOICES = choices()
CATALOG = TicketColumns(
    TicketColumn(
        name=each.name,
        label=each.label,
        kind=each.kind,
        searchable=each.searchable,
        scope_role=ScopeRole.TEAM if each.name == "teamId" else None,
    )
    for each in COLUMNS
)
FORMATS = OfferedFormats(
    {each.name: frozenset(each.options) for each in (CSV, XLSX, NDJSON, PARQUET)},
    FileOptions(delimiter=",", bom=True, header=True),
)


class SentFields(HTMLParser):
    """The fields that a browser sends for the first form of a page, without a button."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._select = ""
        self._options: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_attributes = {name: value or "" for name, value in attrs}
        match tag, given_attributes.get("type"):
            case "input", "hidden":
                self.fields.append((given_attributes["name"], given_attributes["value"]))
            case "input", "checkbox" | "radio" if "checked" in given_attributes:
                self.fields.append((given_attributes["name"], given_attributes["value"]))
            case "select", _:
                self._select, self._options = given_attributes["name"], []
            case "option", _:
                self._options.append((given_attributes["value"], "selected" in given_attributes))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            chosen = [value for value, is_selected in self._options if is_selected] or [self._options[0][0]]
            self.fields.append((self._select, chosen[-1]))


def sent(form: ExportForm) -> list[tuple[str, str]]:
    return SentFields(PAGES.new_export(CONTEXT, CHOICES, form)).fields


def meaning(view: Mapping[str, object]) -> ExportSnapshotPayload:
    payload = read_view(view, CATALOG, formats=FORMATS)
    return payload.model_copy(
        update={
            "sort_direction": (payload.sort_direction or "asc") if payload.sort_field else None,
            "time_zone": payload.time_zone or "UTC",
        }
    )


def chosen(form: ExportForm) -> list[str]:
    return [each.column.name for each in form.columns if each.is_chosen]


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
filters = st.one_of(
    st.builds(lambda value: {"field": "title", "operator": "contains", "value": value}, texts),
    st.builds(
        lambda values: {"field": "title", "operator": "is_any_of", "value": values},
        st.lists(texts, min_size=1, max_size=3),
    ),
    st.builds(lambda days: {"field": "created", "operator": "is_within_past_days", "value": days}, st.integers(0, 99)),
    st.just({"Field": "status", "Operator": "is_empty"}),
)
files = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "format": st.sampled_from(["csv", "CSV"]),
            "delimiter": st.sampled_from([",", ";", "\t"]),
            "bom": st.booleans(),
            "header": st.booleans(),
        },
    ),
    st.fixed_dictionaries({"format": st.just("xlsx")}, optional={"header": st.booleans()}),
    st.sampled_from([{"format": "ndjson"}, {"format": "parquet"}, {"Format": "xlsx"}, None]),
)
#: Views as hosts send them, in three spellings of the keys.
views = st.fixed_dictionaries(
    {
        "columns": st.lists(st.sampled_from(["id", "title", "STATUS", "created"]), unique=True).map(
            lambda own: [*own, "teamId"]
        )
    },
    optional={
        "filters": st.lists(filters, max_size=3),
        "scope": st.just({"teamId": 7}),
        "viewId": st.sampled_from([3, None, {"a": ["ü"]}]),
        "SortField": st.sampled_from(["title", "Created"]),
        "sort_direction": st.sampled_from(["asc", "DESC", "descending", None]),
        "timeZone": st.sampled_from(["UTC", "Europe/Berlin", "CET", None]),
        "file": files,
    },
)


@settings(max_examples=30)
@given(views)
def test_view_that_is_only_sent_keeps_its_meaning(view: dict[str, object]) -> None:
    form = ExportForm.from_fields(sent(ExportForm.from_view(view, CHOICES)), CHOICES)
    assert meaning(form.view()) == meaning(view)
    again = ExportForm.from_fields(sent(form), CHOICES)
    assert again.view() == form.view()


@settings(max_examples=20)
@given(views, texts)
def test_search_is_kept_as_it_is(view: dict[str, object], term: str) -> None:
    form = ExportForm.from_fields(sent(ExportForm.from_view(view, CHOICES)), CHOICES)
    form = ExportForm.from_fields([("view", json.dumps(view | {"searchTerm": term})), *sent(form)[1:]], CHOICES)
    kept = form.view()
    assert (kept["searchTerm"], kept.get("filters")) == (term, view.get("filters"))


def test_unknown_key_is_told_and_sent_again_as_it_is() -> None:
    given_view = {"columns": ["id"], "unheardOf": {"deep": [1, None]}}
    form = ExportForm.from_fields([("view", json.dumps(given_view))], CHOICES)
    assert [each.partition(":")[0] for each in form.problems] == ["unheardOf"]
    assert json.loads(form.view_text) == given_view


def test_empty_view_offers_all_columns_in_the_order_of_the_catalog() -> None:
    form = ExportForm.from_view({}, CHOICES)
    assert chosen(form) == [each.name for each in COLUMNS]
    assert (form.file, form.sort_field, form.time_zone) == ("csv", "", "UTC")


def test_columns_of_the_view_come_first_and_the_others_follow_unchosen() -> None:
    form = ExportForm.from_view({"Columns": ["created", "ID"]}, CHOICES)
    assert [each.column.name for each in form.columns] == ["created", "id", "title", "status", "teamId"]
    assert chosen(form) == ["created", "id"]


FIELDS = [
    ("view", "{}"),
    *(("order", name) for name in ("title", "id", "status", "created", "teamId")),
    ("columns", "id"),
]


@pytest.mark.parametrize(
    ("button", "name", "order"),
    [
        ("up", "id", ["id", "title", "status"]),
        ("down", "id", ["title", "status", "id"]),
        ("up", "title", ["title", "id", "status"]),
        ("up", "titel", ["title", "id", "status"]),
    ],
)
def test_button_moves_a_column_by_one_place(button: str, name: str, order: list[str]) -> None:
    form = ExportForm.from_fields([*FIELDS, (button, name)], CHOICES)
    assert [each.column.name for each in form.columns][:3] == order
    assert chosen(form) == ["id"]


def test_last_column_stays_last() -> None:
    form = ExportForm.from_fields([*FIELDS, ("down", "teamId")], CHOICES)
    assert [each.column.name for each in form.columns][-1] == "teamId"


def test_focus_stays_on_the_button_that_moved_a_column() -> None:
    form = ExportForm.from_fields([*FIELDS, ("up", "status")], CHOICES)
    html = PAGES.new_export(CONTEXT, CHOICES, form)
    assert html.count("autofocus") == 1
    assert 'name="up" value="status"' in html.partition(" autofocus")[0].rpartition("<button")[2]


def test_order_of_the_fields_is_the_order_of_the_file() -> None:
    fields = [
        ("view", '{"columns": ["id"]}'),
        ("order", "title"),
        ("order", "id"),
        ("columns", "id"),
        ("columns", "title"),
    ]
    assert ExportForm.from_fields(fields, CHOICES).view()["columns"] == ["title", "id"]


def test_columns_without_an_order_are_the_columns_of_the_file() -> None:
    form = ExportForm.from_fields([("columns", "title"), ("columns", "id")], CHOICES)
    assert form.view()["columns"] == ["title", "id"]
    assert ExportForm.from_fields([("columns", "titel")], CHOICES).view()["columns"] == ["titel"]


def test_unchosen_columns_are_left_out_and_the_request_says_so() -> None:
    form = ExportForm.from_fields([field for field in FIELDS if field[0] != "columns"], CHOICES)
    assert form.view()["columns"] == []


def test_unknown_columns_of_the_view_are_told_and_left_out() -> None:
    form = ExportForm.from_view({"columns": ["actions", "id"], "sortField": "avatar"}, CHOICES)
    assert form.left_out == ("actions", "avatar")
    assert "Not available for export: actions, avatar" in PAGES.new_export(CONTEXT, CHOICES, form)
    assert ExportForm.from_fields(sent(form), CHOICES).view()["columns"] == ["id"]


def test_unknown_names_that_are_sent_reach_the_request() -> None:
    form = ExportForm.from_fields(
        [*FIELDS, ("columns", "titel"), ("sortField", "avatar"), ("file", "pdf"), ("timeZone", "Mars")], CHOICES
    )
    with pytest.raises(InvalidPayloadError) as refused:
        read_view(form.view(), CATALOG, formats=FORMATS)
    assert [each.partition(":")[0] for each in refused.value.problems] == [
        "columns[1]",
        "sortField",
        "timeZone",
        "file.format",
    ]
    assert PAGES.new_export(CONTEXT, CHOICES, form, refused.value.problems).count("<li>") == 4


@pytest.mark.parametrize("sent_view", ["{nope", "[]", "", '{"a": 1, "a": 2}', "[" * 10_000, '"\\ud800"', "null"])
def test_broken_view_is_told_and_never_exports_everything(sent_view: str) -> None:
    form = ExportForm.from_fields([*FIELDS[1:], ("view", sent_view)], CHOICES)
    assert form.problems
    assert not form.can_be_sent
    with pytest.raises(InvalidPayloadError):
        form.view()
    html = PAGES.new_export(CONTEXT, CHOICES, form)
    assert "This view cannot be exported." in html
    assert "te-button-wide" not in html
    again = ExportForm.from_fields(sent(form), CHOICES)
    assert again.problems == form.problems


def test_fields_without_a_view_have_all_tickets() -> None:
    form = ExportForm.from_fields([("order", "id"), ("columns", "id")], CHOICES)
    assert form.view() == {"columns": ["id"], "file": {"format": "csv", "delimiter": ","}}


def test_two_views_are_a_broken_view() -> None:
    form = ExportForm.from_fields([("view", "{}"), ("view", '{"searchTerm": "x"}')], CHOICES)
    assert form.problems == ("view: was sent more than once",)


def test_filters_that_cannot_be_read_are_told_at_once() -> None:
    form = ExportForm.from_view({"filters": [{"operator": "eq"}]}, CHOICES)
    assert form.problems == ("filters[0].field: is required",)


def test_text_that_cannot_be_sent_is_sent_as_an_escape() -> None:
    form = ExportForm.from_view({"viewId": "\ud800"}, CHOICES)
    PAGES.new_export(CONTEXT, CHOICES, form).encode()
    assert json.loads(dict(sent(form))["view"]) == {"viewId": "\ud800"}


@pytest.mark.parametrize(
    ("file", "preset"),
    [
        (None, "csv"),
        ({"format": "csv", "delimiter": ";"}, "csv;"),
        ({"delimiter": "\t"}, "csv\t"),
        ({"format": "XLSX"}, "xlsx"),
        ({"format": "parquet"}, "parquet"),
        ({"format": "pdf"}, "csv"),
        ({"delimiter": "|"}, "csv"),
        ("csv", "csv"),
    ],
)
def test_file_of_the_view_selects_a_kind_of_file(file: object, preset: str) -> None:
    assert ExportForm.from_view({"file": file}, CHOICES).file == preset


@pytest.mark.parametrize(
    ("preset", "file"),
    [
        ("csv;", {"format": "csv", "delimiter": ";", "bom": False, "header": False}),
        ("csv\\t", {"format": "csv", "delimiter": "\t", "bom": False, "header": False}),
        ("xlsx", {"format": "xlsx"}),
    ],
)
def test_options_of_the_view_stay_with_its_format(preset: str, file: object) -> None:
    view = json.dumps({"file": {"format": "csv", "bom": False, "header": False}})
    form = ExportForm.from_fields([("view", view), ("order", "id"), ("columns", "id"), ("file", preset)], CHOICES)
    assert form.view()["file"] == file


def test_only_offered_formats_are_shown_a_plugin_by_its_name() -> None:
    values = {each.value: each.label for each in ExportForm.from_view({}, CHOICES).presets}
    assert list(values) == ["csv", "xlsx", "csv;", "csv\t", "ndjson", "parquet"]
    assert (values["csv;"], values["xlsx"], values["parquet"]) == ("CSV for German Excel", "Excel workbook", "PARQUET")
    few = choices(formats=(XLSX, CSV.model_copy(update={"options": ()})))
    form = ExportForm.from_view({}, few)
    assert ([each.value for each in form.presets], form.file) == (["xlsx", "csv"], "xlsx")
    assert form.view()["file"] == {"format": "xlsx"}


def test_without_any_format_the_page_still_shows() -> None:
    none = choices(formats=())
    form = ExportForm.from_view({"file": {"format": "csv"}}, none)
    assert (form.presets, form.file) == ((), "")
    assert 'name="file"' not in PAGES.new_export(CONTEXT, none, form)


def test_setting_of_the_delimiter_is_the_default() -> None:
    form = ExportForm.from_view({}, choices(file=FileOptions(delimiter=";")))
    assert (form.file, form.presets[0].value) == ("csv;", "csv;")


def test_view_without_a_time_zone_stays_without_one() -> None:
    form = ExportForm.from_fields(sent(ExportForm.from_view({}, CHOICES)), CHOICES)
    assert "timeZone" not in form.view()
    assert "data-te-zone" in PAGES.new_export(CONTEXT, CHOICES, ExportForm.from_view({}, CHOICES))
    named = ExportForm.from_view({"timeZone": "Europe/Berlin"}, CHOICES)
    assert "data-te-zone" not in PAGES.new_export(CONTEXT, CHOICES, named)


@pytest.mark.parametrize(
    ("view", "place"),
    [
        ({"columns": "id"}, "columns"),
        ({"columns": None}, "columns"),
        ({"file": "xlsx"}, "file"),
        ({"file": {"format": ["x"]}}, "file.format"),
        ({"timeZone": 5}, "timeZone"),
        ({"sortField": {}}, "sortField"),
    ],
)
def test_mistake_in_a_part_that_the_form_shows_is_told_too(view: dict[str, object], place: str) -> None:
    form = ExportForm.from_fields([("view", json.dumps(view))], choices())
    assert [each.partition(":")[0] for each in form.problems] == [place]
    with pytest.raises(InvalidPayloadError):
        form.view()
