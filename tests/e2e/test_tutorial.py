"""A reader who follows docs/tutorial/first-export.md in one folder sees what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.document_checks import PRINTING, Workshop, check_console
from tests.e2e.documents import ROOT, blocks
from tests.postgresql_server import PostgresqlServer

TUTORIAL = ROOT / "docs" / "tutorial" / "first-export.md"


def test_reader_who_follows_the_tutorial_sees_what_it_shows(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    workshop, printed = Workshop(tmp_path, postgresql_server), ""
    for block in blocks(TUTORIAL):
        if block.marker == "console":
            check_console(block, workshop)
        elif block.marker == "text":
            assert block.text in printed
        else:
            printed = PRINTING[block.marker](block, workshop)
            if block.text.endswith("ticket-export list --as admin@example.test\n"):
                exports = [line for line in printed.splitlines() if ".csv" in line]
                assert ["completed" in export for export in exports] == [True, True]
    assert (tmp_path / "tickets.csv").read_bytes() in [path.read_bytes() for path in tmp_path.rglob("exports/**/*.csv")]


@pytest.mark.parametrize("marker", ["sh", "python", "text"])
def test_tutorial_goes_by_command_line_and_python(marker: str) -> None:
    assert [block for block in blocks(TUTORIAL) if block.marker == marker]
