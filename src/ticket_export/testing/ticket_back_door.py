"""What the parts of `TicketSourceContract` ask of an adapter, and how they read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

import pytest

from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.testing.stored_tickets import AS_OF, StoredTicket

T = TypeVar("T", bound=TicketSource)


class TicketBackDoor(Generic[T]):
    """The `source` and the methods below it, which an adapter's tests give."""

    #: Why count and rows may be of two moments, where an adapter documents that it cannot read one snapshot.
    no_snapshot: ClassVar[str | None] = None
    #: Whether a ticket can be soft-deleted there.
    has_soft_delete: ClassVar[bool] = True

    @pytest.fixture
    def source(self) -> T:
        """The adapter under test, on a store without tickets that has the columns of `TICKET_COLUMNS`."""
        raise NotImplementedError("override the fixture `source`")

    def put_tickets(self, source: T, tickets: Sequence[StoredTicket]) -> None:
        """Make these all the tickets there are, without the adapter and at once, also while one is reading."""
        raise NotImplementedError

    def break_behind(self, source: T) -> None:
        """Make the stored tickets unreadable: drop the table, stop the server. Optional."""
        pytest.skip(f"{type(self).__name__} has no break_behind")

    def query(self, source: T, **view: object) -> TicketQuery:
        """The view, of the id unless it says `columns`; a test that needs what the source lacks is skipped."""
        filters = view.get("filters") or ()
        assert isinstance(filters, (list, tuple))
        columns = view.get("columns", ["id"])
        assert isinstance(columns, list)
        for name in (*columns, view.get("sortField") or "id", *(each["field"] for each in filters)):
            if source.columns.find(name) is None:
                pytest.skip(f"{type(source).__name__} has no column {name!r}")
        return TicketQuery.of({"columns": columns, **view}, source.columns, as_of=AS_OF)

    def read(self, source: T, *, formula_guard: bool = True, **view: object) -> bytes:
        """The records of the view, which are as many as were counted."""
        return self._read(source, self.query(source, **view), formula_guard=formula_guard)

    def ids(self, source: T, **view: object) -> list[int]:
        """The tickets that the view shows, in its order."""
        return [int(line) for line in self._read(source, self.query(source, **view)).split()]

    def cells(self, source: T, column: str, *, formula_guard: bool = True, **view: object) -> list[str]:
        """What stands behind the id in every record, as it stands there; no text may hold a line feed."""
        query = self.query(source, columns=["id", column], **view)
        data = self._read(source, query, formula_guard=formula_guard)
        return [line.partition(",")[2] for line in data.decode().split("\n")[:-1]]

    def _read(self, source: T, query: TicketQuery, *, formula_guard: bool = True) -> bytes:
        with source.open(query, CsvFormat(formula_guard=formula_guard)) as reader:
            count = reader.count()
            blocks = list(reader.blocks())
        assert sum(block.rows for block in blocks) == count
        return b"".join(block.data for block in blocks)
