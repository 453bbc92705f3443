"""What every `TicketSource` promises of the order of its rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ticket_export.testing.stored_tickets import AS_OF, StoredTicket
from ticket_export.testing.ticket_back_door import T, TicketBackDoor

#: Empty, empty, and then by every column: 3 and 4 are equals, 6 comes after them, 2 after 6.
TICKETS = [
    StoredTicket(id=5),
    StoredTicket(id=4, title="ant", score=Decimal("-1.25"), due=AS_OF, day=date(2025, 1, 9), state="new"),
    StoredTicket(id=1),
    StoredTicket(
        id=2, title="cat", score=Decimal("12.75"), due=AS_OF + timedelta(days=9), day=date(2025, 1, 11), state="done"
    ),
    StoredTicket(id=3, title="ant", score=Decimal("-1.25"), due=AS_OF, day=date(2025, 1, 9), state="new"),
    StoredTicket(
        id=6, title="bee", score=Decimal("2.25"), due=AS_OF + timedelta(days=1), day=date(2025, 1, 10), state="open"
    ),
]


class TicketOrderContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`."""

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [3, 4, 6, 2, 1, 5]), ("desc", [2, 6, 4, 3, 5, 1])])
    @pytest.mark.parametrize("field", ["title", "score", "due", "day", "state"])
    def test_rows_are_sorted_with_empty_cells_last_and_ties_by_id_in_the_same_direction(
        self, source: T, field: str, direction: str, ordered: list[int]
    ) -> None:
        self.put_tickets(source, TICKETS)
        assert self.ids(source, sortField=field, sortDirection=direction) == ordered

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [-1, 2, 10]), ("desc", [10, 2, -1])])
    @pytest.mark.parametrize("field", [None, "id"])
    def test_ids_are_sorted_as_numbers(self, source: T, field: str | None, direction: str, ordered: list[int]) -> None:
        self.put_tickets(source, [StoredTicket(id=10), StoredTicket(id=-1), StoredTicket(id=2)])
        assert self.ids(source, sortField=field, sortDirection=direction) == ordered

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [3, 1, 2]), ("desc", [1, 3, 2])])
    def test_choice_that_is_none_stands_behind_them_and_before_what_is_empty(
        self, source: T, direction: str, ordered: list[int]
    ) -> None:
        self.put_tickets(
            source, [StoredTicket(id=1, state="elsewhere"), StoredTicket(id=2), StoredTicket(id=3, state="done")]
        )
        assert self.ids(source, sortField="state", sortDirection=direction) == ordered

    def test_order_holds_over_many_blocks(self, source: T) -> None:
        count = 5000
        self.put_tickets(
            source, [StoredTicket(id=number, score=Decimal(number * 7 % 10) / 4) for number in range(count)]
        )
        ordered = sorted(range(count), key=lambda number: (number * 7 % 10, number))
        assert self.ids(source, sortField="score") == ordered
        assert self.ids(source, sortField="score", sortDirection="desc") == ordered[::-1]
