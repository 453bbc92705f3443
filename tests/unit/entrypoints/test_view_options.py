from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.limits import MAX_JSON
from ticket_export.application.view.read_view import read_view
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.view_options import View, view_of, with_format
from ticket_export.errors import InvalidPayloadError
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

_COLUMNS = reference_catalog(REFERENCE_TABLES).describe()
_NAMES = [column.name for column in _COLUMNS]
# What the operating system hands over: any text, bytes that are no UTF-8 as lone surrogates.
_ARGUMENTS = st.text(st.characters(exclude_characters="\0") | st.characters(categories=["Cs"]))


@given(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True), st.sampled_from(["", " "]))
def test_columns_come_in_the_order_in_which_they_are_typed(names: list[str], blank: str) -> None:
    view = read_view(view_of(columns=f",{blank}".join(names)), _COLUMNS)
    assert list(view.columns) == names


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_filters_value_may_hold_anything_colons_included(value: str) -> None:
    view = read_view(view_of(columns="id", filters=[f"title:contains:{value}"]), _COLUMNS)
    assert [(each.field, each.operator, each.value) for each in view.filters] == [("title", "contains", value)]


def test_an_operator_that_says_everything_needs_no_value() -> None:
    view = read_view(view_of(columns="id", filters=["assigneeName:is_empty"]), _COLUMNS)
    assert [(each.operator, each.value) for each in view.filters] == [("is_empty", None)]


@pytest.mark.parametrize(
    ("typed", "where"),
    [("title", "filters[1].operator"), ("", "filters[1].field"), ("title:", "filters[1].operator")],
)
def test_a_malformed_filter_is_named_by_its_place(typed: str, where: str) -> None:
    with pytest.raises(InvalidPayloadError) as refused:
        read_view(view_of(columns="id", filters=["id:eq:1", typed]), _COLUMNS)
    assert where in [problem.split(":")[0] for problem in refused.value.problems]


@pytest.mark.parametrize(("typed", "direction"), [("id", None), ("id:desc", "desc"), ("id:asc", "asc")])
def test_a_sort_may_have_a_direction(typed: str, direction: str | None) -> None:
    view = read_view(view_of(columns="id", sort=typed), _COLUMNS)
    assert (view.sort_field, view.sort_direction) == ("id", direction)


def test_team_and_assignee_are_the_views_scope() -> None:
    team, assignee = f"{1:032x}", f"{2:032x}"
    view = read_view(view_of(columns="id", team=team, assignee=assignee, search="1", time_zone="Asia/Tokyo"), _COLUMNS)
    assert view.scope is not None
    assert (view.scope.team_id, view.scope.assigned_to_user_id) == (team, assignee)
    assert (view.search_term, view.time_zone) == ("1", "Asia/Tokyo")


def test_options_of_the_file_are_part_of_the_view() -> None:
    assert "file" not in cast("dict[str, object]", view_of(columns="id"))
    view = read_view(view_of(columns="id", file_format="csv", delimiter=";", header=False, bom=False), _COLUMNS)
    assert view.file == FileOptions(format="csv", delimiter=";", header=False, bom=False)
    view = read_view(view_of(columns="id", header=True), _COLUMNS)
    assert view.file == FileOptions(header=True)


@pytest.mark.parametrize("typed", ["tab", "\\t", "\t"])
def test_a_tab_may_be_typed_as_a_word(typed: str) -> None:
    assert read_view(view_of(columns="id", delimiter=typed), _COLUMNS).file == FileOptions(delimiter="\t")


def test_a_delimiter_that_is_none_is_named_by_its_place() -> None:
    with pytest.raises(InvalidPayloadError, match=r"file\.delimiter: '\|' is not a delimiter"):
        read_view(view_of(columns="id", delimiter="|"), _COLUMNS)


def test_the_name_of_the_file_decides_about_the_format_unless_the_view_does() -> None:
    assert with_format({"columns": ["id"]}, "xlsx") == {"columns": ["id"], "file": {"format": "xlsx"}}
    chosen = view_of(columns="id", file_format="csv", header=False)
    assert with_format(chosen, "xlsx") == chosen
    assert cast("dict[str, Any]", with_format(view_of(columns="id", header=False), "xlsx"))["file"] == {
        "format": "xlsx",
        "delimiter": None,
        "header": False,
        "bom": None,
    }
    assert with_format('{"columns": ["id"]}', "xlsx") == '{"columns": ["id"]}'


@given(
    columns=st.none() | _ARGUMENTS,
    filters=st.none() | st.lists(_ARGUMENTS, max_size=3),
    search=st.none() | _ARGUMENTS,
    sort=st.none() | _ARGUMENTS,
    team=st.none() | _ARGUMENTS,
    assignee=st.none() | _ARGUMENTS,
    time_zone=st.none() | _ARGUMENTS,
    file_format=st.none() | _ARGUMENTS,
    delimiter=st.none() | _ARGUMENTS,
)
def test_whatever_is_typed_is_a_view_or_a_list_of_its_problems(
    columns: str | None,
    filters: list[str] | None,
    search: str | None,
    sort: str | None,
    team: str | None,
    assignee: str | None,
    time_zone: str | None,
    file_format: str | None,
    delimiter: str | None,
) -> None:
    typed = view_of(
        columns=columns,
        filters=filters,
        search=search,
        sort=sort,
        team=team,
        assignee=assignee,
        time_zone=time_zone,
        file_format=file_format,
        delimiter=delimiter,
    )
    problems = _problems(typed)
    assert problems is None or (problems and all(problem.isprintable() for problem in problems))


def _problems(typed: View) -> tuple[str, ...] | None:
    try:
        read_view(typed, _COLUMNS)
    except InvalidPayloadError as refused:
        return refused.problems
    return None


def test_a_payload_is_read_with_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "view.json"
    file.write_bytes(b'\xef\xbb\xbf{"columns": ["id"]}')
    assert read_view(view_of(payload=str(file)), _COLUMNS).columns == ("id",)


def test_a_payload_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"columns": ["title"]}')))
    assert read_view(view_of(payload="-"), _COLUMNS).columns == ("title",)


def test_a_payload_goes_with_no_other_option_of_the_view() -> None:
    with pytest.raises(BadInputError, match=r"--payload.*--columns, --sort"):
        view_of(payload="view.json", columns="id", sort="id")
    with pytest.raises(BadInputError, match=r"--payload.*--delimiter, --header"):
        view_of(payload="view.json", delimiter=";", header=False)


def test_a_payload_that_is_no_text_is_a_problem_of_the_payload(tmp_path: Path) -> None:
    file = tmp_path / "view.json"
    file.write_bytes(b'{"columns": ["\xff"]}')
    with pytest.raises(InvalidPayloadError, match="payload: not UTF-8 text, from byte 15 on"):
        view_of(payload=str(file))


@pytest.mark.parametrize("name", ["missing.json", ".", "nul\0", "x" * 5000])
def test_a_payload_that_cannot_be_read_names_the_option(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"--payload: .* cannot be read"):
        view_of(payload=str(tmp_path / name))


def test_an_endless_payload_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "view.json"
    file.write_bytes(b" " * (MAX_JSON + 1))
    with pytest.raises(BadInputError, match="longer than"):
        view_of(payload=str(file))
