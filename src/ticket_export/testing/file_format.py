"""The contract of `FileFormat`.

Inherit it in your format's tests::

    class TestMyFormat(FileFormatContract[MyFormat]):
        @pytest.fixture
        def file_format(self) -> MyFormat: ...
        def read_behind(self, file_format: MyFormat, data: bytes) -> list[list[object]]: ...

`read_behind` reads a whole file with another library than the format's, and returns its rows without the labels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_export.application.ports.file_format import BOM, DELIMITER, HEADER, Cell, FileFormat, RowBlock
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn

F = TypeVar("F", bound=FileFormat)

#: One column of each kind.
FORMAT_COLUMNS = (
    TicketColumn(name="title", label='Title, "quoted" <&>', kind=ColumnKind.TEXT),
    TicketColumn(name="state", label="State", kind=ColumnKind.CHOICE, choices=("new", "open")),
    TicketColumn(name="owner", label="Owner", kind=ColumnKind.ID, id_type=IdType.UUID),
    TicketColumn(name="number", label="Number", kind=ColumnKind.ID, id_type=IdType.INTEGER),
    TicketColumn(name="score", label="Score", kind=ColumnKind.NUMBER),
    TicketColumn(name="urgent", label="Urgent", kind=ColumnKind.BOOLEAN),
    TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
    TicketColumn(name="day", label="Day", kind=ColumnKind.DAY),
)
_BERLIN = ZoneInfo("Europe/Berlin")
_OWNER = "00000000-0000-4000-8000-00000000abcd"
#: Cells of these columns: usual ones, none, and values that are not of their column's kind.
FORMAT_ROWS: Sequence[Sequence[Cell]] = (
    ("Printer", "open", _OWNER, 7, Decimal("1.50"), True, datetime(2026, 3, 1, 10, 5, 9, tzinfo=_BERLIN), date.max),
    (None,) * len(FORMAT_COLUMNS),
    ("",) * len(FORMAT_COLUMNS),
    ("x", "gone", "no UUID", "no number", "no score", "perhaps", "infinity", "10000-01-01"),
    ("x", "new", _OWNER, -(10**30), -0.0, False, datetime(1, 1, 1, tzinfo=UTC), date.min),
    ("x", "new", _OWNER, 0, float("nan"), False, datetime(1880, 1, 1, tzinfo=_BERLIN), date(1900, 2, 28)),
    ("x", "new", _OWNER, 0, Decimal("Infinity"), False, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), date.max),
    ("x", "new", _OWNER, 0, 1e300, False, datetime(2025, 10, 26, 2, 30, tzinfo=_BERLIN), date.max),
)
#: Texts that formats have lost, cut or taken for something else.
NASTY_TEXTS = (
    *("a,b;c\td|e", 'say "no"', "'quoted'", "one\ntwo\r\nthree\rfour", " blanks around ", "\\N \\. \\", "NULL null"),
    *("<b>&amp;</b> ]]> <!--", "_x0041_ _x000D_", "{{ x }} ${y} %s", "=1+1", "00123", "1E5", "2026-03-01", "true"),
    *("Zoë 票 🎫 e\u0301", "\u202e\u200b\ufeff", "\x0b\x0c\x1c\x85\u2028\u2029", "x" * 40_000),
)


class FileFormatContract(Generic[F]):
    """The tests; override the fixture `file_format` and `read_behind`."""

    @pytest.fixture
    def file_format(self) -> F:
        """The format under test, with its default options."""
        raise NotImplementedError("override the fixture `file_format`")

    def read_behind(self, file_format: F, data: bytes) -> list[list[object]]:
        """Return the rows of a whole file, without the labels, read by another library."""
        raise NotImplementedError

    def write(self, file_format: F, *blocks: Sequence[Sequence[Cell]]) -> bytes:
        """Return the file of these rows."""
        container = file_format.container(FORMAT_COLUMNS)
        rows = [RowBlock(file_format.rows(FORMAT_COLUMNS, block), len(block)) for block in blocks]
        return b"".join([container.begin(), *map(container.add, rows), container.end()])

    def test_format_says_what_it_is(self, file_format: F) -> None:
        # The name goes into views and settings, the extension into names and keys, the media type into headers.
        assert re.fullmatch("[a-z][a-z0-9-]{0,30}", file_format.name)
        assert re.fullmatch(r"\.[a-z0-9]{1,10}(\.[a-z0-9]{1,10})?", file_format.extension)
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[a-z0-9-]+)*", file_format.content_type)
        assert file_format.options <= {BOM, DELIMITER, HEADER}

    def test_no_rows_are_no_bytes_and_still_a_file(self, file_format: F) -> None:
        assert file_format.rows(FORMAT_COLUMNS, []) == b""
        assert self.read_behind(file_format, self.write(file_format)) == []

    def test_rows_do_not_depend_on_those_in_front_of_them(self, file_format: F) -> None:
        each = [file_format.rows(FORMAT_COLUMNS, [row]) for row in FORMAT_ROWS]
        assert all(each)
        assert file_format.rows(FORMAT_COLUMNS, FORMAT_ROWS) == b"".join(each)

    def test_every_kind_of_cell_can_be_written_and_no_row_is_lost(self, file_format: F) -> None:
        found = self.read_behind(file_format, self.write(file_format, FORMAT_ROWS))
        assert [len(row) for row in found] == [len(FORMAT_COLUMNS)] * len(FORMAT_ROWS)

    def test_blocks_of_any_size_make_the_same_rows(self, file_format: F) -> None:
        one_by_one = self.write(file_format, *([row] for row in FORMAT_ROWS))
        at_once = self.write(file_format, [], FORMAT_ROWS, [])
        # Not as text: NaN is not equal to itself.
        assert repr(self.read_behind(file_format, one_by_one)) == repr(self.read_behind(file_format, at_once))

    def test_same_rows_are_the_same_bytes(self, file_format: F) -> None:
        assert self.write(file_format, FORMAT_ROWS) == self.write(file_format, FORMAT_ROWS)

    def test_nasty_texts_stay_in_their_cells(self, file_format: F) -> None:
        rows = [(text, "mark", *(None,) * (len(FORMAT_COLUMNS) - 2)) for text in NASTY_TEXTS]
        found = self.read_behind(file_format, self.write(file_format, rows))
        assert [row[1] for row in found] == ["mark"] * len(rows)

    @given(texts=st.lists(st.text(), max_size=4))
    @settings(
        deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
    )
    def test_any_text_stays_in_its_cell(self, file_format: F, texts: list[str]) -> None:
        rows = [(text, "mark", *(None,) * (len(FORMAT_COLUMNS) - 2)) for text in texts]
        found = self.read_behind(file_format, self.write(file_format, rows))
        assert [row[1] for row in found] == ["mark"] * len(rows)

    def test_plain_texts_come_back_as_they_are(self, file_format: F) -> None:
        texts = ["Printer on floor 7", "Zoë 票 🎫", "a & b < c", "it's"]
        rows = [(text, text, *(None,) * (len(FORMAT_COLUMNS) - 2)) for text in texts]
        found = self.read_behind(file_format, self.write(file_format, rows))
        assert [row[:2] for row in found] == [[text, text] for text in texts]

    def test_changes_are_counted_by_names_in_camel_case(self, file_format: F) -> None:
        container = file_format.container(FORMAT_COLUMNS)
        container.begin()
        container.add(RowBlock(file_format.rows(FORMAT_COLUMNS, FORMAT_ROWS), len(FORMAT_ROWS)))
        container.end()
        assert all(re.fullmatch("[a-z][A-Za-z]*", name) and count >= 0 for name, count in container.changes.items())
