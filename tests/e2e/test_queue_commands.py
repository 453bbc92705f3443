"""``request``, ``retry``, ``cancel`` and ``cleanup``, and the protection of the queue."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing

import pytest

from tests.e2e.command_line import job, jobs, run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import ADMIN, STAFF, request, status, stored_files

_REQUEST = ("request", "--columns", "id")


def _drain() -> None:
    assert run_command("worker", "--drain").exit_code == 0


def test_a_request_is_queued_and_tells_what_runs_it(help_desk: HelpDesk) -> None:
    ended = run_command(*_REQUEST, *STAFF)
    (queued,) = jobs(run_command("list", *STAFF, "--json"))
    assert (ended.exit_code, queued["status"]) == (0, "queued")
    assert ended.err == f"export {queued['id']} is queued; a worker runs it: ticket-export worker\n"
    shown = dict(line.split(None, 1) for line in ended.text.splitlines())
    assert (shown["id"], shown["status"]) == (queued["id"], "queued")


def test_the_same_view_asked_for_again_is_the_same_export_and_says_so(help_desk: HelpDesk) -> None:
    first, again = (run_command(*_REQUEST, *STAFF, "--json") for _ in range(2))
    assert (job(first)["alreadyRequested"], job(again)["alreadyRequested"]) == (False, True)
    assert job(again)["id"] == job(first)["id"]
    assert again.err == (
        f"the same view is requested already: export {job(first)['id']} is queued, no second one starts\n"
    )
    assert len(jobs(run_command("list", *STAFF, "--json"))) == 1
    assert job(run_command(*_REQUEST, *ADMIN, "--json"))["alreadyRequested"] is False
    _drain()
    assert job(run_command(*_REQUEST, *STAFF, "--json"))["alreadyRequested"] is False


def test_nobody_queues_more_than_the_limit(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_MAX_ACTIVE_JOBS_PER_USER", "2")
    for columns in ("id", "title"):
        request("--columns", columns)
    refused = run_command("request", "--columns", "status", *STAFF)
    assert (refused.exit_code, refused.out, len(refused.err.splitlines())) == (1, b"", 1)
    assert refused.problems[0].startswith("2 exports are queued or running for you already")
    assert run_command("export", "--columns", "status", *STAFF, "--output", "a.csv").problems == refused.problems
    assert run_command(*_REQUEST, *ADMIN).exit_code == 0
    _drain()
    assert run_command("request", "--columns", "status", *STAFF).exit_code == 0


def test_the_inline_queue_shows_the_export_as_it_ended(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_TASK_QUEUE", "inline")
    ended = run_command(*_REQUEST, *STAFF, "--json")
    assert (job(ended)["status"], job(ended)["alreadyRequested"], ended.err) == ("completed", False, "")


def test_a_retry_is_a_new_export_of_the_same_view(help_desk: HelpDesk) -> None:
    first = request("--columns", "id,title", "--filter", "status:eq:open")
    _drain()
    before = job(run_command("show", first, *STAFF, "--json"))
    retried = run_command("retry", first, *STAFF, "--json")
    assert (retried.exit_code, job(retried)["status"], job(retried)["alreadyRequested"]) == (0, "queued", False)
    second = str(job(retried)["id"])
    again = run_command("retry", first, *STAFF)
    assert f"export {second} is queued, no second one starts" in again.err
    _drain()
    after = job(run_command("show", second, *STAFF, "--json"))
    assert (after["status"], after["rowCount"], after["length"]) == ("completed", before["rowCount"], before["length"])
    assert job(run_command("show", first, *STAFF, "--json")) == before
    assert len(jobs(run_command("list", *STAFF, "--json"))) == 2


def test_a_cancelled_request_is_never_run(help_desk: HelpDesk) -> None:
    job_id = request()
    cancelled = run_command("cancel", job_id, *STAFF, "--json")
    assert cancelled.exit_code == 0
    assert (job(cancelled)["status"], job(cancelled)["errorMessage"]) == ("failed", "Cancelled")
    twice = run_command("cancel", job_id, *STAFF)
    assert twice.exit_code == 0
    assert dict(line.split(None, 1) for line in twice.text.splitlines())["error"] == "Cancelled"
    assert run_command("worker", "--drain").text == "0 completed, 0 failed\n"
    assert (status(job_id), stored_files(help_desk)) == ("failed", [])


def test_what_has_ended_cannot_be_cancelled(help_desk: HelpDesk) -> None:
    job_id = request()
    _drain()
    refused = run_command("cancel", job_id, *STAFF)
    assert (refused.exit_code, len(refused.problems), refused.out) == (1, 1, b"")
    assert status(job_id) == "completed"


def _expired_export(help_desk: HelpDesk) -> str:
    ended = run_command("export", "--columns", "id", *ADMIN, "--output", "made.csv", "--json")
    assert ended.exit_code == 0, ended.err
    with closing(sqlite3.connect(help_desk.database)) as database, database:
        database.execute('UPDATE "ExportJobs" SET "ExpiresAt" = "RequestedAt"')
    return str(job(ended)["id"])


def test_clean_up_deletes_the_file_of_an_expired_export(help_desk: HelpDesk) -> None:
    job_id = _expired_export(help_desk)
    (kept,) = (help_desk.folder / "storage").rglob("*.csv")
    orphan = kept.parents[2] / "00000000-0000-0000-0000-000000000000" / "1" / "tickets.csv"
    orphan.parent.mkdir(parents=True)
    orphan.touch()
    first, again = (run_command("cleanup", "--json") for _ in range(2))
    rows = job(run_command("show", job_id, *ADMIN, "--json"))["rowCount"]
    assert (first.exit_code, again.err) == (0, "")
    assert first.err == f"export {job_id} cleaned_up by the system: {rows:,} rows; columns id\n"
    counts = {
        "requeued": 0,
        "givenUp": 0,
        "dispatched": 0,
        "cleanedUp": 1,
        "orphansRemoved": 1,
        "unfinishedRemoved": 0,
        "purged": 0,
    }
    counts["failed"] = 0
    assert first.document == {**counts, "unknownPlaces": [], "refused": None}
    assert again.document == {**dict.fromkeys(counts, 0), "unknownPlaces": [], "refused": None}
    assert run_command("cleanup").text.startswith("0 expired exports cleaned up; 0 lost exports back in the queue")
    assert stored_files(help_desk) == []
    assert job(run_command("show", job_id, *ADMIN, "--json"))["isCleanedUp"] is True
    gone = run_command("download", job_id, *ADMIN, "--output", "a.csv")
    assert (gone.exit_code, len(gone.problems)) == (1, 1)
    assert "expired" in gone.problems[0]


def test_a_file_that_cannot_be_deleted_is_told_and_tried_again(help_desk: HelpDesk) -> None:
    job_id = _expired_export(help_desk)
    (folder,) = (path.parent for path in (help_desk.folder / "storage").rglob("*.csv"))
    aside = folder.rename(folder.with_name("aside"))
    folder.symlink_to(aside)
    ended = run_command("cleanup", "--json")
    assert (ended.exit_code, job(ended)["failed"]) == (1, 1)
    why, summary = ended.problems
    assert why.startswith(f"export {job_id} could not be cleaned up (")
    assert summary == "1 could not be cleaned up; the next clean-up tries again"
    assert "Traceback" not in ended.err
    assert "Traceback" in run_command("--debug", "cleanup").err
    folder.unlink()
    aside.rename(folder)
    assert job(run_command("cleanup", "--json"))["cleanedUp"] == 1


def test_files_of_a_former_storage_stay_until_its_url_is_set_and_clean_up_names_it(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _expired_export(help_desk)
    old, files = (help_desk.folder / "storage").resolve().as_uri(), stored_files(help_desk)
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (help_desk.folder / "new").as_uri())
    ended = run_command("cleanup", "--json")
    assert (ended.exit_code, job(ended)["failed"], job(ended)["unknownPlaces"]) == (1, 1, [old])
    told, summary = ended.problems
    assert told.startswith(f"files of exports are in the storage '{old}', which this process does not know.")
    assert summary == (
        f"1 could not be cleaned up; add {old} to TICKET_EXPORT_FORMER_STORAGE_URLS; the next clean-up tries again"
    )
    assert stored_files(help_desk) == files != []
    assert job(run_command("show", job_id, *ADMIN, "--json"))["isCleanedUp"] is False
    assert f"add {old} to TICKET_EXPORT_FORMER_STORAGE_URLS" in run_command("check").text
    monkeypatch.setenv("TICKET_EXPORT_FORMER_STORAGE_URLS", f"{old}, s3://My_Bucket")
    assert job(run_command("cleanup", "--json"))["cleanedUp"] == 1
    assert stored_files(help_desk) == []


def test_a_storage_that_cannot_be_listed_is_told_after_all_else_is_done(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _expired_export(help_desk)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (help_desk.folder / "unlisted_helpdesk.py").write_text(
        "from dependency_injector.providers import Object\n"
        "from ticket_export.container import TicketExportContainer\n"
        "from ticket_export.errors import StorageError\n"
        "from ticket_export.infrastructure.storage.local.storage import LocalStorage\n"
        "class Unlisted(LocalStorage):\n"
        "    def list(self, prefix):\n"
        "        raise StorageError('the files could not be listed')\n"
        "container = TicketExportContainer()\n"
        "settings = container.settings()\n"
        "container.storage.override(Object(Unlisted.from_url(settings.storage_url, settings)))\n"
    )
    text = run_command("--app", "unlisted_helpdesk:container", "cleanup")
    assert text.exit_code == 1
    assert text.text.startswith("1 expired exports cleaned up; 0 lost exports back in the queue")
    assert text.problems == ["the search for orphaned files failed: the files could not be listed"]
    assert stored_files(help_desk) == []
    document = run_command("--app", "unlisted_helpdesk:container", "cleanup", "--json")
    assert (document.exit_code, job(document)["cleanedUp"], job(document)["orphansRemoved"]) == (1, 0, 0)
    (line,) = run_command("--log-format", "json", "--app", "unlisted_helpdesk:container", "cleanup").err.splitlines()
    assert "in list" in json.loads(line)["exception"]


def test_what_to_type_next_names_the_hosts_container(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("TICKET_EXPORT_APP", "named_helpdesk:container")
    (help_desk.folder / "named_helpdesk.py").write_text(
        "from ticket_export.container import TicketExportContainer\ncontainer = TicketExportContainer()\n"
    )
    ended = run_command(*_REQUEST, *STAFF)
    assert ended.err.endswith("; a worker runs it: ticket-export --app named_helpdesk:container worker\n")
    unseen = run_command("export", "--columns", "id", *STAFF, "--output", "a.csv")
    assert unseen.exit_code == 3
    assert "with: ticket-export --app named_helpdesk:container download " in unseen.problems[0]


def test_the_file_of_an_export_that_is_gone_is_told_without_its_key(help_desk: HelpDesk) -> None:
    job_id = request()
    _drain()
    shutil.rmtree(help_desk.folder / "storage" / "exports")
    ended = run_command("download", job_id, *ADMIN, "--output", "a.csv")
    assert (ended.exit_code, ended.err) == (1, "error: the file is not in the storage any more\n")


def test_a_folder_that_is_not_there_is_not_taken_for_a_file_that_is_gone(help_desk: HelpDesk) -> None:
    job_id = request()
    _drain()
    shutil.rmtree(help_desk.folder / "storage")
    ended = run_command("download", job_id, *ADMIN, "--output", "a.csv")
    expected = "error: the folder of the storage does not exist; mount it, or create it\n"
    assert (ended.exit_code, ended.err) == (1, expected)
