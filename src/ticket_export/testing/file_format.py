"""The contract of `FileFormat`.

Inherit it in your format's tests::

    class TestMyFormat(FileFormatContract[MyFormat]):
        @pytest.fixture
        def file_format(self) -> MyFormat: ...
        def read_behind(self, file_format: MyFormat, data: bytes) -> list[list[object]]: ...
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_export.application.ports.file_format import (
    BOM,
    DELIMITER,
    HEADER,
    Cell,
    FileContainer,
    FileFormat,
    FormatOptions,
    RowBlock,
)
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.infrastructure.formats.registry import wrong_declaration

P = TypeVar("P", bound=FileFormat)
Row = Sequence[Cell]

COLUMNS: Final = [
    TicketColumn(name="title", label='A "title", or none', kind=ColumnKind.TEXT),
    TicketColumn(name="number", label="Number", kind=ColumnKind.NUMBER),
    TicketColumn(name="urgent", label="Urgent", kind=ColumnKind.BOOLEAN),
    TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
    TicketColumn(name="day", label="Day", kind=ColumnKind.DAY),
    TicketColumn(name="state", label="State", kind=ColumnKind.CHOICE, choices=("open", "closed")),
    TicketColumn(name="owner", label="Owner", kind=ColumnKind.ID, id_type=IdType.UUID),
    TicketColumn(name="id", label="ID", kind=ColumnKind.ID, id_type=IdType.INTEGER),
]
#: Structure of one format or another, and what spreadsheets take for something else.
TEXTS: Final = [
    *(
        "a,b;c\td|e",
        'say "no"',
        "'quoted'",
        "line\nline",
        "\n",
        "carriage\rreturn",
        "both\r\n",
        "\\",
        "\\N",
        "\\n",
        "\\.",
    ),
    *("<b>&amp;</b>", "]]>", "<![CDATA[", "_x0041_", "_x005F_", "{}", "[1, 2]", "null", "NULL", "true", "TRUE", "NaN"),
    *("00123", "1E5", "2026-03-01", "1234567890123456789", "=1+1", "+49", "-5", "@sum", "  =1", " blanks ", "ID"),
    *("Zoë 票 🎫 e\u0301", "\u2028", "\xa0", "\ufeffmark", "\x7f", "x" * 30_000),
]
_BERLIN: Final = ZoneInfo("Europe/Berlin")
ROW: Final[Row] = [
    *("Printer", Decimal("-1.50"), True, datetime(2026, 3, 1, 9, 30, 15, tzinfo=_BERLIN)),
    *(date(2026, 3, 1), "open", "00000000-0000-4000-8000-00000000abcd", 7),
]
NUMBERS: Final[list[Decimal | float]] = [
    0,
    -7,
    10**14,
    0.1,
    -2.5,
    1e-7,
    1e300,
    Decimal("1.50"),
    Decimal("-0.001"),
    Decimal("99999999.99"),
]
#: What has no number, or is outside some calendar.
_ODD: Final[list[Cell]] = [
    *(10**30, float("nan"), float("-inf"), Decimal("NaN"), Decimal("1E+20"), date(1, 1, 1), date(9999, 12, 31)),
    *(
        datetime(1880, 1, 1, 0, 53, 28, tzinfo=_BERLIN),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ),
]
# XML 1.0 has no other characters below U+0020, and a format may replace those that it cannot have.
_characters = st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\t\n\r")
_texts = st.text(_characters, max_size=20)
_any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(TEXTS)
_cells = {
    ColumnKind.NUMBER: st.integers() | st.floats() | st.decimals(allow_nan=False),
    ColumnKind.BOOLEAN: st.booleans(),
    ColumnKind.DATE: st.datetimes(timezones=st.just(UTC) | st.just(_BERLIN)).map(lambda at: at.replace(microsecond=0)),
    ColumnKind.DAY: st.dates(),
}
#: Rows of every kind of cell, NULL, and texts in every column.
_rows = st.lists(
    st.tuples(*(st.none() | _any_text | _cells.get(column.kind, st.nothing()) for column in COLUMNS)), max_size=4
)
_examples = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


class FileFormatContract(Generic[P]):
    """The tests; override the fixture `file_format` and `read_behind`."""

    @pytest.fixture
    def file_format(self) -> P:
        """The format under test."""
        raise NotImplementedError("override the fixture `file_format`")

    def read_behind(self, file_format: P, data: bytes) -> list[list[object]]:
        """Return the rows of a file, without its header, by another program or library than the format's.

        Texts are `str`, after `unguard` if the format guards them. A number is a number or its text, and a cell without
        a value is "" or None. Raise an error if the file is not whole.
        """
        raise NotImplementedError

    def test_format_has_names_that_go_into_views_files_and_headers(self, file_format: P) -> None:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", file_format.name)
        assert re.fullmatch(r"(\.[a-z0-9]{1,10})+", file_format.extension)
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[a-z0-9-]+)*", file_format.content_type)
        assert file_format.is_packed in (True, False)
        assert file_format.options <= {DELIMITER, BOM, HEADER}
        # As the library asks when the package is installed.
        assert wrong_declaration(type(file_format), file_format.name) is None

    def test_format_takes_the_options_of_a_file(self, file_format: P) -> None:
        for options in (FormatOptions(), FormatOptions(delimiter=";", bom=False, header=False, formula_guard=False)):
            assert isinstance(file_format.of(options), type(file_format))

    def test_no_rows_are_no_bytes(self, file_format: P) -> None:
        assert file_format.rows(COLUMNS, []) == b""

    @given(first=_rows, second=_rows)
    @_examples
    def test_rows_do_not_depend_on_the_rows_in_front_of_them(
        self, file_format: P, first: list[Row], second: list[Row]
    ) -> None:
        together = file_format.rows(COLUMNS, [*first, *second])
        assert together == file_format.rows(COLUMNS, first) + file_format.rows(COLUMNS, second)

    @given(rows=_rows)
    @_examples
    def test_file_has_every_row_with_every_cell_whatever_is_stored(self, file_format: P, rows: list[Row]) -> None:
        read = self.read_behind(file_format, written(file_format, [rows]))
        assert [len(row) for row in read] == [len(COLUMNS)] * len(rows)

    @given(texts=st.lists(st.lists(_texts, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=4))
    @_examples
    def test_texts_come_back_from_every_column(self, file_format: P, texts: list[list[str]]) -> None:
        read = self.read_behind(file_format, written(file_format, [texts]))
        assert [[cell or "" for cell in row] for row in read] == texts

    def test_text_comes_back_as_it_is(self, file_format: P) -> None:
        rows = [[text, *ROW[1:-3], text, *ROW[-2:]] for text in TEXTS]
        read = self.read_behind(file_format, written(file_format, [rows]))
        assert [row[0] for row in read] == TEXTS
        assert [row[-3] for row in read] == TEXTS

    def test_file_of_one_column_has_every_row(self, file_format: P) -> None:
        texts = ["", *TEXTS, "", ""]
        read = self.read_behind(file_format, written(file_format, [[[text] for text in texts], [[None]]], COLUMNS[:1]))
        assert [[cell or "" for cell in row] for row in read] == [[text] for text in [*texts, ""]]

    def test_number_comes_back_with_its_value(self, file_format: P) -> None:
        rows = [[*ROW[:1], number, *ROW[2:]] for number in NUMBERS]
        read = self.read_behind(file_format, written(file_format, [rows]))
        assert [Decimal(str(row[1])) for row in read] == [Decimal(str(number)) for number in NUMBERS]

    def test_value_that_the_format_may_not_have_is_a_cell_that_is_not_empty(self, file_format: P) -> None:
        read = self.read_behind(file_format, written(file_format, [[[cell] * len(COLUMNS) for cell in _ODD]]))
        assert [row for row in read if "" in row or None in row] == []
        assert len(read) == len(_ODD)

    def test_null_is_a_cell_without_a_value(self, file_format: P) -> None:
        (row,) = self.read_behind(file_format, written(file_format, [[[None] * len(COLUMNS)]]))
        assert [each for each in row if each not in ("", None)] == []

    def test_file_without_rows_can_be_read(self, file_format: P) -> None:
        assert self.read_behind(file_format, written(file_format, [])) == []

    def test_blocks_of_any_length_are_one_file(self, file_format: P) -> None:
        rows = [[f"Printer {number}", *ROW[1:]] for number in range(50)]
        whole = self.read_behind(file_format, written(file_format, [rows]))
        assert self.read_behind(file_format, written(file_format, [rows[:1], rows[1:40], rows[40:]])) == whole
        assert [row[0] for row in whole] == [row[0] for row in rows]

    def test_same_rows_are_the_same_bytes(self, file_format: P) -> None:
        again = file_format.of(FormatOptions())
        for each in (file_format, again):
            assert written(each, [[ROW] * 10]) == written(each, [[ROW] * 10])

    def test_two_files_at_once_do_not_mix(self, file_format: P) -> None:
        first, second = _File(file_format), _File(file_format)
        for number in range(10):
            first.add([[f"first {number}", *ROW[1:]]])
            second.add([[f"second {number}", *ROW[1:]]])
        for file, name in ((first, "first"), (second, "second")):
            assert [row[0] for row in self.read_behind(file_format, file.end())] == [f"{name} {n}" for n in range(10)]

    def test_large_file_is_given_bit_by_bit(self, file_format: P) -> None:
        file = _File(file_format)
        for start in range(0, 50_000, 1000):
            file.add([[f"Printer {number} {number * number}", *ROW[1:]] for number in range(start, start + 1000)])
        early = len(file.data)
        assert early > len(file.end()) / 2

    def test_changes_are_counts_under_names_for_the_manifest(self, file_format: P) -> None:
        file = _File(file_format)
        file.add([ROW, *([text, *ROW[1:]] for text in ("\0", "\ufffe", "_x0041_", "x" * 40_000))])
        file.end()
        for name, count in file.container.changes.items():
            assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", name)
            assert count >= 0


@attrs.define
class _File:
    """A file that is being written."""

    file_format: FileFormat
    columns: Sequence[TicketColumn] = attrs.field(default=COLUMNS)
    container: FileContainer = attrs.field(init=False)
    data: bytes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.container = self.file_format.container(self.columns)
        self.data = self.container.begin()

    def add(self, rows: Sequence[Row]) -> None:
        self.data += self.container.add(RowBlock(self.file_format.rows(self.columns, rows), len(rows)))

    def end(self) -> bytes:
        self.data += self.container.end()
        return self.data


def written(
    file_format: FileFormat, blocks: Sequence[Sequence[Row]], columns: Sequence[TicketColumn] = COLUMNS
) -> bytes:
    """Return the file of these blocks of rows."""
    file = _File(file_format, columns)
    for block in blocks:
        file.add(block)
    return file.end()
