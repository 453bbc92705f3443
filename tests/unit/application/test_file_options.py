"""The file that a view asks for, and what a host offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.columns import ID, TITLE
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.ports.file_format import HEADER, Cell, FormatOptions, RowBlock
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_column import TicketColumn, TicketColumns
from ticket_export.errors import InvalidPayloadError

COLUMNS = TicketColumns([ID, TITLE])


class Sheet(PlainFormat):
    """Takes no option but a header, which it ignores."""

    name = "sheet"
    extension = ".sheet"
    content_type = "text/plain"
    options = frozenset({HEADER})

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return b"row" * len(cells)


FORMATS = FileFormats(
    by_name={"csv": CsvFormat, "sheet": Sheet}, defaults=FormatOptions(delimiter=";", bom=False, header=False)
)


def asked(file: object, formats: FileFormats = FORMATS) -> FileOptions | None:
    return read_view({"columns": ["id"], "file": file}, COLUMNS, formats=formats.offered).file


def problems(file: object, formats: FileFormats = FORMATS) -> Sequence[str]:
    with pytest.raises(InvalidPayloadError) as refused:
        asked(file, formats)
    return refused.value.problems


@pytest.mark.parametrize(
    ("file", "completed"),
    [
        (None, {"format": "csv", "delimiter": ";", "bom": False, "header": False}),
        ({}, {"format": "csv", "delimiter": ";", "bom": False, "header": False}),
        ({"delimiter": "\t"}, {"format": "csv", "delimiter": "\t", "bom": False, "header": False}),
        ({"Bom": True, "header": True}, {"format": "csv", "delimiter": ";", "bom": True, "header": True}),
        ({"format": "Sheet"}, {"format": "sheet", "header": False}),
        ({"Format": "sheet", "header": True, "bom": None}, {"format": "sheet", "header": True}),
    ],
)
def test_settings_fill_in_what_a_view_leaves_out(file: object, completed: dict[str, Any]) -> None:
    assert asked(file) == FileOptions(**completed)


def test_completed_view_stays_as_it_is_under_other_settings() -> None:
    view = read_view({"columns": ["id"]}, COLUMNS, formats=FORMATS.offered)
    others = FileFormats(by_name={"sheet": Sheet, "csv": CsvFormat})
    assert read_view(view.to_json(), COLUMNS, formats=others.offered) == view


def test_view_without_formats_keeps_what_was_asked() -> None:
    assert read_view({"columns": ["id"]}).file is None
    assert read_view({"columns": ["id"], "file": {"format": "any"}}).file == FileOptions(format="any")


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ({"format": "xlsx"}, "file.format: the format 'xlsx' is not offered; offered are csv, sheet"),
        ({"format": "sheets"}, "file.format: the format 'sheets' is not offered; did you mean sheet?"),
        ({"format": 7}, "file.format: must be text, not "),
        ({"delimiter": "|"}, "file.delimiter: '|' is not a delimiter; use "),
        ({"delimiter": ""}, "file.delimiter: '' is not a delimiter; use "),
        ({"delimiter": [","]}, "file.delimiter: "),
        ({"bom": "yes"}, "file.bom: must be true or false, not "),
        ({"header": 1}, "file.header: must be true or false, not "),
        ({"format": "sheet", "bom": False}, "file.bom: the format sheet does not take this option"),
        ({"format": "sheet", "delimiter": ","}, "file.delimiter: the format sheet does not take this option"),
        ({"encoding": "latin1"}, "file.encoding: unknown or repeated key; the keys here are format, "),
        ("csv", "file: "),
    ],
)
def test_wrong_file_is_refused_with_its_place(file: object, problem: str) -> None:
    assert [each[: len(problem)] for each in problems(file)] == [problem]


def test_every_mistake_of_a_file_is_told() -> None:
    told = problems({"format": "sheet", "bom": False, "delimiter": ";"})
    assert [each.partition(":")[0] for each in told] == ["file.delimiter", "file.bom"]


def test_format_is_made_with_the_options_of_the_view_and_the_guard_of_the_settings() -> None:
    made = FORMATS.of(FileOptions(format="csv", bom=True))
    assert made == CsvFormat(delimiter=";", bom=True, header=False, formula_guard=True)
    unguarded = FileFormats(by_name={"csv": CsvFormat}, defaults=FormatOptions(formula_guard=False))
    assert unguarded.of(None) == CsvFormat(formula_guard=False)
    assert isinstance(FORMATS.of(FileOptions(format="sheet")), Sheet)


@given(st.lists(st.binary(max_size=9)))
def test_format_without_a_container_of_its_own_is_its_rows(blocks: list[bytes]) -> None:
    container = FORMATS.of(FileOptions(format="sheet")).container([ID])
    file = container.begin() + b"".join(container.add(RowBlock(each, 1)) for each in blocks) + container.end()
    assert file == b"".join(blocks)
    assert container.changes == {}
