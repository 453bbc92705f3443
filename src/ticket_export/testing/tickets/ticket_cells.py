"""The contract of `TicketSource`: the bytes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ticket_export.testing.entities import AN_ACTOR
from ticket_export.testing.tickets.stored_tickets import TICKET_COLUMNS, StoredTicket, T, TicketBackDoor

FULL = StoredTicket(
    id=7,
    title="Printer, again",
    note="plain",
    tags=("Red", "Blue"),
    score=Decimal("-1.25"),
    urgent=True,
    due=datetime(2026, 3, 1, 9, 30, 15, 999_999, tzinfo=UTC),
    day=date(2026, 3, 1),
    state="open",
    owner=UUID("00000000-0000-4000-8000-00000000abcd"),
)
CELLS = {
    "title": '"Printer, again"',
    "note": "plain",
    "tags": '"Red, Blue"',
    "score": "-1.25",
    "urgent": "true",
    "due": "2026-03-01 09:30:15",
    "day": "2026-03-01",
    "state": "open",
    "owner": "00000000-0000-4000-8000-00000000abcd",
}

#: Stored text and written cell (RFC 4180: quotes only where needed, and doubled inside).
QUOTING = {
    "": "",
    "plain": "plain",
    " blanks around ": " blanks around ",
    "a,b": '"a,b"',
    'say "no"': '"say ""no"""',
    "carriage\rreturn": '"carriage\rreturn"',
    "'quoted'": "'quoted'",
    "\\.": "\\.",
    "\\N": "\\N",
    "NULL": "NULL",
    "a;b|c\td": "a;b|c\td",
    "Zoë 票 🎫 e\u0301": "Zoë 票 🎫 e\u0301",
}

#: Stored text and guarded text (OWASP ASVS 1.2.10; full-width forms, white space in front, and cells that begin inside
#: for a spreadsheet that splits at ``;`` or tab).
FORMULAS = {
    "=1+1": "'=1+1",
    "+49": "'+49",
    "-5": "'-5",
    "@sum": "'@sum",
    "\tx": "'\tx",
    "\rx": "'\rx",
    "  =1": "'  =1",
    "\N{FULLWIDTH EQUALS SIGN}1": "'\N{FULLWIDTH EQUALS SIGN}1",
    '=HYPERLINK("http://x","y")': '\'=HYPERLINK("http://x","y")',
    "1=1": "1=1",
    "'=1": "''=1",
    "'quoted'": "'quoted'",
    "note;=1+1": "note;'=1+1",
    "a\t=1+1": "a\t'=1+1",
    "x;  +1": "x;'  +1",
    "line\n=1+1": "line\n'=1+1",
    "line\r\n\r\n- item": "line\r\n\r\n'- item",
    'q";=1+1': "q\";'=1+1",
    'a;"=1+1;b': "a;'\"=1+1;b",
    "a,=1": "a,=1",
}

#: Stored moment, zone and cell; days on which clocks change, and an offset of three quarters of an hour.
MOMENTS = [
    (datetime(2026, 3, 1, 12, tzinfo=UTC), None, "2026-03-01 12:00:00"),
    (datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC), "Europe/Berlin", "2025-03-30 01:59:59"),
    (datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC), "Europe/Berlin", "2025-03-30 03:00:00"),
    (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), "Europe/Berlin", "2025-10-26 02:30:00"),
    (datetime(2025, 10, 26, 1, 30, tzinfo=UTC), "Europe/Berlin", "2025-10-26 02:30:00"),
    (datetime(2025, 12, 31, 23, 0, 0, 1, tzinfo=UTC), "Asia/Kathmandu", "2026-01-01 04:45:00"),
]

_texts = st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=20)


