"""Whatever befalls clean-up and sweep: nothing that is needed goes, and the next one finishes."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.integration.s3.faults import FAULTS, Disturbance, never, refused
from tests.integration.s3.scene import S3Scene
from tests.unit.application.use_cases.help_desk import PREFIX
from ticket_export.errors import StorageError

_SWEEP = ("ListObjectsV2", "DeleteObject", "ListMultipartUploads", "ListParts", "AbortMultipartUpload")

each_fault = pytest.mark.parametrize("fault", FAULTS)
lasting_or_not = pytest.mark.parametrize("lasts", [False, True], ids=["passes", "stays"])


def leave_things_behind(scene: S3Scene) -> None:
    """An object that nobody knows, and an upload that nobody goes on with."""
    key = f"{PREFIX}01234567-89ab-cdef-0123-456789abcdef/1/tickets.csv"
    scene.bucket.put(key, b"orphan")
    name = f"{scene.bucket.prefix}{key}"
    upload = scene.bucket.client.create_multipart_upload(Bucket=scene.bucket.name, Key=name)
    scene.bucket.client.upload_part(
        Bucket=scene.bucket.name, Key=name, UploadId=upload["UploadId"], PartNumber=1, Body=b"x"
    )


def test_sweep_asks_for_no_more_than_it_must(scene: S3Scene) -> None:
    leave_things_behind(scene)
    requests = scene.disturb(never())
    scene.sweep_later()
    assert tuple(requests.seen) == _SWEEP
    assert (scene.names(), scene.bucket.uploads()) == ([], [])


@pytest.mark.parametrize("step", _SWEEP)
@each_fault
def test_next_sweep_removes_what_a_disturbed_one_left(scene: S3Scene, fault: str, step: str) -> None:
    leave_things_behind(scene)
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault], lasts=True))
    with suppress(StorageError):
        scene.sweep_later()
    assert disturbance.has_happened
    scene.claim_swept()
    assert scene.names() == []


@pytest.mark.parametrize("step", ["owner GetObject", "owner PutObject"])
@each_fault
def test_sweep_that_cannot_read_or_renew_the_owner_object_deletes_nothing_or_goes_on(
    scene: S3Scene, fault: str, step: str
) -> None:
    leave_things_behind(scene)
    before = scene.bucket.names()
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault]))
    try:
        scene.sweep_later()
    except StorageError:
        assert scene.bucket.names() == before
    assert disturbance.has_happened
    scene.claim_swept()


@pytest.mark.parametrize("step", ["owner GetObject", "owner PutObject"])
@each_fault
def test_export_does_not_need_the_owner_object(scene: S3Scene, fault: str, step: str) -> None:
    scene.desk.fill(1)
    # As in a process that has not looked at it yet.
    scene.desk.memory.seen.clear()
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault]))
    assert scene.run() == "completed"
    assert disturbance.has_happened


@lasting_or_not
@pytest.mark.parametrize("step", range(2), ids=["file", "manifest"])
@each_fault
def test_next_clean_up_removes_what_a_disturbed_one_left(scene: S3Scene, fault: str, step: int, lasts: bool) -> None:
    scene.desk.fill(1)
    assert scene.run() == "completed"
    scene.desk.clock.advance(timedelta(days=4))
    disturbance = scene.disturb(Disturbance("DeleteObject", FAULTS[fault], lasts=lasts, skipped=step))
    done = scene.desk.clean_up_expired_exports()
    assert disturbance.has_happened
    assert scene.job.is_cleaned_up == (done.cleaned_up == 1)
    if scene.job.is_cleaned_up:
        assert scene.names() == []
    scene.calm()
    scene.desk.clean_up_expired_exports()
    assert scene.job.is_cleaned_up
    assert scene.names() == []


def test_upload_that_goes_on_is_not_stale_however_long_ago_it_began(scene: S3Scene) -> None:
    leave_things_behind(scene)
    scene.bucket.s3.initiated = datetime.now(UTC) - timedelta(days=30)
    assert scene.desk.storage.discard_stale(datetime.now(UTC) - timedelta(minutes=10)) == 0  # type: ignore[attr-defined]
    assert len(scene.bucket.uploads()) == 1
    assert scene.desk.storage.discard_stale(datetime.now(UTC) + timedelta(minutes=10)) == 1  # type: ignore[attr-defined]


def test_upload_that_has_just_begun_is_not_stale(scene: S3Scene) -> None:
    name = f"{scene.bucket.prefix}exports/a"
    scene.bucket.client.create_multipart_upload(Bucket=scene.bucket.name, Key=name)
    storage = scene.bucket.storage()
    assert storage.discard_stale(datetime.now(UTC) - timedelta(minutes=10)) == 0
    scene.bucket.s3.initiated = datetime.now(UTC) - timedelta(minutes=20)
    assert storage.discard_stale(datetime.now(UTC) - timedelta(minutes=10)) == 1


def test_uploads_beside_the_prefix_are_nobody_s_business(scene: S3Scene) -> None:
    scene.bucket.client.create_multipart_upload(Bucket=scene.bucket.name, Key="desk/of-others/a")
    scene.bucket.s3.initiated = datetime.now(UTC) - timedelta(days=30)
    assert scene.bucket.storage().discard_stale(datetime.now(UTC)) == 0
    assert scene.bucket.uploads() == ["desk/of-others/a"]


@pytest.mark.parametrize(
    ("step", "right"),
    [
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("ListParts", "s3:ListMultipartUploadParts"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
    ],
)
def test_missing_right_to_uploads_is_said_once_and_the_sweep_goes_on(
    scene: S3Scene, caplog: pytest.LogCaptureFixture, step: str, right: str
) -> None:
    for _ in range(2):
        leave_things_behind(scene)
        scene.disturb(Disturbance(step, FAULTS["AccessDenied"]))
        scene.sweep_later()
        assert scene.names() == []
    assert len(scene.bucket.uploads()) == 2
    (told,) = [record.getMessage() for record in caplog.records if "uploads" in record.getMessage()]
    assert told.startswith("unfinished uploads could not be removed: the storage refuses access: ")
    assert told.endswith(f"{right} is not allowed; a lifecycle rule of the bucket should abort them")


def test_store_that_cannot_list_uploads_is_swept_all_the_same(scene: S3Scene) -> None:
    leave_things_behind(scene)
    fault = partial(refused, status="501 Not Implemented", code="NotImplemented")
    scene.disturb(Disturbance("ListMultipartUploads", fault))
    scene.sweep_later()
    assert scene.names() == []
