from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.ports.file_format import Cell
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.entrypoints.cli.output.file_ending import format_of_name, note_ending


class Sheet(PlainFormat):
    """A format whose name is not its extension."""

    name = "sheet"
    extension = ".ods"
    content_type = "application/vnd.oasis.opendocument.spreadsheet"

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return b""


FORMATS = FileFormats(by_name={"sheet": Sheet, "csv": CsvFormat})
WITHOUT_CSV = FileFormats(by_name={"sheet": Sheet})


@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        ("tickets.csv", "csv"),
        ("TICKETS.CSV", "csv"),
        ("a.b/tickets.ods", "sheet"),
        ("tickets.csv.gz", "csv"),
        ("tickets.csv.zst", "csv"),
        ("tickets.ods.csv", "csv"),
        ("tickets.sheet", None),
        ("tickets.txt", None),
        ("tickets.gz", None),
        ("tickets", None),
        ("csv", None),
        (".csv", None),
        ("-", None),
        ("", None),
        ("/dev/stdout", None),
        ("\udcff\0.csv", "csv"),
    ],
)
def test_end_of_a_name_means_the_format_that_has_it(name: str, file_format: str | None) -> None:
    assert format_of_name(FORMATS, name) == file_format


def test_installed_format_that_is_not_offered_is_named_so_that_the_request_refuses_it() -> None:
    assert format_of_name(WITHOUT_CSV, "tickets.csv") == "csv"


@pytest.mark.parametrize(
    ("written", "name", "ending"),
    [
        ("t.csv", "tickets.csv", None),
        ("t.csv", "tickets.CSV", None),
        ("t.csv", "tickets.txt", None),
        ("t.csv", "tickets", None),
        ("t.csv", "tickets.xlsx", ".csv"),
        ("t.csv", "tickets.gz", ".csv"),
        ("t.csv", "tickets.ndjson", ".csv"),
        ("t.csv.gz", "tickets.csv.gz", None),
        ("t.csv.gz", "tickets.csv", ".gz"),
        ("t.ndjson", "tickets.jsonl", None),
        ("t.ndjson", "tickets.csv", ".ndjson"),
        ("t.xlsx", "tickets.xlsx", None),
        ("t.xlsx", "tickets", ".xlsx"),
    ],
)
def test_name_that_hides_what_the_file_is_is_remarked(
    written: str, name: str, ending: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).touch()
    note_ending(written, str(tmp_path / name))
    assert ("" if ending is None else f"{name} should end with {ending}") in capsys.readouterr().err
    assert ending is not None or capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_what_is_no_file_needs_no_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    note_ending("t.xlsx", name)
    assert capsys.readouterr().err == ""
