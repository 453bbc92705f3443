"""The commands that delete rows: ``purge`` and ``forget``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest

from tests.e2e.command_line import job, jobs, run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import stored_files

ADMIN = "admin@example.test"
AS_ADMIN = ("--as", ADMIN)


def execute(help_desk: HelpDesk, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(help_desk.database)) as database, database:
        return database.execute(statement, values).fetchall()


def admin_id(help_desk: HelpDesk) -> UUID:
    ((user_id,),) = execute(help_desk, 'SELECT "Id" FROM "Users" WHERE "EmailAddress" = ?', ADMIN)
    return UUID(user_id)


def export() -> str:
    ended = run_command("export", "--columns", "id", *AS_ADMIN, "--output", "made.csv", "--json")
    assert ended.exit_code == 0, ended.err
    return str(job(ended)["id"])


def old_export(help_desk: HelpDesk, days: int) -> str:
    """The id of an export that was cleaned up so many days ago."""
    job_id = export()
    age(help_desk, "ExpiresAt", days + 3)
    assert job(run_command("cleanup", "--json"))["cleanedUp"] == 1
    age(help_desk, "LastModificationTime", days)
    return job_id


def age(help_desk: HelpDesk, column: str, days: int) -> None:
    execute(help_desk, f"""UPDATE "ExportJobs" SET "{column}" = datetime("{column}", '-{days} days')""")


def test_purge_deletes_the_rows_of_exports_that_were_cleaned_up_some_days_ago(help_desk: HelpDesk) -> None:
    job_id, kept = old_export(help_desk, 31), export()
    early = run_command("purge", "--days", "32", "--json")
    assert (early.exit_code, early.document) == (0, {"purged": 0, "failed": 0})
    assert run_command("purge", "--days", "31").text == "1 old exports purged\n"
    assert [each["id"] for each in jobs(run_command("list", *AS_ADMIN, "--json"))] == [kept]
    assert run_command("show", job_id, *AS_ADMIN).exit_code == 4


def test_purge_and_cleanup_do_what_the_setting_says(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    old_export(help_desk, 31)
    refused = run_command("purge")
    assert (refused.exit_code, refused.problems) == (
        2,
        ["--days: say how many days exports are kept, since TICKET_EXPORT_HISTORY_DAYS is 0"],
    )
    assert job(run_command("cleanup", "--json"))["purged"] == 0
    monkeypatch.setenv("TICKET_EXPORT_HISTORY_DAYS", "31")
    assert job(run_command("cleanup", "--json"))["purged"] == 1
    assert run_command("purge").text == "0 old exports purged\n"


@pytest.mark.parametrize("days", ["0", "-1", "36501", "x", "1.5"])
def test_days_that_no_history_has_are_refused(help_desk: HelpDesk, days: str) -> None:
    ended = run_command("purge", "--days", days)
    assert ended.exit_code == 2
    assert "--days" in ended.problems[0]


def test_purge_that_fails_is_told(help_desk: HelpDesk) -> None:
    old_export(help_desk, 31)
    execute(help_desk, 'CREATE TRIGGER no BEFORE DELETE ON "BackgroundTasks" BEGIN SELECT RAISE(ABORT, "no"); END')
    ended = run_command("purge", "--days", "1")
    assert (ended.exit_code, ended.text) == (1, "0 old exports purged\n")
    assert ended.problems[-1] == "1 could not be purged; the next purge tries again"
    assert execute(help_desk, 'SELECT count(*) FROM "ExportJobs"') == [(1,)]


@pytest.mark.parametrize("by", ["address", "id"])
def test_forgotten_user_has_no_exports_and_can_be_deleted(help_desk: HelpDesk, by: str) -> None:
    export()
    assert run_command("request", "--columns", "id,title", *AS_ADMIN).exit_code == 0
    user = ADMIN if by == "address" else str(admin_id(help_desk))
    ended = run_command("forget", user, "--json")
    assert (ended.exit_code, ended.document) == (
        0,
        {"ended": 1, "removed": 2, "left": 0, "cleared": 0, "anonymised": 0},
    )
    assert jobs(run_command("list", *AS_ADMIN, "--json")) == []
    assert stored_files(help_desk) == []
    again = run_command("forget", user)
    assert again.text.startswith("0 exports deleted, 0 of them ended for that")


def test_user_who_is_no_longer_active_is_forgotten_by_id(help_desk: HelpDesk) -> None:
    export()
    user_id = admin_id(help_desk)
    execute(help_desk, 'UPDATE "Users" SET "IsActive" = 0')
    refused = run_command("forget", ADMIN)
    assert refused.exit_code == 2
    assert "is not the e-mail address of an active user, nor a user's key, which is of type UUID" in refused.problems[0]
    assert job(run_command("forget", str(user_id), "--json"))["removed"] == 1


def test_log_whose_entries_stay_is_told(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    export()
    monkeypatch.setenv("TICKET_EXPORT_FORGET_AUDIT", "anonymise")
    ended = run_command("forget", ADMIN, "--json")
    assert (ended.exit_code, job(ended)["anonymised"]) == (0, None)
    assert "the audit log cannot change its entries; they still name the user" in ended.err


def test_audit_table_is_anonymised(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_AUDIT_LOG", "table")
    export()
    monkeypatch.setenv("TICKET_EXPORT_FORGET_AUDIT", "anonymise")
    assert run_command("forget", ADMIN).text.endswith(" 4 audit entries anonymised\n")
    rows = execute(help_desk, 'SELECT DISTINCT "ActorUserId", "ActorFacts", "View", "Detail" FROM "ExportAuditEntries"')
    assert rows == [(None, None, "", None)]


def test_exports_of_another_program_are_told(help_desk: HelpDesk) -> None:
    export()
    execute(help_desk, 'UPDATE "BackgroundTasks" SET "Name" = ?', "tickets.export")
    execute(help_desk, 'UPDATE "MediaItems" SET "ObjectKey" = ?', "reports/1.csv")
    ended = run_command("forget", ADMIN)
    assert ended.exit_code == 1
    assert ended.problems == ["1 exports of another program still refer to the user"]


def test_storage_that_fails_is_told_and_the_next_call_goes_on(help_desk: HelpDesk) -> None:
    export()
    execute(help_desk, 'UPDATE "MediaItems" SET "StoragePlace" = ?', "file:///srv/old")
    ended = run_command("forget", ADMIN)
    assert ended.exit_code == 1
    assert ended.problems[-1].startswith("1 of the user's exports could not be deleted: the file is in a storage that")
    assert "(file:///srv/old)" in ended.problems[-1]
    execute(help_desk, 'UPDATE "MediaItems" SET "StoragePlace" = ?', (help_desk.folder / "storage").resolve().as_uri())
    assert run_command("forget", ADMIN).text.startswith("1 exports deleted")
