from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.e2e.command_line import Ended, job, jobs, run_command, run_script
from tests.e2e.conftest import TICKETS, HelpDesk

_ADMIN = ("--as", "admin@example.test")
_JOB_FIELDS = {
    "id",
    "requesterUserId",
    "requesterName",
    "view",
    "status",
    "progressStage",
    "progressPercent",
    "rowCount",
    "errorMessage",
    "requestedAt",
    "completedAt",
    "expiresAt",
    "isCleanedUp",
    "fileName",
    "length",
}


def _rows(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def test_from_an_empty_folder_to_a_file_and_back(tmp_path: Path) -> None:
    home = HelpDesk(tmp_path)

    def run(*arguments: str) -> Ended:
        ended = run_script(*arguments, folder=tmp_path, settings=home.settings)
        assert ended.exit_code == 0, ended.err
        assert "Traceback" not in ended.err
        return ended

    run("migrate", "--reference-schema")
    assert run("sample-data", "--tickets", "300", "--seed", "7").text.startswith("300 tickets added")

    columns = run("columns", "--json").document
    assert isinstance(columns, list)
    assert {"name", "label", "kind", "searchable", "filterable", "sortable", "operators", "choices"} == set(columns[0])
    assert {"id", "tags", "creationTime"} <= {column["name"] for column in columns}

    view = ("--columns", "id,title,status,creationTime", "--filter", "status:is_any_of:open,pending")
    exported = run("export", *view, "--sort", "creationTime:desc", *_ADMIN, "--output", "open.csv", "--json")
    shown = run("show", str(job(exported)["id"]), *_ADMIN, "--json")
    assert set(job(shown)) == _JOB_FIELDS
    assert job(shown) == job(exported)
    header, *rows = _rows(tmp_path / "open.csv")
    assert header == ["Ticket ID", "Title", "Status", "Created"]
    assert {row[2] for row in rows} == {"open", "pending"}
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True)
    assert job(shown)["requesterName"] == "Ada Admin"
    assert str(job(shown)["view"]).startswith("columns id, title, status, creationTime; status is_any_of ")
    assert (job(shown)["status"], job(shown)["rowCount"]) == ("completed", len(rows))
    assert job(shown)["length"] == (tmp_path / "open.csv").stat().st_size

    listed = run("list", *_ADMIN, "--json")
    assert jobs(listed) == [job(shown)]
    assert "Ada Admin" in run("list", *_ADMIN).text
    assert "Ada Admin" in run("show", str(job(exported)["id"]), *_ADMIN).text
    assert set(job(listed)) == {"items", "page", "pageSize", "total"}

    saved = run("download", str(job(exported)["id"]), *_ADMIN, "--output", "again.csv", "--json")
    assert job(saved) == job(shown)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "open.csv").read_bytes()


def test_columns_are_a_short_line_each_and_operators_are_told_once_a_kind(help_desk: HelpDesk) -> None:
    ended = run_command("columns")
    table, kinds, _ = ended.text.split("\n\n")
    status = next(line for line in table.splitlines() if line.startswith("status "))
    assert status.replace(",", "").split() == [
        *("status", "Status", "choice", "search", "filter", "sort"),
        *("new", "open", "in_progress", "pending", "resolved", "closed"),
    ]
    assert max(len(line) for line in table.splitlines()) <= 120
    operators = dict(line.split(maxsplit=1) for line in kinds.splitlines()[1:])
    assert set(operators) == {"number", "text", "choice", "id", "date"}
    assert operators["choice"] == "eq neq is_any_of is_none_of is_empty is_not_empty"


def test_more_sample_data_comes_after_what_is_there(help_desk: HelpDesk) -> None:
    added = run_command("sample-data", "--tickets", "50")
    assert added.exit_code == 0, added.err
    exported = run_command("export", "--columns", "id", *_ADMIN, "--output", "all.csv")
    assert exported.exit_code == 0, exported.err
    ids = [int(row[0]) for row in _rows(help_desk.folder / "all.csv")[1:]]
    assert ids == sorted(set(ids))
    assert max(ids) > TICKETS


def test_progress_is_plain_lines_where_the_output_is_no_terminal(help_desk: HelpDesk) -> None:
    ended = run_script(
        *("export", "--columns", "id", *_ADMIN, "--output", "all.csv"),
        folder=help_desk.folder,
        settings=help_desk.settings,
    )
    stages = [line.split()[0].rstrip(":") for line in ended.err.splitlines()]
    assert list(dict.fromkeys(stages)) == ["Counting", "Exporting", "Storing", "Downloading"]
    assert "\x1b" not in ended.err
