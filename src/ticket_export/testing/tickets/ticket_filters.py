"""The contract of `TicketSource`: the tickets that a view shows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from ticket_export.testing.tickets.stored_tickets import AS_OF, StoredTicket, T, TicketBackDoor

ANN = UUID("00000000-0000-4000-8000-0000000000a1")
BOB = UUID("f0000000-0000-4000-8000-0000000000b2")
A_MOMENT = timedelta(microseconds=1)

TICKETS = [
    StoredTicket(
        id=1,
        title="Printer on fire",
        note="Floor 2",
        tags=("Red", "Blue"),
        score=Decimal("-1.25"),
        urgent=True,
        due=AS_OF,
        day=date(2026, 3, 1),
        state="open",
        owner=ANN,
    ),
    StoredTicket(
        id=2,
        title="printer",
        note="",
        tags=("Green",),
        score=Decimal("2.25"),
        urgent=False,
        due=datetime(2026, 3, 2, tzinfo=UTC),
        day=date(2026, 3, 2),
        state="new",
        owner=BOB,
    ),
    StoredTicket(
        id=3,
        title="ÄRGER 100%",
        note="red",
        score=Decimal("12.75"),
        due=datetime(2026, 1, 15, 8, tzinfo=UTC),
        day=date(2026, 1, 15),
        state="done",
        owner=ANN,
    ),
    StoredTicket(
        id=4,
        title="a_b\\c's",
        score=Decimal("0.75"),
        due=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC),
        day=date(2026, 2, 28),
        owner=BOB,
    ),
    StoredTicket(id=5),
    StoredTicket(id=6, title="", note=""),
]

#: Field, operator, value, and the tickets that are shown.
FILTERS: list[tuple[str, str, str | None, list[int]]] = [
    ("title", "eq", "PRINTER", [2]),
    ("title", "eq", "a_b\\C'S", [4]),
    ("title", "eq", "%", []),
    ("title", "neq", "printer", [1, 3, 4, 5, 6]),
    ("title", "contains", "PRINT", [1, 2]),
    ("title", "contains", "ärger", [3]),
    ("title", "contains", "%", [3]),
    ("title", "contains", "_", [4]),
    ("title", "contains", "\\", [4]),
    ("title", "contains", "' OR 1=1 --", []),
    ("title", "not_contains", "print", [3, 4, 5, 6]),
    ("title", "starts_with", "PRINTER O", [1]),
    ("title", "starts_with", "_", []),
    ("title", "not_starts_with", "p", [3, 4, 5, 6]),
    ("title", "ends_with", "FIRE", [1]),
    ("title", "ends_with", "100_", []),
    ("title", "not_ends_with", "e", [2, 3, 4, 5, 6]),
    ("title", "is_empty", None, [5, 6]),
    ("title", "is_not_empty", None, [1, 2, 3, 4]),
    ("title", "is_any_of", "printer, ärger 100%", [2, 3]),
    ("title", "is_none_of", "printer, ärger 100%", [1, 4, 5, 6]),
    ("tags", "contains", "D, BL", [1]),
    ("tags", "is_empty", None, [3, 4, 5, 6]),
    ("id", "eq", "3", [3]),
    # A number beyond 32 bits is compared as a number too.
    ("id", "eq", "7893946004064", []),
    ("id", "gt", "3000000000", []),
    ("id", "lt", "3000000000", [1, 2, 3, 4, 5, 6]),
    ("id", "gte", "-9223372036854775808", [1, 2, 3, 4, 5, 6]),
    ("id", "is_any_of", "3, 3000000000, 9223372036854775807", [3]),
    ("id", "is_none_of", "3, 3000000000, 4.5", [1, 2, 4, 5, 6]),
    ("id", "gt", "3.5", [4, 5, 6]),
    ("id", "eq", "3.5", []),
    ("score", "eq", "2.25", [2]),
    ("score", "neq", "2.25", [1, 3, 4, 5, 6]),
    ("score", "gt", "2.25", [3]),
    ("score", "gte", "2.25", [2, 3]),
    ("score", "lt", "0.75", [1]),
    ("score", "lte", "0.75", [1, 4]),
    ("score", "lt", "9223372036854775807", [1, 2, 3, 4]),
    ("score", "gt", "100000000.001", []),
    ("score", "eq", "2.2501", []),
    ("score", "gt", "2.2499", [2, 3]),
    ("score", "is_empty", None, [5, 6]),
    ("score", "is_not_empty", None, [1, 2, 3, 4]),
    ("score", "is_any_of", "2.25, -1.25", [1, 2]),
    ("score", "is_none_of", "2.25, -1.25", [3, 4, 5, 6]),
    ("due", "is", "2026-03-01", [1]),
    ("due", "is", "2026-03-01T12:00:00", [1]),
    ("due", "is_before", "2026-03-01", [3, 4]),
    ("due", "is_after", "2026-03-01", [2]),
    ("due", "is_after", "2026-03-01T12:00:00", [2]),
    ("due", "is_on_or_before", "2026-03-01", [1, 3, 4]),
    ("due", "is_on_or_after", "2026-03-01", [1, 2]),
    ("due", "is_within_past_days", "7", [1, 4]),
    ("due", "is_within_next_days", "1", [1, 2]),
    ("due", "is_empty", None, [5, 6]),
    ("due", "is_not_empty", None, [1, 2, 3, 4]),
    ("day", "is", "2026-03-01", [1]),
    ("day", "is", "2026-02-27", []),
    ("day", "is_before", "2026-03-01", [3, 4]),
    ("day", "is_before", "0001-01-01", []),
    ("day", "is_after", "2026-02-28", [1, 2]),
    ("day", "is_after", "9999-12-31", []),
    ("day", "is_on_or_before", "2026-03-01", [1, 3, 4]),
    ("day", "is_on_or_before", "9999-12-31", [1, 2, 3, 4]),
    ("day", "is_on_or_after", "2026-03-01", [1, 2]),
    ("day", "is_within_past_days", "0", [1]),
    ("day", "is_within_past_days", "1", [1, 4]),
    ("day", "is_within_next_days", "0", [1]),
    ("day", "is_within_next_days", "1", [1, 2]),
    ("day", "is_empty", None, [5, 6]),
    ("day", "is_not_empty", None, [1, 2, 3, 4]),
    ("urgent", "is_true", None, [1]),
    ("urgent", "is_false", None, [2]),
    ("state", "eq", "open", [1]),
    ("state", "neq", "open", [2, 3, 4, 5, 6]),
    ("state", "is_any_of", "new, done", [2, 3]),
    ("state", "is_none_of", "new, done", [1, 4, 5, 6]),
    ("state", "is_empty", None, [4, 5, 6]),
    ("state", "is_not_empty", None, [1, 2, 3]),
    ("owner", "eq", str(ANN), [1, 3]),
    ("owner", "eq", str(ANN).upper(), [1, 3]),
    ("owner", "eq", ANN.hex, [1, 3]),
    ("owner", "neq", str(ANN), [2, 4, 5, 6]),
    ("owner", "is_any_of", f"{ANN}, {BOB}", [1, 2, 3, 4]),
    ("owner", "is_none_of", str(BOB), [1, 3, 5, 6]),
    ("owner", "is_empty", None, [5, 6]),
    ("owner", "is_not_empty", None, [1, 2, 3, 4]),
]

#: Searched columns, term, and the tickets that are shown.
SEARCHES = [
    (["title"], "PRINTER", [1, 2]),
    (["title"], "ärger", [3]),
    (["title"], "%", [3]),
    (["title"], "_", [4]),
    (["title"], "\\", [4]),
    (["title"], "'", [4]),
    (["title"], "nothing of the kind", []),
    (["title", "tags"], "red", [1]),
    # Not searchable, and not chosen.
    (["title", "note"], "floor", []),
    (["title"], "red", []),
    (["id", "title"], "3", [3]),
]


#: By number, moments of a night in which clocks in Berlin go back from 03:00 to 02:00 (01:00 UTC), then of one in which
#: they go forward from 02:00 to 03:00 (01:00 UTC).
NIGHTS = [
    StoredTicket(id=number, due=due)
    for number, due in enumerate(
        [
            datetime(2025, 10, 25, 22, 30, tzinfo=UTC),  # 00:30:00
            datetime(2025, 10, 26, 0, 30, tzinfo=UTC),  # 02:30:00
            datetime(2025, 10, 26, 0, 45, tzinfo=UTC),  # 02:45:00
            datetime(2025, 10, 26, 1, 15, tzinfo=UTC),  # 02:15:00
            datetime(2025, 10, 26, 1, 30, 0, 999_999, tzinfo=UTC),  # 02:30:00
            datetime(2025, 10, 26, 3, 0, tzinfo=UTC),  # 04:00:00
            datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # 01:59:59
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # 03:00:00
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # 03:30:00
        ],
        1,
    )
]

#: Operator, value, and the tickets that a view in Berlin shows.
LOCAL_TIMES: list[tuple[str, str, list[int]]] = [
    ("is", "2025-10-26T02:30:00", [2, 5]),
    ("is_before", "2025-10-26T02:30:00", [1, 4]),
    ("is_after", "2025-10-26T02:30:00", [3, 6, 7, 8, 9]),
    ("is_on_or_before", "2025-10-26T02:30:00", [1, 2, 4, 5]),
    ("is_on_or_after", "2025-10-26T02:30:00", [2, 3, 5, 6, 7, 8, 9]),
    # An offset tells the two apart.
    ("is", "2025-10-26T02:30:00+02:00", [2]),
    ("is_after", "2025-10-26T02:30:00+02:00", [3, 4, 5, 6, 7, 8, 9]),
    ("is", "2025-10-26", [1, 2, 3, 4, 5, 6]),
    ("is", "2026-03-29T02:30:00", []),
    ("is_before", "2026-03-29T02:30:00", [1, 2, 3, 4, 5, 6, 7]),
    ("is_after", "2026-03-29T02:30:00", [8, 9]),
    ("is", "2026-03-29", [7, 8, 9]),
]


class TicketFiltersContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`."""

    @pytest.mark.parametrize(("field", "operator", "value", "shown"), FILTERS)
    def test_filter_shows_what_it_says(
        self, source: T, field: str, operator: str, value: str | None, shown: list[int]
    ) -> None:
        self.put_tickets(source, TICKETS)
        assert self.ids(source, filters=[{"field": field, "operator": operator, "value": value}]) == shown

    def test_every_filter_must_hold(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        printers = {"field": "title", "operator": "contains", "value": "printer"}
        above_zero = {"field": "score", "operator": "gt", "value": "0"}
        assert self.ids(source, filters=[printers, above_zero]) == [2]

    @pytest.mark.parametrize(("zone", "shown"), [(None, [1]), ("Europe/Berlin", [1, 4]), ("America/New_York", [1, 2])])
    def test_day_begins_and_ends_in_the_zone_of_the_view(self, source: T, zone: str | None, shown: list[int]) -> None:
        self.put_tickets(source, TICKETS)
        filters = [{"field": "due", "operator": "is", "value": "2026-03-01"}]
        assert self.ids(source, filters=filters, timeZone=zone) == shown

    @pytest.mark.parametrize(("operator", "value", "shown"), LOCAL_TIMES)
    def test_local_time_is_every_moment_that_the_file_would_show_so(
        self, source: T, operator: str, value: str, shown: list[int]
    ) -> None:
        self.put_tickets(source, NIGHTS)
        filters = [{"field": "due", "operator": operator, "value": value}]
        assert self.ids(source, filters=filters, timeZone="Europe/Berlin") == shown

    # The request is at noon of the first of March in UTC: already the second in Kiritimati.
    @pytest.mark.parametrize(
        ("zone", "past", "following"),
        [(None, [1, 4], [1, 2]), ("Pacific/Kiritimati", [1, 2], [2]), ("America/New_York", [1, 4], [1, 2])],
    )
    def test_past_and_next_days_of_a_day_count_from_the_requests_day_in_the_zone_of_the_view(
        self, source: T, zone: str | None, past: list[int], following: list[int]
    ) -> None:
        self.put_tickets(source, TICKETS)
        for operator, shown in (("is_within_past_days", past), ("is_within_next_days", following)):
            filters = [{"field": "day", "operator": operator, "value": "1"}]
            assert self.ids(source, filters=filters, timeZone=zone) == shown

    @pytest.mark.parametrize(("columns", "term", "shown"), SEARCHES)
    def test_search_finds_a_text_in_the_chosen_searchable_columns(
        self, source: T, columns: list[str], term: str, shown: list[int]
    ) -> None:
        self.put_tickets(source, TICKETS)
        data = self.read(source, columns=columns, searchTerm=term)
        expected = self.read(source, columns=columns, filters=[_one_of(shown)]) if shown else b""
        assert data == expected

    def test_search_and_filters_hold_together(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        filters = [{"field": "score", "operator": "gt", "value": "0"}]
        assert self.read(source, columns=["title"], searchTerm="printer", filters=filters) == b"printer\n"

    def test_scope_shows_one_persons_tickets(self, source: T) -> None:
        self.query(source, columns=["owner"])
        self.put_tickets(source, TICKETS)
        assert self.ids(source, scope={"assignedToUserId": str(ANN)}) == [1, 3]

    def test_ticket_created_after_the_request_is_not_shown(self, source: T) -> None:
        at, after = StoredTicket(id=1, created_at=AS_OF), StoredTicket(id=2, created_at=AS_OF + A_MOMENT)
        self.put_tickets(source, [at, after])
        assert self.ids(source) == [1]

    def test_ticket_deleted_by_the_request_is_not_shown_and_one_deleted_later_is(self, source: T) -> None:
        if not self.has_soft_delete:
            pytest.skip(f"{type(source).__name__} has no soft-deleted tickets")
        moments = (AS_OF - A_MOMENT, AS_OF, AS_OF + A_MOMENT, None)
        self.put_tickets(
            source, [StoredTicket(id=number, deleted_at=moment) for number, moment in enumerate(moments, 1)]
        )
        assert self.ids(source) == [3, 4]


def _one_of(ids: list[int]) -> dict[str, str]:
    return {"field": "id", "operator": "is_any_of", "value": ",".join(map(str, ids))}
