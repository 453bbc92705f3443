"""A host whose statuses have labels, and files names of their own, on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk

_HOST = """
from ticket_export.catalog import EVERY_ROW, TicketCatalog, choice_column, number_column
from ticket_export.container import TicketExportContainer

container = TicketExportContainer()
tickets = container.tables().tickets.c
LABELS = {"open": "Offen", "in_progress": "In Arbeit", "closed": "closed"}
container.catalog.override(
    TicketCatalog(
        tables=container.tables().tickets,
        id=tickets.id,
        created_at=tickets.creation_time,
        columns=[
            number_column("id", "ID", tickets.id),
            choice_column("status", "Status", tickets.status, choices=lambda: LABELS),
        ],
        visible_to=EVERY_ROW,
    )
)
container.file_name.override(lambda job: f"Export von {job.requester.full_name}")
"""


@pytest.fixture
def app(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    (help_desk.folder / "labelled_helpdesk.py").write_text(_HOST)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "labelled_helpdesk", raising=False)
    return "--app", "labelled_helpdesk:container"


def test_columns_show_values_and_labels(app: tuple[str, str]) -> None:
    assert "open (Offen), in_progress (In Arbeit), closed" in run_command(*app, "columns").text
    document = run_command(*app, "columns", "--json").document
    assert isinstance(document, list)
    assert document[1]["choices"] == [
        {"value": "open", "label": "Offen"},
        {"value": "in_progress", "label": "In Arbeit"},
        {"value": "closed", "label": "closed"},
    ]


def test_export_takes_a_label_and_shows_it_in_a_file_of_the_hosts_name(
    app: tuple[str, str], help_desk: HelpDesk
) -> None:
    view = ("--columns", "status", "--filter", "status:eq:OFFEN", "--as", "admin@example.test")
    ended = run_command(*app, "export", *view, "--output", "open.csv", "--json")
    assert ended.exit_code == 0, ended.err
    assert isinstance(ended.document, dict)
    assert ended.document["fileName"].startswith("Export von ")
    header, *rows = Path(help_desk.folder, "open.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header == "Status"
    assert set(rows) == {"Offen"}
