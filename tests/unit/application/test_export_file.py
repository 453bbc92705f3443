from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ticket_export.application.file.export_file import KEY_PREFIX, attempt_of, database_prefix, object_key, owner_key
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.infrastructure.storage.keys import check_key
from ticket_export.ports import BackgroundTask, ExportJob

NOW = datetime(2026, 3, 1, 9, 5, 7, 999_999, tzinfo=UTC)
JOB = ExportJob.request(
    requester_user_id=UUID(int=1),
    snapshot_payload_json="{}",
    background_task=BackgroundTask(name="export", creation_time=NOW),
    now=NOW,
)
DATABASE = DatabaseIdentity(UUID("0c7e4d3a-5f0e-4f3a-9a55-0b7f2f6c9a11"), "this one")
# The names of the tests must not change from run to run.
JOB.id = UUID("72fd4456-04b6-46e7-867b-ecd203aede71")


def test_key_holds_database_job_and_attempt() -> None:
    key = object_key(JOB, database=DATABASE, attempt=12)
    assert key == f"exports/{DATABASE.id}/{JOB.id}/12/tickets-20260301T090507Z-5be1b402.csv"


def test_copies_of_a_database_share_no_key() -> None:
    keys = {object_key(JOB, database=DatabaseIdentity(DATABASE.id, copy), attempt=1) for copy in ("1/16385", "1/16386")}
    assert len(keys) == 2
    assert all(key.startswith(database_prefix(DATABASE.id)) for key in keys)


def test_key_of_an_older_version_says_of_which_attempt_it_is() -> None:
    assert attempt_of(f"exports/{JOB.id}/12/tickets-20260301T090507Z.csv") == (JOB.id, 12)


def test_owner_object_is_of_no_attempt() -> None:
    assert attempt_of(owner_key(DATABASE.id)) is None
    assert owner_key(DATABASE.id) == f"exports/{DATABASE.id}/owner.json"


def test_no_two_attempts_share_a_key() -> None:
    keys = {object_key(JOB, database=DATABASE, attempt=attempt) for attempt in range(1, 50)}
    assert len(keys) == 49
    assert all(key.startswith(KEY_PREFIX) for key in keys)


def test_every_storage_takes_the_key() -> None:
    check_key(object_key(JOB, database=DATABASE, attempt=2**31))


@pytest.mark.parametrize("attempt", [0, 1, 12, 2**31, 10**18 - 1])
def test_key_says_of_which_attempt_it_is(attempt: int) -> None:
    assert attempt_of(object_key(JOB, database=DATABASE, attempt=attempt)) == (JOB.id, attempt)


@pytest.mark.parametrize(
    "key",
    [
        "",
        KEY_PREFIX,
        f"{KEY_PREFIX}{JOB.id}",
        f"{KEY_PREFIX}{JOB.id}/1",
        f"{KEY_PREFIX}{DATABASE.id}/{JOB.id}/x.csv",
        f"{KEY_PREFIX}{DATABASE.id}/{DATABASE.id}/{JOB.id}/1/x.csv",
        f"{KEY_PREFIX}{DATABASE.id}/{JOB.id}/1",
        f"{KEY_PREFIX}{DATABASE.id}/{JOB.id}/-1/x.csv",
        f"{KEY_PREFIX}{JOB.id}/-1/x.csv",
        f"{KEY_PREFIX}{JOB.id}/1a/x.csv",
        f"{KEY_PREFIX}{JOB.id}/\u0661/x.csv",
        f"{KEY_PREFIX}{JOB.id}/{10**18}/x.csv",
        f"{KEY_PREFIX}{JOB.id.hex}/1/x.csv",
        f"{KEY_PREFIX}{{{JOB.id}}}/1/x.csv",
        f"{JOB.id}/1/x.csv",
        f"old/{KEY_PREFIX}{JOB.id}/1/x.csv",
    ],
)
def test_key_that_no_attempt_was_given_is_of_none(key: str) -> None:
    assert attempt_of(key) is None
