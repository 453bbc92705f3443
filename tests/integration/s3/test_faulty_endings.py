"""Whatever befalls the requests by which a failed export is undone: it stays failed, and the sweep removes the rest."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.integration.s3.faults import FAULTS, cut_after
from tests.integration.s3.scene import S3Scene
from tests.s3_server import Fault, S3Request

pytestmark = pytest.mark.once_flaky

each_fault = pytest.mark.parametrize("fault", FAULTS)


class Undoing:
    """Refuses the request `failing`, and lets `fault` befall those of the name `undoing` that follow."""

    def __init__(self, failing: str, undoing: str, fault: Fault) -> None:
        self._failing, self._undoing, self._fault = failing, undoing, fault
        self.seen: list[str] = []

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        has_failed = self._failing in self.seen
        self.seen.append(request.name)
        if request.name == self._failing:
            return request.refuse("403 Forbidden", "AccessDenied")
        if has_failed and request.name == self._undoing:
            return self._fault(request)
        return request.serve()


@pytest.mark.parametrize(
    ("failing", "undoing"),
    [
        ("UploadPart 2", "AbortMultipartUpload"),
        ("CompleteMultipartUpload", "AbortMultipartUpload"),
        ("PutObject", "DeleteObject"),
    ],
)
@each_fault
def test_export_stays_failed_and_the_sweep_removes_what_is_left(
    scene: S3Scene, failing: str, undoing: str, fault: str
) -> None:
    scene.bucket.s3.fault = disturbance = Undoing(failing, undoing, FAULTS[fault])
    assert scene.run() == "failed"
    assert undoing in disturbance.seen
    # A refused request has changed nothing.
    assert "HeadObject" not in disturbance.seen
    # What ended it, not what befell the undoing.
    refusal = "the storage refuses access: s3:PutObject is not allowed"
    assert scene.job.error_message == f"the file could not be written: {refusal}"
    scene.claim_swept()
    assert scene.names() == []


class LostCompletion:
    """Lets the completion, or the one request, take effect without an answer, and `fault` befall the question after."""

    def __init__(self, completion: str, fault: Fault) -> None:
        self._completion, self._fault = completion, fault
        self.asked = 0

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        if request.name == self._completion:
            return cut_after(request)
        if request.name == "HeadObject":
            self.asked += 1
            return self._fault(request)
        return request.serve()


@each_fault
@pytest.mark.parametrize("completion", ["CompleteMultipartUpload", "PutObject"])
def test_attempt_whose_completion_nobody_can_tell_is_lost_and_swept(
    scene: S3Scene, completion: str, fault: str
) -> None:
    scene.bucket.s3.fault = disturbance = LostCompletion(completion, FAULTS[fault])
    assert scene.run() == "queued"
    assert disturbance.asked
    scene.claim_ended_rightly()
    scene.claim_swept()
    assert scene.names() == []


@pytest.mark.parametrize("completion", ["CompleteMultipartUpload", "PutObject"])
def test_completion_whose_answers_are_all_lost_is_found_and_believed(scene: S3Scene, completion: str) -> None:
    scene.bucket.s3.fault = disturbance = LostCompletion(completion, lambda request: request.serve())
    assert scene.run() == "completed"
    assert disturbance.asked
    scene.calm()
    scene.claim_whole()
    scene.claim_nothing_else_readable()
    assert scene.bucket.uploads() == []