def _written(text: str) -> str:
    """`text` as a cell, by RFC 4180."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text


class TicketCellsContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`."""

    def test_columns_are_described_as_they_were_asked_for(self, source: T) -> None:
        found = [column for column in source.columns(AN_ACTOR) if TICKET_COLUMNS.find(column.name)]
        assert "id" in [column.name for column in found]
        for column in found:
            wanted = TICKET_COLUMNS.find(column.name)
            assert wanted is not None
            assert attrs.evolve(column, label=wanted.label) == wanted

    @pytest.mark.parametrize("column", CELLS)
    def test_cell_is_written_by_its_kind(self, source: T, column: str) -> None:
        self.put_tickets(source, [FULL])
        assert self.cells(source, column) == [CELLS[column]]

    @pytest.mark.parametrize("column", CELLS)
    def test_cell_without_a_value_is_empty(self, source: T, column: str) -> None:
        self.put_tickets(source, [StoredTicket(id=1)])
        assert self.cells(source, column) == [""]

    def test_false_is_not_empty(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=1, urgent=False)])
        assert self.cells(source, "urgent") == ["false"]

    @pytest.mark.parametrize("title", [None, ""])
    def test_record_of_one_empty_cell_is_no_empty_line(self, source: T, title: str | None) -> None:
        self.put_tickets(source, [StoredTicket(id=1, title=title)])
        assert self.read(source, columns=["title"]) == b'""\n'

    def test_columns_come_in_the_order_of_the_view(self, source: T) -> None:
        self.put_tickets(source, [FULL])
        assert self.read(source, columns=["state", "id", "note"]) == b"open,7,plain\n"
        assert self.read(source, columns=["note", "state", "id"]) == b"plain,open,7\n"

    def test_source_without_tickets_gives_no_bytes(self, source: T) -> None:
        assert self.read(source, columns=["id", "title"]) == b""

    @pytest.mark.parametrize("text", QUOTING, ids=ascii)
    def test_text_is_quoted_only_where_needed(self, source: T, text: str) -> None:
        self.put_tickets(source, [StoredTicket(id=1, title=text)])
        assert self.cells(source, "title") == [QUOTING[text]]

    def test_text_of_several_lines_is_one_record(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=1, title="first\nsecond\r\nthird"), StoredTicket(id=2)])
        assert self.read(source, columns=["id", "title"]) == b'1,"first\nsecond\r\nthird"\n2,\n'

    @pytest.mark.parametrize("text", FORMULAS, ids=ascii)
    @pytest.mark.parametrize("column", ["title", "tags", "state"])
    def test_text_that_could_be_a_formula_is_guarded_unless_that_is_switched_off(
        self, source: T, column: str, text: str
    ) -> None:
        ticket = StoredTicket(
            id=1,
            title=text if column == "title" else None,
            tags=(text,) if column == "tags" else None,
            state=text if column == "state" else None,
        )
        self.put_tickets(source, [ticket])
        assert self.read(source, columns=[column]).decode() == _written(FORMULAS[text]) + "\n"
        assert self.read(source, columns=[column], formula_guard=False).decode() == _written(text) + "\n"

    def test_tags_are_guarded_as_one_text(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=1, tags=("=1", "=2")), StoredTicket(id=2, tags=("a", "=2", "b;=3"))])
        assert self.cells(source, "tags") == ['"\'=1, =2"', '"a, =2, b;\'=3"']

    def test_numbers_are_no_formulas(self, source: T) -> None:
        self.put_tickets(source, [StoredTicket(id=-1, score=Decimal("-0.75"), title="-0.75", note="a;-0.75")])
        assert self.read(source, columns=["id", "score"]) == b"-1,-0.75\n"
        columns = ["title", "score", "note", "id"]
        assert self.read(source, columns=columns) == b"'-0.75,-0.75,a;'-0.75,-1\n"

    @pytest.mark.parametrize(("score", "cell"), [("2.50", "2.50"), ("3", "3.00"), ("0", "0.00"), ("-0.10", "-0.10")])
    def test_number_is_written_with_all_decimals_of_its_column(self, source: T, score: str, cell: str) -> None:
        self.put_tickets(source, [StoredTicket(id=1, score=Decimal(score).quantize(Decimal("0.01")))])
        assert self.cells(source, "score") == [cell]

    @pytest.mark.parametrize(("moment", "zone", "cell"), MOMENTS)
    def test_moment_is_shown_in_the_zone_of_the_view(
        self, source: T, moment: datetime, zone: str | None, cell: str
    ) -> None:
        self.put_tickets(source, [StoredTicket(id=1, due=moment)])
        assert self.cells(source, "due", timeZone=zone) == [cell]

    @pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
    @pytest.mark.parametrize("day", [date(1, 1, 1), date(1969, 12, 31), date(2026, 3, 1), date(9999, 12, 31)], ids=str)
    def test_day_is_the_same_in_every_zone(self, source: T, day: date, zone: str | None) -> None:
        self.put_tickets(source, [StoredTicket(id=1, day=day)])
        assert self.cells(source, "day", timeZone=zone) == [day.isoformat()]

    def test_very_long_text_comes_whole(self, source: T) -> None:
        text = "ä," * 500_000
        self.put_tickets(source, [StoredTicket(id=1, title=text), StoredTicket(id=2, title="next")])
        assert self.cells(source, "title") == [f'"{text}"', "next"]

    @given(texts=st.lists(_texts, max_size=5))
    @example(texts=["\\.", "", '"', "\n", "\r\n", "%s", "{0}", ":name", "\ufeff"])
    # One source serves all examples, since each replaces what there was.
    @settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
    def test_any_text_comes_back_to_the_letter(self, source: T, texts: list[str]) -> None:
        self.put_tickets(source, [StoredTicket(id=number, title=text) for number, text in enumerate(texts)])
        data = self.read(source, columns=["id", "title"], formula_guard=False)
        records = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert records == [[str(number), text] for number, text in enumerate(texts)]
