"""The file of a view: what a user may ask for, and what the settings fill in."""

from __future__ import annotations

import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.ports.file_format import HEADER, FormatOptions, RowBlock
from ticket_export.application.view.read_view import read_view
from ticket_export.errors import InvalidPayloadError


class Lines(PlainFormat):
    name = "lines"
    extension = ".txt"
    content_type = "text/plain"
    options = frozenset({HEADER})

    def rows(self, columns, cells):  # type: ignore[no-untyped-def]
        return b"".join(b"%d cells\n" % len(row) for row in cells)


FORMATS = FileFormats(by_name={"csv": CsvFormat, "lines": Lines}, defaults=FormatOptions(delimiter=";", bom=False))


def completed(file: object) -> object:
    view = read_view({"columns": ["id"], "file": file}, formats=FORMATS.offered)
    assert view.file is not None
    return view.file.model_dump()


def problems(file: object) -> tuple[str, ...]:
    with pytest.raises(InvalidPayloadError) as caught:
        completed(file)
    return tuple(caught.value.problems)


@pytest.mark.parametrize("file", [None, {}, {"format": None, "bom": None}, {"Format": "CSV"}])
def test_what_is_left_out_has_the_default_of_the_settings(file: object) -> None:
    assert completed(file) == {"format": "csv", "delimiter": ";", "bom": False, "header": True}
    assert read_view({"columns": ["id"]}, formats=FORMATS.offered).file is not None


def test_what_is_asked_for_stays_as_it_is() -> None:
    asked = {"format": "csv", "delimiter": "\t", "bom": True, "header": False}
    assert completed(asked) == asked
    assert completed(completed(asked)) == asked


def test_format_has_only_the_options_that_it_takes() -> None:
    assert completed({"format": "lines"}) == {"format": "lines", "delimiter": None, "bom": None, "header": True}
    assert problems({"format": "lines", "delimiter": ",", "bom": True}) == (
        "file.delimiter: the format lines does not take this option",
        "file.bom: the format lines does not take this option",
    )


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ({"format": "pdf"}, "file.format: the format 'pdf' is not offered; offered are csv, lines"),
        ({"format": "Line"}, "file.format: the format 'Line' is not offered; did you mean lines?"),
        ({"format": ""}, "file.format: the format '' is not offered; offered are csv, lines"),
        ({"format": 7}, "file.format: must be text, not int"),
        ({"delimiter": "|"}, 'file.delimiter: \'|\' is not a delimiter; use "," or ";" or a tab ("\\t" in JSON)'),
        ({"delimiter": [","]}, 'file.delimiter: list is not a delimiter; use "," or ";" or a tab ("\\t" in JSON)'),
        ({"bom": "yes"}, "file.bom: must be true or false, not 'yes'"),
        ({"header": 1}, "file.header: must be true or false, not int"),
        ({"sheet": 1}, "file.sheet: unknown or repeated key; the keys here are format, delimiter, bom, header"),
        ("csv", "file: must be an object with keys, not 'csv'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(file: object, problem: str) -> None:
    assert problems(file) == (problem,)


def test_mistakes_in_file_and_columns_are_in_one_error() -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({"columns": [], "file": {"format": "pdf", "bom": 1}}, formats=FORMATS.offered)
    assert [each.partition(":")[0] for each in caught.value.problems] == ["columns", "file.bom"]


def test_format_gets_the_options_of_the_view_and_the_guard_of_the_settings() -> None:
    unguarded = FileFormats(by_name={"csv": CsvFormat}, defaults=FormatOptions(formula_guard=False))
    file = read_view({"columns": ["id"], "file": {"delimiter": ";", "header": False}}).file
    assert unguarded.of(file) == CsvFormat(delimiter=";", header=False, formula_guard=False)
    assert unguarded.of(None) == CsvFormat(formula_guard=False)


def test_plain_format_is_its_rows() -> None:
    container = FORMATS.of(read_view({"columns": ["id"], "file": {"format": "lines"}}).file).container(())
    assert (container.begin(), container.add(RowBlock(b"x", 1)), container.end(), container.changes) == (
        b"",
        b"x",
        b"",
        {},
    )
