"""A worker whose store is away for seconds, or for longer than its patience of a minute: it completes every export."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.ceph_gateway import CephGateway
from tests.e2e.command_line import SCRIPT
from tests.integration.s3.stored_desk import ACTOR, VIEW, environment_of, right_bytes, stored_desk
from tests.s3_fixtures import Bucket
from tests.true_outages import needs_true_outages
from ticket_export import Settings
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.manifest import ExportManifest

pytestmark = [pytest.mark.stores, needs_true_outages]
# Enough that it cannot be sent between two looks at it.
_TICKETS = 150
# Seconds for the whole of a test, behind the outage.
_LIMIT = 240


@contextmanager
def worker(settings: Settings, folder: Path) -> Iterator[Path]:
    """One in a process of its own; the path of what it says."""
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(SCRIPT), "worker"], stdout=output, stderr=output, env=environment_of(settings), cwd=folder
        )
    with process:
        try:
            yield log
            assert process.poll() is None
        finally:
            process.terminate()


def stored_parts(bucket: Bucket) -> int:
    uploads = bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    parts = [
        bucket.client.list_parts(Bucket=bucket.name, Key=each["Key"], UploadId=each["UploadId"]) for each in uploads
    ]
    return sum(len(each.get("Parts", [])) for each in parts)


@pytest.mark.parametrize(("seconds", "attempts"), [(2, 1), (10, 1), (40, 1), (90, 2)])
def test_worker_completes_its_export_with_the_right_digest(
    ceph_bucket: Bucket, ceph_gateway: CephGateway, tmp_path: Path, seconds: int, attempts: int
) -> None:
    bucket = ceph_bucket
    with stored_desk(bucket, tmp_path, tickets=_TICKETS) as desk:
        assert desk.settings().storage_patience_seconds == 60
        job_id = desk.request_export()(ACTOR, VIEW).id
        with worker(desk.settings(), tmp_path) as log:
            wait_until(lambda: stored_parts(bucket) > 2)
            ceph_gateway.stop()
            # Not a wait for something to happen: this is the outage.
            sleep(seconds)
            assert desk.get_export()(ACTOR, job_id).status in {"running", "queued"}
            ceph_gateway.start()
            wait_until(lambda: desk.get_export()(ACTOR, job_id).status not in {"running", "queued"})
        with desk.unit_of_work() as work:
            (job,) = work.jobs.find_all([job_id])
        assert (job.status, job.error_message) == ("completed", None), log.read_text("utf-8")
        assert job.background_task is not None
        assert job.background_task.fencing_token == attempts, log.read_text("utf-8")
        assert job.media_item is not None
        key = job.media_item.object_key
        manifest = ExportManifest.read(bucket.get(manifest_key(key)) or b"")
        assert (
            manifest.sha256 == sha256(bucket.get(key) or b"").hexdigest() == sha256(right_bytes(_TICKETS)).hexdigest()
        )
        names = [name.removeprefix(bucket.prefix) for name in bucket.names() if not name.endswith("/owner.json")]
        assert names == [key, manifest_key(key)]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + _LIMIT
    while not is_so():
        assert monotonic() < deadline
        sleep(0.05)
