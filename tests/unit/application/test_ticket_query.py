from __future__ import annotations

import json
import operator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.unit.application.columns import (
    AS_OF,
    ASSIGNEE,
    CATEGORY,
    COLUMNS,
    CREATED,
    ID,
    SCORE,
    STATUS,
    TAGS,
    TEAM,
    TITLE,
    URGENT,
)
from ticket_export.application.view.conditions import (
    Interval,
    IsBoolean,
    IsEmpty,
    IsOneOf,
    NumberCompares,
    TextMatches,
    TextPosition,
    WithinIntervals,
)
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.application.view.ticket_query import Search, TicketQuery
from ticket_export.errors import InvalidPayloadError
from ticket_export.testing.entities import AN_ACTOR

TEAM_ID = UUID("22222222-2222-4222-8222-222222222222")
USER_ID = UUID("33333333-3333-4333-8333-333333333333")
BERLIN = ZoneInfo("Europe/Berlin")


def query(**view: object) -> TicketQuery:
    return TicketQuery.of({"columns": ["id", "title"], **view}, COLUMNS, actor=AN_ACTOR, as_of=AS_OF)


def test_the_least_view_is_its_columns_in_the_order_of_ids() -> None:
    assert query() == TicketQuery(
        actor=AN_ACTOR,
        columns=(ID, TITLE),
        as_of=AS_OF,
        conditions=(),
        search=None,
        sort_column=None,
        descending=False,
        time_zone=UTC,
    )


def test_a_full_view_is_told_in_the_terms_of_a_source() -> None:
    full = query(
        columns=["Title", "tags", "ID"],
        filters=[
            {"field": "Status", "operator": "is_any_of", "value": ["new", "in progress"]},
            {"field": "category", "operator": "is_not", "value": "Spam"},
            {"field": "score", "operator": "gte", "value": 1.5},
            {"field": "isurgent", "operator": "is_true"},
            {"field": "title", "operator": "not_contains", "value": "50% OFF_"},
            {"field": "assigneeId", "operator": "is_empty"},
        ],
        searchTerm="Straße; DROP",
        sortField="creationtime",
        sortDirection="DESC",
        scope={"teamId": TEAM_ID, "assignedToUserId": str(USER_ID)},
        timeZone="Europe/Berlin",
    )
    assert full == TicketQuery(
        actor=AN_ACTOR,
        columns=(TITLE, TAGS, ID),
        as_of=AS_OF,
        conditions=(
            IsOneOf(STATUS, ("New", "In Progress")),
            IsOneOf(CATEGORY, ("Spam",), negated=True),
            NumberCompares(SCORE, operator.ge, Decimal("1.5")),
            IsBoolean(URGENT, value=True),
            TextMatches(TITLE, TextPosition.ANYWHERE, ("50% off_",), negated=True),
            IsEmpty(ASSIGNEE),
            IsOneOf(TEAM, (TEAM_ID,)),
            IsOneOf(ASSIGNEE, (USER_ID,)),
        ),
        search=Search("straße; drop", (TITLE, TAGS)),
        sort_column=CREATED,
        descending=True,
        time_zone=BERLIN,
    )


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"filters": [{"field": "status", "operator": "is_any_of", "value": ["new", "closed, done"]}]},
        {"filters": [{"field": "score", "operator": "is_none_of", "value": [1, 2.5, "3"]}]},
        {"filters": [{"field": "score", "operator": "lt", "value": 1e-07}]},
        {"filters": [{"field": "creationTime", "operator": "is", "value": "2026-03-29"}], "timeZone": "Europe/Berlin"},
        {"filters": [{"field": "title", "operator": "EQUALS", "value": '["a"]'}]},
        {"searchTerm": " \u2028%_\\", "sortField": "STATUS", "sortDirection": "Descending"},
        {"scope": {"TeamId": str(TEAM_ID), "assigned_to_user_id": None}, "ViewId": str(USER_ID)},
    ],
)
def test_a_view_read_again_from_its_stored_json_is_the_same_query(view: dict[str, object]) -> None:
    first = query(**view)
    stored = read_view({"columns": ["id", "title"], **view}, COLUMNS).to_json()
    assert TicketQuery.of(stored, COLUMNS, actor=AN_ACTOR, as_of=AS_OF) == first
    assert TicketQuery.of(json.loads(stored), COLUMNS, actor=AN_ACTOR, as_of=AS_OF) == first
    assert TicketQuery.of(read_view(stored), COLUMNS, actor=AN_ACTOR, as_of=AS_OF) == first


@pytest.mark.parametrize(
    ("scope", "restricted"),
    [
        ({}, []),
        ({"teamId": None, "assignedToUserId": None}, []),
        ({"teamId": str(TEAM_ID)}, [(TEAM, TEAM_ID)]),
        ({"assignedToUserId": str(USER_ID)}, [(ASSIGNEE, USER_ID)]),
    ],
)
def test_a_scope_restricts_to_what_it_names(
    scope: dict[str, object], restricted: list[tuple[TicketColumn, UUID]]
) -> None:
    assert query(scope=scope).conditions == tuple(IsOneOf(column, (value,)) for column, value in restricted)


def test_days_of_a_filter_begin_and_end_in_the_views_zone() -> None:
    day = {"filters": [{"field": "creationTime", "operator": "is", "value": "2026-01-31"}]}
    utc = datetime(2026, 1, 31, tzinfo=UTC)
    assert query(**day).conditions == (WithinIntervals(CREATED, (Interval(utc, utc + timedelta(days=1)),)),)
    berlin = utc - timedelta(hours=1)
    assert query(**day, timeZone="Europe/Berlin").conditions == (
        WithinIntervals(CREATED, (Interval(berlin, berlin + timedelta(days=1)),)),
    )


def test_past_days_are_counted_from_the_moment_of_the_query() -> None:
    week = query(filters=[{"field": "creationTime", "operator": "is_within_past_days", "value": 7}])
    (condition,) = week.conditions
    assert isinstance(condition, WithinIntervals)
    assert condition.intervals[0].start == AS_OF - timedelta(days=7)


@pytest.mark.parametrize(("direction", "descending"), [("asc", False), ("desc", True), (None, False)])
def test_a_direction_holds_with_and_without_a_sort(direction: str | None, descending: bool) -> None:
    assert query(sortDirection=direction).descending is descending
    assert query(sortField="title", sortDirection=direction).descending is descending


def test_a_search_looks_only_at_chosen_columns() -> None:
    assert query(searchTerm="X").search == Search("x", (TITLE,))
    assert query(searchTerm="  ").search is None


def test_a_view_that_does_not_fit_is_no_query() -> None:
    with pytest.raises(InvalidPayloadError, match=r"columns\[0\]: unknown column 'nope'"):
        query(columns=["nope"])
