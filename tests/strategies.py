"""Hypothesis strategies for tickets and for views of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.reference_help_desk import CONTACTS, NOW, TEAMS, USERS, ReferenceTicket
from ticket_export.application.view.filter_operators import OPERATORS, Operator
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.infrastructure.help_desk.catalog import PRIORITIES, STATUSES

# What Python's Unicode does not know yet, a database's may, with another letter for its lower case.
_assigned = st.characters(exclude_categories=["Cs", "Cn"])
#: Whatever a database's text can hold; SQLite holds NUL too.
texts = st.text(_assigned, max_size=12) | st.text(
    alphabet="=+-@\N{FULLWIDTH EQUALS SIGN}\t\r\n ,;\"'\\%_aAßİΣς\x00|", max_size=6
)
#: Texts that a spreadsheet may take for formulas, or for several cells.
spreadsheet_texts = st.lists(
    st.sampled_from(
        [
            *"=+-@\t\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
            *";;;,,\t\t\r\n",
            *"''\"\" \xa0\xad\u200b\u202e\u2060\u3000\u3164\ufe0f\ufeff\x01\x7f",
            *"\uff1d\uff0b\uff0d\uff20ax5é票😀",
            "=1+1",
            "\r\n",
            '""',
            '";=1+1',
        ]
    ),
    max_size=8,
).map("".join)
#: What a payload's text may be: no NUL.
needles = texts.map(lambda text: text.replace("\x00", ""))
_words = (
    st.sampled_from(["printer", "Printer", "=1+1", "", "ÄRGER", "ärger", "a,b", "50%", "x_y", "\\.", "\\N", '"'])
    | texts
)

# Days on which the clocks of the zones below change, and plain ones.
_moments = st.sampled_from(
    [
        datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC),
        datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC),
        datetime(2025, 10, 26, 0, 30, 0, 999_999, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, 0, tzinfo=UTC),
        datetime(2025, 11, 2, 5, 59, 59, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, 7, 30, tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(1883, 11, 18, 17, 0, 1, tzinfo=UTC),
        datetime(9999, 12, 30, 22, 59, 59, tzinfo=UTC),
        datetime(9999, 12, 31, 0, 30, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        NOW,
    ]
) | st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2026, 4, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(
    [
        None,
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
    ]
)


def _place(of: Iterable[object]) -> SearchStrategy[int | None]:
    return st.none() | st.integers(min_value=0, max_value=len(tuple(of)) - 1)


@st.composite
def tickets(draw: st.DrawFn, ticket_id: int) -> ReferenceTicket:
    moment = st.none() | _moments
    return ReferenceTicket(
        id=ticket_id,
        title=draw(_words),
        description=draw(st.none() | _words),
        status=draw(st.sampled_from([*STATUSES, "elsewhere"])),
        priority=draw(st.sampled_from(PRIORITIES)),
        category=draw(st.none() | _words),
        language=draw(st.none() | st.sampled_from(["en", "de", ""])),
        contact=draw(_place(CONTACTS)),
        assignee=draw(_place(USERS)),
        team=draw(_place(TEAMS)),
        creator=draw(_place(USERS)),
        # A list with a NUL in it is shown as its JSON, for which the in-memory source has no value.
        tags=draw(st.none() | st.lists(_words.map(lambda word: word.replace("\x00", "")), max_size=3).map(tuple)),
        sla_status=draw(st.none() | _words),
        sla_due_at=draw(moment),
        creation_time=draw(_moments),
        last_modification_time=draw(moment),
        resolved_at=draw(moment),
        closed_at=draw(moment),
        deleted=draw(st.booleans()),
        deletion_time=draw(moment),
    )


@st.composite
def help_desks(draw: st.DrawFn) -> list[ReferenceTicket]:
    ids = draw(st.lists(st.integers(min_value=-3, max_value=10**9), unique=True, max_size=8))
    return [draw(tickets(ticket_id)) for ticket_id in ids]


@st.composite
def filters(draw: st.DrawFn, columns: list[TicketColumn]) -> dict[str, str]:
    """A valid filter on one of the columns."""
    column = draw(st.sampled_from([column for column in columns if column.filterable]))
    operator = draw(st.sampled_from(OPERATORS[column.kind]))
    made = {"field": column.name, "operator": operator.value}
    if operator.takes_no_value:
        return made
    if operator in {Operator.IS_WITHIN_PAST_DAYS, Operator.IS_WITHIN_NEXT_DAYS}:
        return {**made, "value": str(draw(st.integers(min_value=0, max_value=400)))}
    value = draw(_values(column))
    if operator.takes_many_values:
        value = f"{value},{draw(_values(column))}"
    return {**made, "value": value}


def _values(column: TicketColumn) -> SearchStrategy[str]:
    match column.kind, column.id_type:
        case ColumnKind.NUMBER, _:
            return st.integers(min_value=-5, max_value=20).map(str) | st.sampled_from(["2.5", "-0.1"])
        case ColumnKind.CHOICE, _:
            return st.sampled_from([choice.value for choice in column.choices])
        case ColumnKind.ID, IdType.UUID:
            return st.sampled_from([str(each[0]) for each in TEAMS] + [str(user.id) for user in USERS])
        case ColumnKind.ID, IdType.INTEGER:
            return st.integers(min_value=0, max_value=4).map(str)
        case ColumnKind.DATE, _:
            return _moments.map(lambda moment: moment.date().isoformat()) | _moments.map(
                lambda moment: (moment + timedelta(0)).isoformat(timespec="seconds")
            )
        case _:
            return needles.filter(lambda text: not text.isspace() and text != "" and not set(text) & set(",["))


@st.composite
def views(draw: st.DrawFn, columns: list[TicketColumn]) -> dict[str, Any]:
    """A valid payload over the columns."""
    chosen = draw(st.lists(st.sampled_from(columns), unique_by=lambda column: column.name, min_size=1))
    view: dict[str, Any] = {
        "columns": [column.name for column in chosen],
        "filters": draw(st.lists(filters(columns), max_size=2)),
        "sortField": draw(st.none() | st.sampled_from([column.name for column in columns if column.sortable])),
        "sortDirection": draw(st.sampled_from([None, "asc", "desc"])),
        "timeZone": draw(zones),
    }
    if any(column.searchable for column in chosen):
        view["searchTerm"] = draw(st.none() | needles)
    return view
