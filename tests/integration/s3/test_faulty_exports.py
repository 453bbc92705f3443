"""Whatever befalls any request of an export: the job ends rightly, and nothing half is readable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from threading import Event

import pytest

from tests.file_rows import FORMATS
from tests.integration.s3.faults import FAULTS, Disturbance, never
from tests.integration.s3.scene import REQUESTS, S3Scene
from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.s3.client import S3Patience, connect
from ticket_export.infrastructure.storage.s3.storage import S3Storage

pytestmark = pytest.mark.once_flaky

# What is asked for again, so that a user never hears of it. A part that is lost shows when it is too late.
_PASSING = {
    "cut before",
    "cut after",
    "late before",
    "late after",
    "half an answer",
    "error in a good answer",
    "unintelligible",
    "unknown to a gateway",
    "InternalError",
    "SlowDown",
    "BadDigest",
}
# Of each kind one or two: when all that follows fails as well, the others do no more.
_STAYING = (
    "cut before",
    "cut after",
    "half an answer",
    "late after",
    "part lost",
    "unknown to a gateway",
    "SlowDown",
    "AccessDenied",
    "NoSuchBucket",
)
# No other attempt would be better off.
_REFUSALS = {"AccessDenied", "NoSuchBucket"}
# What this asks again for although it took effect: S3 has made a second upload, which is for the sweep.
_TAKING_EFFECT = {"cut after", "late after", "half an answer"}

each_step = pytest.mark.parametrize("step", REQUESTS)
each_fault = pytest.mark.parametrize("fault", FAULTS)


def test_export_of_two_parts_asks_for_no_more_than_it_must(scene: S3Scene) -> None:
    requests = scene.disturb(never())
    assert scene.run() == "completed"
    assert sorted(requests.seen) == sorted(REQUESTS)
    scene.claim_whole()
    scene.claim_nothing_else_readable()


@each_step
@each_fault
def test_fault_that_passes_leaves_the_right_file_or_none(scene: S3Scene, step: str, fault: str) -> None:
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault]))
    ended = scene.run()
    assert disturbance.has_happened
    scene.calm()
    scene.claim_ended_rightly()
    scene.claim_nothing_else_readable()
    if fault in _PASSING:
        assert ended == "completed"
    if not (fault in _TAKING_EFFECT and step == "CreateMultipartUpload"):
        assert scene.bucket.uploads() == []
    scene.claim_swept()


@each_step
@pytest.mark.parametrize("fault", _STAYING)
def test_fault_that_stays_loses_the_attempt_and_a_refusal_fails_the_export(
    scene: S3Scene, step: str, fault: str
) -> None:
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault], lasts=True))
    assert scene.run() == ("failed" if fault in _REFUSALS else "queued")
    assert disturbance.has_happened
    scene.claim_ended_rightly()
    # What S3 has taken, and will not be told to remove, is for the sweep.
    scene.claim_swept()
    assert scene.names() == []


# One that passes, one that shows too late, one that no other attempt would be better off with.
@pytest.mark.parametrize(("fault", "lasts"), [("cut after", False), ("part lost", False), ("AccessDenied", True)])
@each_step
@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "csv"])
def test_fault_leaves_the_right_file_or_none_in_every_format(
    bucket: Bucket, file_format: str, step: str, fault: str, lasts: bool
) -> None:
    scene = S3Scene(bucket, file_format)
    disturbance = scene.disturb(Disturbance(step, FAULTS[fault], lasts=lasts))
    scene.run()
    assert disturbance.has_happened
    scene.calm()
    scene.claim_ended_rightly()
    if not lasts:  # else it could not remove the file, which is for the sweep
        scene.claim_nothing_else_readable()
    scene.claim_swept()
    assert scene.status == "completed" or fault != "cut after"


def test_storage_that_never_answers_loses_the_attempt_when_the_patience_ends(scene: S3Scene) -> None:
    is_over = Event()

    def stay_silent(request: S3Request) -> Iterable[bytes]:
        is_over.wait(60)
        return request.hang_up()

    patience = S3Patience(connect_seconds=60, read_seconds=0.2, attempts=2)
    client = connect(endpoint_url=scene.bucket.endpoint_url, region=None, patience=patience)
    location = StoreLocation("s3", scene.bucket.name, scene.bucket.prefix)
    scene.desk.storage = S3Storage(location, lambda: client, patience=timedelta(seconds=0.3))  # type: ignore[assignment]
    scene.bucket.s3.fault = stay_silent
    assert scene.run() == "queued"
    is_over.set()
    scene.claim_ended_rightly()
    client.close()
