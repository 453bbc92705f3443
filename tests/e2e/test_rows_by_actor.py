"""The command line shows and exports what the user of ``--as`` may see."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.e2e.command_line import Ended, run_script
from tests.e2e.conftest import HelpDesk

_STAFF, _ADMIN = ("--as", "staff@example.test"), ("--as", "admin@example.test")
_HOST = """
import attrs
from ticket_export import TicketExportContainer
from ticket_export.catalog import EVERY_ROW

container = TicketExportContainer()
catalog = container.catalog()
(status,) = (each.expression for each in catalog.columns if each.column.name == "status")
container.catalog.override(
    attrs.evolve(
        catalog,
        columns=[
            attrs.evolve(each, visible_to=lambda actor: actor.is_admin) if each.column.name == "description" else each
            for each in catalog.columns
        ],
        visible_to=lambda actor: EVERY_ROW if actor.is_admin else status == "open",
    )
)
needy = TicketExportContainer()
needy.catalog.override(attrs.evolve(catalog, visible_to=lambda actor: status == actor.attributes["status"]))
"""


@pytest.fixture
def home(help_desk: HelpDesk) -> HelpDesk:
    (help_desk.folder / "ruled_helpdesk.py").write_text(_HOST, encoding="utf-8")
    return help_desk


def run(home: HelpDesk, *arguments: str, container: str = "container") -> Ended:
    settings = {**home.settings, "TICKET_EXPORT_DOWNLOAD_OWN": "true"}
    return run_script("--app", f"ruled_helpdesk:{container}", *arguments, folder=home.folder, settings=settings)


def test_columns_are_those_of_the_user(home: HelpDesk) -> None:
    def names(*arguments: str) -> list[str]:
        document = run(home, "columns", "--json", *arguments).document
        assert isinstance(document, list)
        return [column["name"] for column in document]

    everything = names()
    assert "description" in everything
    assert names(*_ADMIN) == everything
    assert names(*_STAFF) == [name for name in everything if name != "description"]


def test_hidden_column_is_an_unknown_one(home: HelpDesk) -> None:
    for use in (("--columns", "id,description"), ("--columns", "id", "--sort", "descriptions")):
        ended = run(home, "request", *use, *_STAFF)
        assert ended.exit_code == 2
        assert "unknown column" in ended.err
        assert "did you mean" not in ended.err


def test_export_has_the_tickets_of_its_user(home: HelpDesk) -> None:
    def statuses(name: str, *who: str) -> set[str]:
        ended = run(home, "export", "--columns", "id,status", *who, "--output", name)
        assert ended.exit_code == 0, ended.err
        with Path(home.folder, name).open(encoding="utf-8-sig", newline="") as file:
            return {row["Status"] for row in csv.DictReader(file)}

    assert statuses("staff.csv", *_STAFF) == {"open"}
    assert {"open", "closed"} <= statuses("admin.csv", *_ADMIN)


def test_rule_that_needs_a_real_user_says_how_to_name_one(home: HelpDesk) -> None:
    ended = run(home, "columns", container="needy")
    assert ended.exit_code == 2
    assert "needs the attribute 'status', which this actor lacks" in ended.err
    assert "name a user with --as" in ended.err
    # The reference directory has no attributes.
    named = run(home, "columns", *_STAFF, container="needy")
    assert named.exit_code == 2
    assert "name a user" not in named.err
