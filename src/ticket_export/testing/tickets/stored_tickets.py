"""The tickets that `TicketSourceContract` stores, the columns that it reads, and what an adapter's tests provide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

import attrs
import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.ports.supports_selections import selection_check
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.testing.entities import AN_ACTOR

T = TypeVar("T", bound=TicketSource)

#: The moment of every request in the contract.
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)

#: The columns of the source under test. It may lack any but `id`; tests of a missing column are skipped.
TICKET_COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.NUMBER, searchable=True),
        TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="note", label="Note", kind=ColumnKind.TEXT),
        TicketColumn(name="tags", label="Tags", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="score", label="Score", kind=ColumnKind.NUMBER),
        TicketColumn(name="urgent", label="Urgent", kind=ColumnKind.BOOLEAN),
        TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
        TicketColumn(name="day", label="Day", kind=ColumnKind.DAY),
        TicketColumn(name="state", label="State", kind=ColumnKind.CHOICE, choices=("new", "open", "done")),
        TicketColumn(
            name="phase",
            label="Phase",
            kind=ColumnKind.CHOICE,
            choices={"p1": "Draft", "p2": "=Checked"},
            searchable=True,
        ),
        TicketColumn(
            name="owner", label="Owner", kind=ColumnKind.ID, id_type=IdType.UUID, scope_role=ScopeRole.ASSIGNEE
        ),
    ]
)


@attrs.frozen(kw_only=True)
class StoredTicket:
    """A ticket in the store; moments are aware UTC, to the microsecond.

    `created_at` is when it was created, `deleted_at` when it was soft-deleted. `tags` are one cell, joined with
    ``", "``. `score` has two decimals, which are always shown; the store may keep it as binary. `state` and `phase`
    may be texts that are not a choice.
    """

    id: int
    created_at: datetime = AS_OF - timedelta(days=1)
    deleted_at: datetime | None = None
    title: str | None = None
    note: str | None = None
    tags: tuple[str, ...] | None = None
    score: Decimal | None = None
    urgent: bool | None = None
    due: datetime | None = None
    day: date | None = None
    state: str | None = None
    phase: str | None = None
    owner: UUID | None = None


class TicketBackDoor(Generic[T]):
    """The fixture `source` and the methods below it, which an adapter's tests override."""

    #: Why count and rows may be from two moments, where an adapter documents that it cannot read one snapshot.
    no_snapshot: ClassVar[str | None] = None
    #: Whether the store can soft-delete a ticket.
    has_soft_delete: ClassVar[bool] = True

    @pytest.fixture
    def source(self) -> T:
        """The adapter under test, on a store without tickets that has the columns of `TICKET_COLUMNS`."""
        raise NotImplementedError("override the fixture `source`")

    def put_tickets(self, source: T, tickets: Sequence[StoredTicket]) -> None:
        """Replace all stored tickets with these, without the adapter, even while a reader is open."""
        raise NotImplementedError

    def limited(self, source: T) -> T:
        """Return a source of the same stored tickets with rules. Optional.

        An admin sees everything. Anybody else sees the tickets whose owner is in ``actor.attributes["owners"]``, a
        tuple of UUIDs, and the columns whose name is not in ``actor.attributes["hidden"]``, a tuple of texts. An actor
        without these attributes is a mistake of the host.
        """
        pytest.skip(f"{type(self).__name__} has no limited")

    def selection_of(self, source: T, ids: Sequence[int]) -> str:
        """Make a list of these tickets in this order, and return the `selection` that names it. Optional.

        An id may occur twice. A text that this method did not return is not a selection.
        """
        pytest.skip(f"{type(self).__name__} has no selection_of")

    def break_behind(self, source: T) -> None:
        """Make the stored tickets unreadable: drop the table, stop the server. Optional."""
        pytest.skip(f"{type(self).__name__} has no break_behind")

    def query(self, source: T, **view: object) -> TicketQuery:
        """Build the query of a view, by default of the column `id`; skip the test if the source lacks a column."""
        filters = view.get("filters") or ()
        assert isinstance(filters, (list, tuple))
        columns = view.get("columns", ["id"])
        assert isinstance(columns, list)
        for name in (*columns, view.get("sortField") or "id", *(each["field"] for each in filters)):
            if source.columns(AN_ACTOR).find(name) is None:
                pytest.skip(f"{type(source).__name__} has no column {name!r}")
        return TicketQuery.of(
            {"columns": columns, **view},
            source.columns(AN_ACTOR),
            actor=AN_ACTOR,
            as_of=AS_OF,
            selections=selection_check(source, AN_ACTOR),
        )

    def read(self, source: T, *, formula_guard: bool = True, **view: object) -> bytes:
        """Read the records of the view, and check that they are as many as the count says."""
        return self._read(source, self.query(source, **view), formula_guard=formula_guard)

    def ids(self, source: T, **view: object) -> list[int]:
        """Return the ids of the tickets that the view shows, in its order."""
        return [int(line) for line in self._read(source, self.query(source, **view)).split()]

    def cells(self, source: T, column: str, *, formula_guard: bool = True, **view: object) -> list[str]:
        """Return the bytes behind the id in every record; no text may hold a line feed."""
        query = self.query(source, columns=["id", column], **view)
        data = self._read(source, query, formula_guard=formula_guard)
        return [line.partition(",")[2] for line in data.decode().split("\n")[:-1]]

    def _read(self, source: T, query: TicketQuery, *, formula_guard: bool = True) -> bytes:
        with source.open(query, CsvFormat(formula_guard=formula_guard)) as reader:
            count = reader.count()
            blocks = list(reader.blocks())
        assert sum(block.rows for block in blocks) == count
        return b"".join(block.data for block in blocks)
