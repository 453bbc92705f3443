from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from ticket_export.application.dto import ExportJobDto, ExportPage
from ticket_export.entrypoints.cli.output.job_text import end_text, job_text, page_text

_JOB = ExportJobDto(
    id=UUID(int=1),
    requester_user_id=UUID(int=2),
    requester_name="Zoë",
    view="columns id",
    status="failed",
    progress_stage="Exporting",
    progress_percent=50,
    row_count=None,
    error_message="No\nspace",
    requested_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    completed_at=None,
    expires_at=datetime(2026, 1, 5, 3, 4, 5, 6, tzinfo=UTC),
    is_cleaned_up=False,
    file_name=None,
    length=None,
)


def test_a_job_is_a_line_a_field() -> None:
    shown = dict(line.split(None, 1) for line in job_text(_JOB).splitlines() if "cleaned" not in line)
    assert shown["status"] == "failed"
    assert shown["error"] == "No\\nspace"
    assert shown["requested"] == "2026-01-02 03:04:05 UTC"
    assert shown["completed"] == "-"
    assert (shown["requester"], shown["view"]) == ("Zoë", "columns id")


def test_requester_without_a_name_is_the_id() -> None:
    nameless = _JOB.model_copy(update={"requester_name": None})
    assert ["requester", str(UUID(int=2))] in [line.split() for line in job_text(nameless).splitlines()]
    assert str(UUID(int=2)) in page_text(ExportPage(items=(nameless,), page=1, page_size=10, total=1))


def test_list_shows_the_beginning_of_a_long_view_and_one_export_all_of_it() -> None:
    view = f"columns {', '.join(['x'] * 100)}\nend"
    long = _JOB.model_copy(update={"view": view})
    listed = page_text(ExportPage(items=(long,), page=1, page_size=10, total=1)).splitlines()[1]
    assert listed.endswith(f"  {view[:59]}…")
    assert view.replace("\n", "\\n") in job_text(long)


def test_a_page_says_where_it_is() -> None:
    page = ExportPage(items=(_JOB,), page=2, page_size=10, total=11)
    assert page_text(page).splitlines()[-1] == "page 2 of 2, 11 in all"


def test_without_exports_there_is_no_table() -> None:
    assert page_text(ExportPage(items=(), page=1, page_size=10, total=0)) == "no exports"


def test_a_page_behind_the_last_one_names_the_last_one() -> None:
    page = ExportPage(items=(), page=4, page_size=10, total=11)
    assert page_text(page) == "no exports on page 4: the last one is 2, 11 in all"


def test_a_page_shows_rows_and_file_of_every_export() -> None:
    done = _JOB.model_copy(
        update={"status": "completed", "row_count": 12, "length": 345, "file_name": "t.csv", "error_message": None}
    )
    headings, shown, _ = page_text(ExportPage(items=(done,), page=1, page_size=10, total=1)).splitlines()
    names = ["id", "requester", "status", "rows", "bytes", "requested", "expires", "file", "error", "view"]
    assert headings.split() == names
    assert shown.split()[1:5] == ["Zoë", "completed", "12", "345"]
    assert shown.split()[-4:] == ["t.csv", "-", "columns", "id"]


def test_a_page_shows_how_far_what_runs_is_and_why_what_failed_did() -> None:
    running = _JOB.model_copy(update={"status": "running", "progress_percent": 40, "error_message": None})
    page = ExportPage(items=(running, _JOB), page=1, page_size=10, total=2)
    _, first, second, _ = page_text(page).splitlines()
    assert first.split()[2:5] == ["running", "40", "%"]
    assert second.split()[2] == "failed"
    assert "%" not in second
    assert second.endswith("  No\\nspace  columns id")


def test_an_end_is_one_line_with_the_rows_or_the_reason() -> None:
    assert end_text(_JOB) == f"export {_JOB.id} failed: No\nspace"
    done = _JOB.model_copy(update={"status": "completed", "row_count": 1200, "error_message": None})
    assert end_text(done) == f"export {_JOB.id} completed: 1,200 rows"
