"""The options of the file, on every command that takes a view."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.command_line import job, run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import ADMIN
from ticket_export import unguard

VIEW = ("--columns", "id,title,tags", "--sort", "id")


def records(file: Path, delimiter: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(file.read_bytes().decode(), newline=""), delimiter=delimiter)
    return [[unguard(cell, delimiter=delimiter) for cell in row] for row in rows]


@pytest.mark.parametrize(("typed", "delimiter"), [(",", ","), (";", ";"), ("tab", "\t")])
def test_delimiter_header_and_mark_are_as_asked(help_desk: HelpDesk, typed: str, delimiter: str) -> None:
    assert run_command("export", *VIEW, *ADMIN, "--output", "plain.csv").exit_code == 0
    options = ("--delimiter", typed, "--no-header", "--no-bom")
    ended = run_command("export", *VIEW, *ADMIN, *options, "--output", "asked.csv")
    assert (ended.exit_code, ended.problems) == (0, [])
    mark, *rows = records(help_desk.folder / "plain.csv", ",")
    assert mark[0] == "\ufeffTicket ID"
    assert records(help_desk.folder / "asked.csv", delimiter) == rows


def test_settings_are_the_default_and_options_come_first(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CSV_DELIMITER": "tab", "CSV_BOM": "false", "HEADER": "false"}.items():
        monkeypatch.setenv(f"TICKET_EXPORT_{name}", value)
    assert run_command("export", *VIEW, *ADMIN, "--output", "-").text.startswith("2\t")
    ended = run_command("export", *VIEW, *ADMIN, "--output", "-", "--header", "--bom", "--delimiter", ";")
    assert ended.text.startswith("\ufeffTicket ID;Title;Tags\n2;")


def test_queued_view_keeps_its_options(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    requested = job(run_command("request", *VIEW, *ADMIN, "--delimiter", ";", "--no-bom", "--json"))
    # The settings of the request count, not those of the run.
    monkeypatch.setenv("TICKET_EXPORT_HEADER", "false")
    assert run_command("worker", "--drain").exit_code == 0
    saved = run_command("download", str(requested["id"]), *ADMIN, "--output", "-")
    assert saved.text.startswith("Ticket ID;Title;Tags\n")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--format", "cvs"), "file.format: the format 'cvs' is not offered; "),
        (("--delimiter", "|"), "file.delimiter: '|' is not a delimiter; "),
        (("--payload", "-", "--no-header"), "--payload: holds the whole view, so it cannot go with --header"),
    ],
)
def test_wrong_option_is_named(help_desk: HelpDesk, options: tuple[str, ...], problem: str) -> None:
    view = () if "--payload" in options else VIEW
    ended = run_command("export", *view, *ADMIN, *options, "--output", "a.csv")
    assert ended.exit_code == 2
    assert ended.problems[0].startswith(problem)
    assert not (help_desk.folder / "a.csv").exists()


def test_format_that_is_not_offered_is_refused_also_by_the_name_of_the_file(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMATS", "csv")
    for options in (("--output", "a.xlsx"), ("--output", "a.csv", "--format", "xlsx")):
        ended = run_command("export", *VIEW, *ADMIN, *options)
        assert (ended.exit_code, ended.problems) == (
            2,
            ["file.format: the format 'xlsx' is not offered; offered are csv"],
        )
    assert run_command("export", *VIEW, *ADMIN, "--format", "csv", "--output", "a.xlsx").exit_code == 0


def test_columns_lists_the_formats_with_their_options(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMATS", "xlsx,csv")
    table = run_command("columns").text.split("\n\n")[-1]
    assert [line.split() for line in table.splitlines()] == [
        ["format", "name", "ends", "with", "options"],
        ["xlsx", ".xlsx", "header"],
        ["csv", ".csv", "delimiter,", "bom,", "header"],
    ]


def test_name_of_the_file_decides_about_its_format(help_desk: HelpDesk) -> None:
    for name, begin in {"a.xlsx": b"PK", "a.ndjson": b'{"id":2,', "a.csv": b"\xef\xbb\xbfTicket"}.items():
        ended = run_command("export", *VIEW, *ADMIN, "--output", name, "--json")
        assert (ended.exit_code, ended.problems) == (0, [])
        assert str(job(ended)["fileName"]).endswith(name[1:])
        assert (help_desk.folder / name).read_bytes().startswith(begin)


def test_lines_of_ndjson_are_objects_with_typed_values(help_desk: HelpDesk) -> None:
    names = ["title", "id", "category", "creationTime"]
    view = ("--columns", ",".join(names), "--sort", "id", "--time-zone", "Europe/Berlin", "--format", "ndjson")
    ended = run_command("export", *view, *ADMIN, "--output", "-")
    assert (ended.exit_code, ended.problems) == (0, [])
    tickets = [json.loads(line) for line in ended.text.splitlines()]
    assert all(list(ticket) == names for ticket in tickets)
    assert [ticket["id"] for ticket in tickets] == sorted(ticket["id"] for ticket in tickets)
    assert {type(ticket["category"]) for ticket in tickets} == {str, type(None)}
    assert {ticket["creationTime"][-6:] for ticket in tickets} == {"+01:00", "+02:00"}
    assert all(datetime.fromisoformat(ticket["creationTime"]) for ticket in tickets)


def test_payload_decides_about_the_format_and_the_name_is_remarked(help_desk: HelpDesk) -> None:
    view = json.dumps({"columns": ["id"], "file": {"format": "xlsx", "header": False}})
    ended = run_command("export", "--payload", "-", *ADMIN, "--output", "a.csv", stdin=view.encode())
    assert ended.exit_code == 0
    assert "the name of a.csv should end with .xlsx" in ended.err
    assert (help_desk.folder / "a.csv").read_bytes().startswith(b"PK")


def test_format_that_is_forbidden_since_the_request_is_refused_by_the_worker(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = job(run_command("request", *VIEW, *ADMIN, "--format", "xlsx", "--json"))
    monkeypatch.setenv("TICKET_EXPORT_FORMATS", "csv")
    assert run_command("worker", "--drain").exit_code == 0
    shown = job(run_command("show", str(requested["id"]), *ADMIN, "--json"))
    assert shown["status"] == "failed"
    assert str(shown["errorMessage"]).endswith("file.format: the format 'xlsx' is not offered; offered are csv")
    assert run_command("download", str(requested["id"]), *ADMIN, "--output", "a.xlsx").exit_code != 0
    assert not (help_desk.folder / "a.xlsx").exists()
    assert list(help_desk.folder.rglob("tickets-*")) == []
