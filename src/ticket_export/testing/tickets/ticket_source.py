"""The contract of `TicketSource`.

Inherit it in your adapter's tests::

    class TestMyTicketSource(TicketSourceContract[MyTicketSource]):
        @pytest.fixture
        def source(self) -> MyTicketSource: ...
        def put_tickets(self, source: MyTicketSource, tickets: Sequence[StoredTicket]) -> None: ...
        def limited(self, source: MyTicketSource) -> MyTicketSource: ...
        def selection_of(self, source: MyTicketSource, ids: Sequence[int]) -> str: ...
        def break_behind(self, source: MyTicketSource) -> None: ...

The source has the columns of `TICKET_COLUMNS` under these names. The methods reach the store without the adapter. The
tests spell out what they expect, and compare with no other source. Tests of a column, of rules, of selections, of soft
delete or of interrupting that the source lacks are skipped, each with its reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import TicketSourceError
from ticket_export.testing.tickets.stored_tickets import AS_OF, StoredTicket, T
from ticket_export.testing.tickets.ticket_cells import TicketCellsContract
from ticket_export.testing.tickets.ticket_choices import TicketChoicesContract
from ticket_export.testing.tickets.ticket_filters import TicketFiltersContract
from ticket_export.testing.tickets.ticket_formats import TicketFormatsContract
from ticket_export.testing.tickets.ticket_rules import TicketRulesContract
from ticket_export.testing.tickets.ticket_selections import TicketSelectionsContract

#: 1 and 5 are empty. In every column 3 and 4 are equal, 6 comes after them, and 2 after 6.
UNSORTED = [
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
MANY = [StoredTicket(id=number, title=f"Line one\nof ticket, {number}") for number in range(5000)]
#: Seconds that a call in another thread may take.
_PATIENCE = 60


class TicketSourceContract(
    TicketCellsContract[T],
    TicketChoicesContract[T],
    TicketFiltersContract[T],
    TicketFormatsContract[T],
    TicketRulesContract[T],
    TicketSelectionsContract[T],
):
    """The tests; override the fixture `source` and its back door."""

    # The order of rows

    @pytest.mark.parametrize(("direction", "ordered"), [("asc", [3, 4, 6, 2, 1, 5]), ("desc", [2, 6, 4, 3, 5, 1])])
    @pytest.mark.parametrize("field", ["title", "score", "due", "day", "state"])
    def test_rows_are_sorted_with_empty_cells_last_and_ties_by_id_in_the_same_direction(
        self, source: T, field: str, direction: str, ordered: list[int]
    ) -> None:
        self.put_tickets(source, UNSORTED)
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

    # One reading: one moment, whole records, an end at any time, honest errors

    def test_change_after_the_count_is_not_seen(self, source: T) -> None:
        self._require_snapshot()
        self.put_tickets(source, [StoredTicket(id=1), StoredTicket(id=2)])
        with source.open(self.query(source), CsvFormat()) as reader:
            count = reader.count()
            self.put_tickets(source, [StoredTicket(id=2), StoredTicket(id=3), StoredTicket(id=4)])
            assert (count, b"".join(block.data for block in reader.blocks())) == (2, b"1\n2\n")
        assert self.ids(source) == [2, 3, 4]

    def test_change_while_rows_are_read_is_not_seen(self, source: T) -> None:
        self._require_snapshot()
        self.put_tickets(source, MANY)
        with source.open(self.query(source), CsvFormat()) as reader:
            blocks = reader.blocks()
            first = next(blocks)
            self.put_tickets(source, [StoredTicket(id=-1)])
            data = first.data + b"".join(block.data for block in blocks)
            assert data == b"".join(b"%d\n" % ticket.id for ticket in MANY)

    def test_rows_can_be_read_without_a_count(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=1), StoredTicket(id=2)])
        with source.open(self.query(source), CsvFormat()) as reader:
            assert [(block.data, block.rows) for block in reader.blocks()] == [(b"1\n2\n", 2)]

    def test_block_holds_whole_records_and_says_how_many(self, source: T) -> None:
        self.put_tickets(source, MANY)
        with source.open(self.query(source, columns=["id", "title"]), CsvFormat()) as reader:
            blocks = list(reader.blocks())
        assert all(block.data.endswith(b"\n") for block in blocks)
        records = [list(csv.reader(io.StringIO(block.data.decode(), newline=""), strict=True)) for block in blocks]
        assert [len(each) for each in records] == [block.rows for block in blocks]
        assert [int(record[0]) for each in records for record in each] == [ticket.id for ticket in MANY]

    def test_two_readers_at_once_do_not_disturb_each_other(self, source: T) -> None:
        self.put_tickets(source, MANY)
        with (
            source.open(self.query(source), CsvFormat()) as up,
            source.open(self.query(source, sortField="id", sortDirection="desc"), CsvFormat()) as down,
        ):
            rising, falling = up.blocks(), down.blocks()
            first, last = next(rising).data, next(falling).data
            ids = [int(line) for line in (first + b"".join(block.data for block in rising)).split()]
            reversed_ids = [int(line) for line in (last + b"".join(block.data for block in falling)).split()]
        assert ids == reversed_ids[::-1] == [ticket.id for ticket in MANY]

    @pytest.mark.parametrize("blocks_read", [0, 1])
    def test_reader_that_is_left_in_the_middle_keeps_nothing_open(self, source: T, blocks_read: int) -> None:
        self.put_tickets(source, MANY)
        for _ in range(20):
            with source.open(self.query(source), CsvFormat()) as reader:
                blocks = reader.blocks()
                assert sum(next(blocks).rows > 0 for _ in range(blocks_read)) == blocks_read
        self.put_tickets(source, [StoredTicket(id=1)])
        assert self.ids(source) == [1]

    @pytest.mark.parametrize("error_type", [ValueError, OSError, KeyboardInterrupt])
    def test_error_of_the_block_comes_out_unchanged(self, source: T, error_type: type[BaseException]) -> None:
        self.put_tickets(source, MANY)
        error = error_type("the block's own")
        with pytest.raises(error_type) as caught, source.open(self.query(source), CsvFormat()) as reader:
            next(reader.blocks())
            raise error
        assert caught.value is error
        assert len(self.ids(source)) == len(MANY)

    def test_tickets_that_cannot_be_read_are_the_sources_error_and_safe_to_show(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=1, title="unreadable")])
        query = self.query(source, columns=["id", "title"])
        self.break_behind(source)
        with pytest.raises(TicketSourceError) as caught, source.open(query, CsvFormat()) as reader:
            reader.count()
            list(reader.blocks())
        # The driver's own text is for the log.
        assert caught.value.__cause__ is not None
        assert str(caught.value.__cause__) not in str(caught.value)

    def test_interrupted_reading_ends_with_the_sources_error_and_the_next_one_is_whole(self, source: T) -> None:
        query = self.query(source, columns=["id", "title"])
        self._require_interrupt(source)
        # More than any buffer between the store and the reader holds, so that reading is still going on.
        tickets = [StoredTicket(id=number, title="x" * 1000) for number in range(20_000)]
        self.put_tickets(source, tickets)
        with source.open(query, CsvFormat()) as reader:
            assert isinstance(reader, SupportsInterrupt)
            blocks = reader.blocks()
            next(blocks)
            _elsewhere(reader.interrupt)
            with pytest.raises(TicketSourceError):
                list(blocks)
        self.put_tickets(source, tickets[:3])
        assert self.ids(source) == [0, 1, 2]

    def test_interrupt_of_a_reader_that_does_nothing_harms_nobody(self, source: T) -> None:
        self._require_interrupt(source)
        self.put_tickets(source, [StoredTicket(id=1)])
        with source.open(self.query(source), CsvFormat()) as reader:
            assert isinstance(reader, SupportsInterrupt)
            _elsewhere(reader.interrupt)
        assert self.ids(source) == [1]

    def _require_snapshot(self) -> None:
        if self.no_snapshot is not None:
            pytest.skip(f"no snapshot: {self.no_snapshot}")

    def _require_interrupt(self, source: T) -> None:
        with source.open(self.query(source), CsvFormat()) as reader:
            if not isinstance(reader, SupportsInterrupt):
                pytest.skip(f"{type(reader).__name__} does not implement SupportsInterrupt")


def _elsewhere(action: Callable[[], object]) -> None:
    raised: list[BaseException] = []

    def act() -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - the assertion shows it
            raised.append(error)

    thread = Thread(target=act, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    assert not thread.is_alive(), "the call did not return"
    assert raised == []
