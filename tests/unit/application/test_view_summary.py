from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.application.view.view_summary import summarize_view

TEAM, USER = UUID(int=1), UUID(int=2)


def summary(**view: object) -> str:
    return summarize_view(ExportSnapshotPayload.model_validate({"columns": ("id", "title"), **view}).to_json())


def test_plain_view_is_its_columns() -> None:
    assert summary() == "columns id, title"


def test_everything_that_selects_and_orders_is_in_it() -> None:
    filters = [
        ExportFilter(field="status", operator="eq", value="open"),
        ExportFilter(field="title", operator="is_empty"),
    ]
    assert summary(
        filters=filters,
        search_term="a\nb",
        scope=ExportScope(team_id=TEAM, assigned_to_user_id=USER),
        sort_field="title",
        sort_direction="desc",
    ) == (
        f"columns id, title; status eq 'open'; title is_empty; search 'a\\nb'; team '{TEAM}'; "
        f"assignee '{USER}'; sort title desc"
    )


def test_half_a_scope_and_a_sort_without_direction() -> None:
    assert summary(scope=ExportScope(team_id=TEAM), sort_field="id") == f"columns id, title; team '{TEAM}'; sort id asc"
    assert summary(scope=ExportScope(assigned_to_user_id=USER)) == f"columns id, title; assignee '{USER}'"
    assert summary(scope=ExportScope()) == "columns id, title"


def test_view_that_cannot_be_read_is_called_so() -> None:
    for stored in ("", "{", "[]", '{"columns": []}', '{"columns": ["id"], "colour": 1}'):
        assert summarize_view(stored) == "a view that cannot be read"


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text and not text.isspace()))
def test_what_a_user_typed_stays_on_one_printable_line(text: str) -> None:
    line = summary(search_term=text, filters=[ExportFilter(field="title", operator="eq", value=text)])
    assert line.isascii()
    assert line.isprintable()


@given(st.text())
def test_any_text_has_a_summary(stored: str) -> None:
    assert summarize_view(stored)
