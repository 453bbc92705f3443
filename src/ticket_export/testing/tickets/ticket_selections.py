"""The part of the contract of `TicketSource` about selections: lists of tickets that the host knows by a text."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.errors import InvalidPayloadError, StaleViewError
from ticket_export.testing.tickets.stored_tickets import AS_OF, StoredTicket, T, TicketBackDoor
from ticket_export.testing.tickets.ticket_rules import ANN, BOB, agent

TICKETS = [
    StoredTicket(id=1, title="ant", score=Decimal("1.25"), owner=ANN),
    StoredTicket(id=2, title="bee", score=Decimal("2.25"), owner=BOB),
    StoredTicket(id=3, title="ant", score=Decimal("1.25"), owner=ANN),
    StoredTicket(id=4, title="cat", score=None, owner=ANN),
]


class TicketSelectionsContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`; the tests need the method `selection_of`."""

    def test_rows_of_a_selection_are_its_tickets_in_its_order(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        selection = self.selection_of(source, [4, 1, 2])
        assert self.ids(source, selection=selection) == [4, 1, 2]

    def test_ticket_that_a_selection_has_twice_is_one_row_at_its_first_place(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        assert self.ids(source, selection=self.selection_of(source, [3, 2, 3, 1, 2])) == [3, 2, 1]

    def test_selection_of_no_tickets_has_no_rows(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        assert self.ids(source, selection=self.selection_of(source, [])) == []

    def test_selection_only_narrows_a_view(self, source: T) -> None:
        late = StoredTicket(id=9, title="ant", created_at=AS_OF + timedelta(seconds=1))
        self.put_tickets(source, [*TICKETS, late])
        selection = self.selection_of(source, [9, 4, 3, 2, 1, 77])
        filters = [{"field": "title", "operator": "eq", "value": "ant"}]
        assert self.ids(source, selection=selection) == [4, 3, 2, 1]
        assert self.ids(source, selection=selection, filters=filters) == [3, 1]
        if self.has_soft_delete:
            gone = attrs.evolve(TICKETS[2], deleted_at=AS_OF - timedelta(days=1))
            self.put_tickets(source, [TICKETS[0], gone])
            assert self.ids(source, selection=selection) == [1]

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [3, 1, 2, 4]), ("desc", [2, 1, 3, 4])])
    def test_sort_of_the_view_is_first_and_the_place_decides_among_equals(
        self, source: T, direction: str, ordered: list[int]
    ) -> None:
        self.put_tickets(source, TICKETS)
        selection = self.selection_of(source, [4, 3, 2, 1])
        assert self.ids(source, selection=selection, sortField="score", sortDirection=direction) == ordered

    def test_rules_apply_to_a_selection(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        limited = self.limited(source)
        query = attrs.evolve(
            self.query(source, selection=self.selection_of(source, [4, 3, 2, 1])), actor=agent(ANN, hidden=["score"])
        )
        assert self._read(limited, query) == b"4\n3\n1\n"

    def test_text_that_is_no_selection_is_refused_and_never_every_ticket(self, source: T) -> None:
        self.put_tickets(source, TICKETS)
        query = self.query(source, selection=self.selection_of(source, [1]))
        with pytest.raises(InvalidPayloadError, match="selection: "):
            self.query(source, selection="no such list")
        stale = attrs.evolve(query, selection="no such list")
        with pytest.raises(StaleViewError), source.open(stale, CsvFormat()) as reader:
            reader.count()
