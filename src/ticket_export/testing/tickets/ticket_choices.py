"""The contract of `TicketSource` for choices with labels, in the column `phase`."""

from __future__ import annotations

import pytest

from ticket_export.testing.tickets.stored_tickets import StoredTicket, T, TicketBackDoor

_PHASES = [StoredTicket(id=number, phase=phase) for number, phase in enumerate(["p2", "zeta", None, "p1", "alpha"], 1)]


class TicketChoicesContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`."""

    def test_labels_are_shown_and_guarded_and_other_values_are_shown_as_they_are_stored(self, source: T) -> None:
        self.put_tickets(source, _PHASES)
        assert self.cells(source, "phase") == ["'=Checked", "zeta", "", "Draft", "alpha"]

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [4, 1, 5, 2, 3]), ("desc", [2, 5, 1, 4, 3])])
    def test_other_values_sort_by_their_text_behind_the_choices(
        self, source: T, direction: str, ordered: list[int]
    ) -> None:
        self.put_tickets(source, _PHASES)
        assert self.ids(source, sortField="phase", sortDirection=direction) == ordered

    @pytest.mark.parametrize(("term", "found"), [("DRAFT", [4]), ("p1", []), ("p", [5]), ("check", [1])])
    def test_search_looks_at_the_labels(self, source: T, term: str, found: list[int]) -> None:
        self.put_tickets(source, _PHASES)
        shown = self.read(source, columns=["phase", "id"], searchTerm=term).decode().splitlines()
        assert [int(line.rpartition(",")[2]) for line in shown] == found

    @pytest.mark.parametrize("value", ["p1", "P1", "Draft", "dRAFT"])
    def test_filter_takes_value_and_label(self, source: T, value: str) -> None:
        self.put_tickets(source, _PHASES)
        for operator, found in (("eq", [4]), ("neq", [1, 2, 3, 5])):
            filters = [{"field": "phase", "operator": operator, "value": value}]
            assert self.ids(source, filters=filters) == found
