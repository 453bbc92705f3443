"""What every `TicketSource` keeps.

Inherit it beside your adapter's own tests::

    class TestMyTicketSource(TicketSourceContract[MyTicketSource]):
        @pytest.fixture
        def source(self) -> MyTicketSource: ...
        def put_tickets(self, source: MyTicketSource, tickets: Sequence[StoredTicket]) -> None: ...
        def break_behind(self, source: MyTicketSource) -> None: ...

The source offers the columns of `stored_tickets.TICKET_COLUMNS` under these names. The methods reach the store behind
the adapter's back; what is expected stands in the tests to the letter, and comes from no other source. A source that
lacks a column, soft delete or interrupting has those claims skipped, each with its name.
"""

from __future__ import annotations

from ticket_export.testing.ticket_back_door import T
from ticket_export.testing.ticket_cells import TicketCellsContract
from ticket_export.testing.ticket_filters import TicketFiltersContract
from ticket_export.testing.ticket_order import TicketOrderContract
from ticket_export.testing.ticket_reading import TicketReadingContract


class TicketSourceContract(
    TicketCellsContract[T], TicketFiltersContract[T], TicketOrderContract[T], TicketReadingContract[T]
):
    """Inherit, give the `source` and its back door, and pytest runs every claim."""
