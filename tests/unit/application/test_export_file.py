from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ticket_export.application.file.export_file import KEY_PREFIX, attempt_of, object_key
from ticket_export.infrastructure.storage.keys import check_key
from ticket_export.ports import BackgroundTask, ExportJob

NOW = datetime(2026, 3, 1, 9, 5, 7, 999_999, tzinfo=UTC)
JOB = ExportJob.request(
    requester_user_id=UUID(int=1),
    snapshot_payload_json="{}",
    background_task=BackgroundTask(name="export", creation_time=NOW),
    now=NOW,
)
# The names of the tests must not change from run to run.
JOB.id = UUID("72fd4456-04b6-46e7-867b-ecd203aede71")


def test_key_holds_job_and_attempt() -> None:
    assert object_key(JOB, attempt=12) == f"exports/{JOB.id}/12/tickets-20260301T090507Z.csv"


def test_no_two_attempts_share_a_key() -> None:
    keys = {object_key(JOB, attempt=attempt) for attempt in range(1, 50)}
    assert len(keys) == 49
    assert all(key.startswith(KEY_PREFIX) for key in keys)


def test_every_storage_takes_the_key() -> None:
    check_key(object_key(JOB, attempt=2**31))


@pytest.mark.parametrize("attempt", [0, 1, 12, 2**31, 10**18 - 1])
def test_key_says_of_which_attempt_it_is(attempt: int) -> None:
    assert attempt_of(object_key(JOB, attempt=attempt)) == (JOB.id, attempt)


@pytest.mark.parametrize(
    "key",
    [
        "",
        KEY_PREFIX,
        f"{KEY_PREFIX}{JOB.id}",
        f"{KEY_PREFIX}{JOB.id}/1",
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
