from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from ticket_export import BackgroundTask, ExportJob
from ticket_export.application.export_file import KEY_PREFIX, file_name, object_key
from ticket_export.infrastructure.storage.keys import check_key

NOW = datetime(2026, 3, 1, 9, 5, 7, 999_999, tzinfo=UTC)
JOB = ExportJob.request(
    requester_user_id=UUID(int=1),
    snapshot_payload_json="{}",
    background_task=BackgroundTask(name="export", creation_time=NOW),
    now=NOW,
)


def test_file_is_named_for_the_moment_of_the_request() -> None:
    assert file_name(JOB) == "tickets-20260301T090507Z.csv"


def test_key_holds_job_and_attempt() -> None:
    assert object_key(JOB, attempt=12) == f"exports/{JOB.id}/12/tickets-20260301T090507Z.csv"


def test_no_two_attempts_share_a_key() -> None:
    keys = {object_key(JOB, attempt=attempt) for attempt in range(1, 50)}
    assert len(keys) == 49
    assert all(key.startswith(KEY_PREFIX) for key in keys)


def test_every_storage_takes_the_key() -> None:
    check_key(object_key(JOB, attempt=2**31))
