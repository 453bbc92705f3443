"""S3 is away in the middle of an upload: it is waited for, the attempt is lost at the end, and nobody waits in vain."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.integration.s3.scene import REQUESTS, S3Scene
from tests.s3_server import S3Request, serve
from ticket_export import StopSignal
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.s3 import persistence
from ticket_export.infrastructure.storage.s3.client import S3Patience, connect
from ticket_export.infrastructure.storage.s3.storage import S3Storage

#: Seconds that a test may take which must not wait for the patience of a minute.
_SOON = 20.0


@pytest.fixture
def proxy(scene: S3Scene) -> Iterator[CutProxy]:
    with cut_proxy(scene.bucket.endpoint_url) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persistence, "_FIRST_PAUSE", 0.01)


def use(scene: S3Scene, proxy: CutProxy, *, patience: float = 60, read_seconds: float = 60) -> None:
    """Let exports reach S3 by way of the proxy."""
    client = connect(endpoint_url=proxy.url, region=None, patience=S3Patience(read_seconds=read_seconds))
    location = StoreLocation("s3", scene.bucket.name, scene.bucket.prefix)
    storage = S3Storage(location, lambda: client, patience=timedelta(seconds=patience))
    scene.desk.storage = storage  # type: ignore[assignment]


class Outage:
    """Calls `begin` at the first request of the name `at`, before or after it takes effect."""

    def __init__(self, at: str, begin: object, *, takes_effect: bool = False) -> None:
        self._at, self._begin, self._takes_effect = at, begin, takes_effect
        self.has_begun = Event()

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        if request.name != self._at or self.has_begun.is_set():
            return request.serve()
        if self._takes_effect:
            request.serve_silently()
        assert callable(self._begin)
        self._begin()
        self.has_begun.set()
        return request.hang_up()


@pytest.mark.parametrize("takes_effect", [False, True], ids=["not sent", "answer lost"])
@pytest.mark.parametrize("step", REQUESTS)
def test_store_that_is_away_for_a_while_is_waited_for(
    scene: S3Scene, proxy: CutProxy, step: str, takes_effect: bool
) -> None:
    use(scene, proxy)
    scene.bucket.s3.fault = Outage(step, lambda: proxy.cut(mend_after=4), takes_effect=takes_effect)
    assert scene.run() == "completed"
    assert proxy.in_vain >= 4
    assert scene.desk.task(scene.job_id).number_of_retries == 0
    scene.claim_whole()
    scene.claim_nothing_else_readable()
    # A second upload was begun where the answer to the first beginning was lost; it is for the sweep.
    assert len(scene.bucket.uploads()) == (takes_effect and step == "CreateMultipartUpload")


@pytest.mark.parametrize("step", ["UploadPart 2", "CompleteMultipartUpload", "PutObject"])
def test_store_that_is_away_for_longer_loses_the_attempt_and_the_next_one_completes(
    scene: S3Scene, proxy: CutProxy, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    use(scene, proxy, patience=0.3)
    scene.bucket.s3.fault = Outage(step, proxy.cut)
    caplog.set_level(logging.WARNING)
    assert scene.run() == "queued"
    told = "the file could not be written: the storage cannot be reached"
    assert f"{told}; trying again for up to 0.3 s" in caplog.messages
    assert f"export {scene.job_id}: attempt 1 is lost: {told}" in caplog.messages
    task = scene.desk.task(scene.job_id)
    assert (task.number_of_retries, task.leased_until) == (1, None)
    proxy.mend()
    assert scene.run() == "completed"
    scene.claim_whole()
    scene.claim_swept()


def test_export_is_given_up_with_its_last_attempt(scene: S3Scene, proxy: CutProxy) -> None:
    use(scene, proxy, patience=0.05)
    proxy.cut()
    assert [scene.run() for _ in range(scene.desk.max_attempts)] == ["queued", "queued", "failed"]
    assert scene.job.error_message == (
        "The export was given up; attempts that were lost: 3. "
        "The file could not be written: the storage cannot be reached"
    )


def test_store_that_is_silent_for_a_while_is_asked_again(scene: S3Scene, proxy: CutProxy) -> None:
    use(scene, proxy, read_seconds=1)

    def be_silent() -> None:
        proxy.silence()
        Thread(target=mend_later, daemon=True).start()

    def mend_later() -> None:
        proxy.wait_for_in_vain(1)
        proxy.mend()

    scene.bucket.s3.fault = Outage("UploadPart 1", be_silent)
    assert scene.run() == "completed"
    assert proxy.in_vain
    scene.claim_whole()
    scene.claim_nothing_else_readable()


def test_silent_store_counts_as_away_since_the_request_began(scene: S3Scene, proxy: CutProxy) -> None:
    use(scene, proxy, read_seconds=0.3, patience=0.3)
    scene.bucket.s3.fault = Outage("UploadPart 1", proxy.silence)
    assert scene.run() == "queued"
    # After the first request, the last one; and the other part, and its last one.
    assert proxy.in_vain <= 4
    scene.bucket.s3.fault = serve
    proxy.mend()
    assert scene.run() == "completed"
    scene.claim_whole()


@pytest.mark.parametrize(
    ("by", "step", "away"),
    [
        ("user", "CreateMultipartUpload", "cut"),
        ("user", "UploadPart 1", "cut"),
        ("user", "UploadPart 1", "silent"),
        ("user", "CompleteMultipartUpload", "cut"),
        ("user", "CompleteMultipartUpload", "silent"),
        ("user", "PutObject", "cut"),
        ("worker", "UploadPart 1", "cut"),
        ("worker", "UploadPart 1", "silent"),
        ("another", "UploadPart 1", "cut"),
    ],
)
def test_waiting_upload_ends_at_once_when_the_job_is_lost(
    scene: S3Scene, proxy: CutProxy, by: str, step: str, away: str
) -> None:
    use(scene, proxy)
    scene.bucket.s3.fault = outage = Outage(step, proxy.cut if away == "cut" else proxy.silence)
    stop = StopSignal()
    began_at = []

    def lose_it() -> None:
        assert outage.has_begun.wait(60)
        if away == "cut":
            proxy.wait_for_in_vain(3)
        began_at.append(monotonic())
        if by == "user":
            scene.desk.cancel_export(scene.actor, scene.job_id)
        elif by == "worker":
            stop.give()
        else:
            scene.desk.take_over(scene.job_id)
        # For the next heartbeat.
        scene.desk.clock.advance(timedelta(seconds=1))

    loser = Thread(target=lose_it, daemon=True)
    loser.start()
    with pytest.raises(LeaseLostError):
        scene.desk.run_export(scene.job_id, stop=stop)
    assert monotonic() - began_at[0] < _SOON
    loser.join(60)
    if by == "worker":
        assert (scene.status, scene.desk.task(scene.job_id).number_of_retries) == ("queued", 0)
    # What arrives later is removed, by the upload itself or by the sweep.
    proxy.mend()
    scene.claim_swept()
    assert scene.names() == []
