"""Ceph's gateway is restarted, or away for a while, in the middle of an upload: no export is lost, or fails, for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread, Timer
from time import monotonic, sleep

import pytest

from tests.ceph_gateway import CephGateway
from tests.integration.s3.scene import S3Scene
from tests.s3_fixtures import Bucket
from ticket_export.application.run.progress import Progress
from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.storage.s3.storage import S3Storage

pytestmark = pytest.mark.stores
#: Seconds. The first is never over in these tests.
_LONG, _SHORT = 60.0, 1.0
# While a client tries again, its pauses grow.
_RESTARTS = 3


@pytest.fixture
def scene(ceph_bucket: Bucket) -> S3Scene:
    scene = S3Scene(ceph_bucket)
    use_patience(scene, _LONG)
    return scene


@pytest.fixture(autouse=True)
def gateway(ceph_gateway: CephGateway) -> Iterator[CephGateway]:
    yield ceph_gateway
    # Whatever a test did, the next one finds it there.
    if ceph_gateway.is_away:
        ceph_gateway.start()


def use_patience(scene: S3Scene, seconds: float) -> None:
    bucket = scene.bucket
    settings = bucket.settings(storage_patience_seconds=str(seconds))
    scene.desk.storage = S3Storage.from_url(bucket.url, settings)  # type: ignore[assignment]


def begun_uploads(bucket: Bucket) -> int:
    return len(bucket.uploads())


def stored_parts(bucket: Bucket) -> int:
    uploads = bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    parts = [
        bucket.client.list_parts(Bucket=bucket.name, Key=each["Key"], UploadId=each["UploadId"]) for each in uploads
    ]
    return sum(len(each.get("Parts", [])) for each in parts)


def stopping(gateway: CephGateway, is_due: Callable[[], object]) -> Callable[[Progress], None]:
    """A listener that lets the gateway vanish once, when all rows are read, and the upload has come so far."""
    is_over = Event()

    def listen(progress: Progress) -> None:
        if progress.rows and not is_over.is_set():
            is_over.set()
            wait_until(is_due)
            gateway.stop()

    return listen


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = monotonic() + 60
    while not is_so():
        assert monotonic() < deadline
        sleep(0.01)


@pytest.mark.parametrize("moment", [begun_uploads, stored_parts])
def test_export_goes_on_where_it_was_when_the_store_is_back(
    scene: S3Scene, gateway: CephGateway, moment: Callable[[Bucket], int]
) -> None:
    stop = stopping(gateway, lambda: moment(scene.bucket))
    returns = Timer(1.5, gateway.start)

    def listen(progress: Progress) -> None:
        stop(progress)
        if gateway.is_away and not returns.is_alive():
            returns.start()

    scene.desk.run_export(scene.job_id, on_progress=listen)
    returns.join(60)
    assert scene.status == "completed"
    assert scene.desk.task(scene.job_id).number_of_retries == 0
    scene.claim_whole()
    scene.claim_nothing_else_readable()
    assert scene.bucket.uploads() == []


def test_export_is_queued_again_when_the_store_stays_away_and_completes_later(
    scene: S3Scene, gateway: CephGateway
) -> None:
    use_patience(scene, _SHORT)
    with pytest.raises(StorageUnavailableError):
        scene.desk.run_export(scene.job_id, on_progress=stopping(gateway, lambda: stored_parts(scene.bucket)))
    assert (scene.status, scene.desk.task(scene.job_id).number_of_retries) == ("queued", 1)
    gateway.start()
    assert scene.run() == "completed"
    scene.claim_whole()
    scene.claim_nothing_else_readable()
    # The parts of the first attempt could not be removed; nobody can read them.
    assert len(scene.bucket.uploads()) == 1
    scene.sweep_later()
    assert scene.bucket.uploads() == []
    scene.claim_nothing_else_readable()


def test_export_whose_store_never_returns_fails_after_its_last_attempt(scene: S3Scene, gateway: CephGateway) -> None:
    use_patience(scene, _SHORT)
    scene.desk.max_attempts = 1
    scene.desk.run_export(scene.job_id, on_progress=stopping(gateway, lambda: stored_parts(scene.bucket)))
    assert scene.status == "failed"
    scene.claim_ended_rightly()
    gateway.start()
    assert scene.names() == []


@contextmanager
def restarting_at_random(gateway: CephGateway, random: Random) -> Iterator[None]:
    """The gateway vanishes a few times inside the block."""
    is_over = Event()

    def restart() -> None:
        for _ in range(_RESTARTS):
            if is_over.wait(random.uniform(0, 0.2)):
                return
            gateway.stop()
            sleep(random.uniform(0, 0.2))
            gateway.start()

    restarter = Thread(target=restart, daemon=True)
    restarter.start()
    try:
        yield
    finally:
        is_over.set()
        restarter.join(60)


@pytest.mark.parametrize("seed", range(5))
def test_export_under_restarts_at_random_moments_is_whole(scene: S3Scene, gateway: CephGateway, seed: int) -> None:
    with restarting_at_random(gateway, Random(seed)):
        scene.run()
    assert scene.status == "completed"
    scene.claim_whole()
    scene.claim_nothing_else_readable()
    scene.sweep_later()
    assert scene.bucket.uploads() == []
