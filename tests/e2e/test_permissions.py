"""The design's permission table, every cell, as an operator meets it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from uuid import UUID, uuid4

import pytest

from tests.e2e.command_line import Ended, job, jobs, run_command
from tests.e2e.conftest import HelpDesk

_ADMIN, _AUDITOR, _STAFF, _VIEWER = (f"{name}@example.test" for name in ("admin", "auditor", "staff", "viewer"))
_EVERYBODY = (_ADMIN, _AUDITOR, _STAFF, _VIEWER)


def _export(email: str, output: str = "tickets.csv") -> Ended:
    return run_command("export", "--columns", "id", "--as", email, "--output", output)


def _give_job_to(help_desk: HelpDesk, email: str) -> str:
    """A completed export of that user, who may not be allowed to request one any more."""
    exported = run_command("export", "--columns", "id", "--as", _ADMIN, "--output", "made.csv", "--json")
    return _hand_over(help_desk, str(job(exported)["id"]), email)


def _hand_over(help_desk: HelpDesk, job_id: str, email: str) -> str:
    with closing(sqlite3.connect(help_desk.database)) as database, database:
        statement = (
            'UPDATE "ExportJobs" SET "RequesterUserId" = (SELECT "Id" FROM "Users" WHERE "EmailAddress" = ?) '
            'WHERE "Id" = ?'
        )
        assert database.execute(statement, (email, UUID(job_id).hex)).rowcount == 1
    return job_id


@pytest.mark.parametrize(("email", "exit_code"), [(_ADMIN, 0), (_AUDITOR, 3), (_STAFF, 3), (_VIEWER, 3)])
def test_who_may_export_in_one_command(help_desk: HelpDesk, email: str, exit_code: int) -> None:
    ended = _export(email)
    assert ended.exit_code == exit_code
    assert (help_desk.folder / "tickets.csv").exists() == (exit_code == 0)
    assert len(ended.problems) == (1 if exit_code else 0)


@pytest.mark.parametrize(("email", "requested"), [(_ADMIN, 1), (_AUDITOR, 0), (_STAFF, 1), (_VIEWER, 0)])
def test_who_may_request(help_desk: HelpDesk, email: str, requested: int) -> None:
    _export(email)
    completed = [each for each in jobs(run_command("list", "--as", email, "--json")) if each["status"] == "completed"]
    assert len(completed) == requested


def test_staff_learn_which_export_is_complete_and_who_can_save_it(help_desk: HelpDesk) -> None:
    ended = run_command("export", "--columns", "id", "--as", _STAFF, "--output", "tickets.csv", "--json")
    (own,) = jobs(run_command("list", "--as", _STAFF, "--json"))
    assert f"export {own['id']} is complete" in ended.problems[0]
    assert "administrator" in ended.problems[0]
    assert job(ended) == own
    saved = run_command("download", str(own["id"]), "--as", _ADMIN, "--output", "tickets.csv")
    assert (saved.exit_code, saved.problems) == (0, [])


@pytest.mark.parametrize("email", _EVERYBODY)
def test_everybody_sees_their_own(help_desk: HelpDesk, email: str) -> None:
    job_id = _give_job_to(help_desk, email)
    assert run_command("show", job_id, "--as", email).exit_code == 0
    assert job_id in [each["id"] for each in jobs(run_command("list", "--as", email, "--json"))]


@pytest.mark.parametrize(
    ("email", "owner"), [(email, owner) for email in _EVERYBODY for owner in _EVERYBODY if email != owner]
)
def test_only_an_administrator_with_the_permission_sees_others(help_desk: HelpDesk, email: str, owner: str) -> None:
    job_id = _give_job_to(help_desk, owner)
    sees = email == _ADMIN
    assert run_command("show", job_id, "--as", email).exit_code == (0 if sees else 4)
    assert run_command("download", job_id, "--as", email, "--output", "got.csv").exit_code == (0 if sees else 4)
    assert (job_id in [each["id"] for each in jobs(run_command("list", "--as", email, "--json"))]) == sees
    assert (help_desk.folder / "got.csv").exists() == sees


def _queue_job_for(help_desk: HelpDesk, email: str) -> str:
    """A queued export of that user, who may not be allowed to request one any more."""
    requested = run_command("request", "--columns", "id", "--as", _ADMIN, "--json")
    return _hand_over(help_desk, str(job(requested)["id"]), email)


@pytest.mark.parametrize(("email", "exit_code"), [(_ADMIN, 0), (_AUDITOR, 3), (_STAFF, 0), (_VIEWER, 3)])
def test_who_may_request_for_a_worker(help_desk: HelpDesk, email: str, exit_code: int) -> None:
    ended = run_command("request", "--columns", "id", "--as", email)
    assert (ended.exit_code, len(ended.problems)) == (exit_code, 1 if exit_code else 0)
    assert len(jobs(run_command("list", "--as", email, "--json"))) == (0 if exit_code else 1)


@pytest.mark.parametrize(("email", "exit_code"), [(_ADMIN, 0), (_AUDITOR, 3), (_STAFF, 0), (_VIEWER, 3)])
def test_who_may_retry_their_own(help_desk: HelpDesk, email: str, exit_code: int) -> None:
    job_id = _give_job_to(help_desk, email)
    ended = run_command("retry", job_id, "--as", email)
    assert (ended.exit_code, len(ended.problems)) == (exit_code, 1 if exit_code else 0)
    assert len(jobs(run_command("list", "--as", email, "--json"))) == (1 if exit_code else 2)


@pytest.mark.parametrize(("email", "exit_code"), [(_ADMIN, 0), (_AUDITOR, 3), (_STAFF, 0), (_VIEWER, 3)])
def test_who_may_cancel_their_own(help_desk: HelpDesk, email: str, exit_code: int) -> None:
    job_id = _queue_job_for(help_desk, email)
    ended = run_command("cancel", job_id, "--as", email)
    assert (ended.exit_code, len(ended.problems)) == (exit_code, 1 if exit_code else 0)
    after = job(run_command("show", job_id, "--as", email, "--json"))
    assert after["status"] == ("queued" if exit_code else "failed")


@pytest.mark.parametrize("command", ["retry", "cancel"])
@pytest.mark.parametrize(
    ("email", "owner"), [(email, owner) for email in _EVERYBODY for owner in _EVERYBODY if email != owner]
)
def test_nobody_changes_somebody_elses(help_desk: HelpDesk, command: str, email: str, owner: str) -> None:
    job_id = _queue_job_for(help_desk, owner)
    ended = run_command(command, job_id, "--as", email)
    # Who sees it learns that it is not theirs to change; to everybody else it is a missing one.
    assert (ended.exit_code, len(ended.problems)) == (3 if email == _ADMIN else 4, 1)
    (only,) = jobs(run_command("list", "--as", owner, "--json"))
    assert (only["id"], only["status"]) == (job_id, "queued")


@pytest.mark.parametrize(("email", "exit_code"), [(_ADMIN, 0), (_AUDITOR, 3), (_STAFF, 3), (_VIEWER, 3)])
def test_who_may_download_their_own(help_desk: HelpDesk, email: str, exit_code: int) -> None:
    job_id = _give_job_to(help_desk, email)
    ended = run_command("download", job_id, "--as", email, "--output", "got.csv")
    assert ended.exit_code == exit_code
    assert (help_desk.folder / "got.csv").exists() == (exit_code == 0)


@pytest.mark.parametrize("command", [("show",), ("retry",), ("cancel",), ("download", "--output", "got.csv")])
def test_somebody_elses_export_answers_exactly_like_a_missing_one(
    help_desk: HelpDesk, command: tuple[str, ...]
) -> None:
    others, missing = _give_job_to(help_desk, _ADMIN), str(uuid4())
    told = [run_command(*command, job_id, "--as", _STAFF) for job_id in (others, missing)]
    assert [each.exit_code for each in told] == [4, 4]
    assert told[0].err.replace(others, missing) == told[1].err
    assert told[0].out == told[1].out == b""
