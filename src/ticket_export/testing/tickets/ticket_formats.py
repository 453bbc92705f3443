"""The contract of `TicketSource`: the rows of every format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import Cell, FileFormat
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.testing.tickets.stored_tickets import AS_OF, TICKET_COLUMNS, StoredTicket, T, TicketBackDoor

_ZONE: Final = "Europe/Berlin"


class CellsFormat(PlainFormat):
    """A format that no source knows: the type and value of every cell."""

    name = "cells"
    extension = ".cells"
    content_type = "text/plain"

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return "".join(f"{[_typed(cell) for cell in row]!r}\n" for row in cells).encode()


def _typed(cell: Cell) -> object:
    # Which of Python's types of numbers it is, and which of the classes of zones, is for the source to choose.
    if isinstance(cell, datetime):
        return "moment", cell.isoformat()
    if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        return "number", str(cell)
    return type(cell).__name__, str(cell)


FORMATS: Final[dict[str, FileFormat]] = {
    "csv": CsvFormat(),
    "csv;": CsvFormat(delimiter=";"),
    "unguarded tsv": CsvFormat(delimiter="\t", formula_guard=False),
    "ndjson": NdjsonFormat(),
    "xlsx": XlsxFormat(),
    "unknown": CellsFormat(),
}
_OWNER: Final = UUID("00000000-0000-4000-8000-00000000abcd")
TICKETS: Final = [
    StoredTicket(
        id=1,
        title='a, "b"; <c> & \\d\te\r\nf \N{TICKET} _x0041_ ]]>',
        note="=1+1",
        tags=("Red", "-Blue"),
        score=Decimal("-1.50"),
        urgent=True,
        due=datetime(2026, 3, 1, 9, 30, 15, 999_999, tzinfo=UTC),
        day=date(2026, 3, 1),
        state="open",
        phase="p2",
        owner=_OWNER,
    ),
    StoredTicket(id=2),
    StoredTicket(id=3, title="", note="\x01\x1f\x7f\ufeff", urgent=False, score=Decimal("0.00"), state="none of them"),
    StoredTicket(id=4, title="x" * 40_000, due=AS_OF, day=date(1, 1, 1), phase="gone"),
]
#: What `TICKETS` hold, by the names of the columns, in the zone of the view.
CELLS: Final[dict[str, list[Cell]]] = {
    "id": [1, 2, 3, 4],
    "title": [TICKETS[0].title, None, "", "x" * 40_000],
    "note": ["=1+1", None, "\x01\x1f\x7f\ufeff", None],
    "tags": ["Red, -Blue", None, None, None],
    "score": [Decimal("-1.50"), None, Decimal("0.00"), None],
    "urgent": [True, None, False, None],
    "due": [
        datetime(2026, 3, 1, 10, 30, 15, tzinfo=ZoneInfo(_ZONE)),
        *(None, None, AS_OF.astimezone(ZoneInfo(_ZONE))),
    ],
    "day": [date(2026, 3, 1), None, None, date(1, 1, 1)],
    "state": ["open", None, "none of them", None],
    "phase": ["=Checked", None, None, "gone"],
    "owner": [str(_OWNER), None, None, None],
}


class TicketFormatsContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`."""

    @pytest.mark.parametrize("file_format", FORMATS.values(), ids=FORMATS)
    @pytest.mark.parametrize("columns", [*([name] for name in CELLS), list(CELLS)], ids=",".join)
    def test_rows_are_the_bytes_that_the_format_makes_of_the_cells(
        self, source: T, columns: list[str], file_format: FileFormat
    ) -> None:
        query = self.query(source, columns=columns, timeZone=_ZONE)
        self.put_tickets(source, TICKETS)
        with source.open(query, file_format) as reader:
            data = b"".join(block.data for block in reader.blocks())
        described = [each for name in columns if (each := TICKET_COLUMNS.find(name)) is not None]
        assert data == file_format.rows(described, list(zip(*(CELLS[name] for name in columns), strict=True)))

    @pytest.mark.parametrize("file_format", FORMATS.values(), ids=FORMATS)
    def test_every_block_holds_as_many_rows_as_it_says(self, source: T, file_format: FileFormat) -> None:
        self.put_tickets(source, [StoredTicket(id=number, title=f"Line one\nof {number}") for number in range(5000)])
        columns = [each for name in ("id", "title") if (each := TICKET_COLUMNS.find(name)) is not None]
        with source.open(self.query(source, columns=["id", "title"]), file_format) as reader:
            first = 0
            for block in reader.blocks():
                numbers = range(first, first + block.rows)
                cells: list[list[Cell]] = [[number, f"Line one\nof {number}"] for number in numbers]
                assert block.data == file_format.rows(columns, cells)
                first += block.rows
        assert first == 5000

    @pytest.mark.parametrize("file_format", FORMATS.values(), ids=FORMATS)
    def test_no_tickets_are_no_bytes_in_any_format(self, source: T, file_format: FileFormat) -> None:
        with source.open(self.query(source), file_format) as reader:
            assert [block.data for block in reader.blocks() if block.data or block.rows] == []
