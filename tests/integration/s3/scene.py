"""An export of two parts, a whole one and a short one, from a help desk in memory into a bucket."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from tests.file_rows import rows_in
from tests.integration.s3.faults import Disturbance
from tests.s3_fixtures import Bucket
from tests.s3_server import serve
from tests.unit.application.use_cases.help_desk import IDENTITY, NOW, VIEW, HelpDesk
from ticket_export import Actor, Settings
from ticket_export.application.file.export_file import manifest_key, owner_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.formats.registry import open_formats
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket
from ticket_export.ports import ExportJob

_TITLE = "x" * 1_000_000
_TICKETS = 6
RIGHT_BYTES = ("\ufeffTicket ID,'=Title\n" + "".join(f"{number},{_TITLE}\n" for number in range(_TICKETS))).encode()


def _titles(file_format: str) -> list[str]:
    if file_format != "xlsx":
        return [_TITLE] * _TICKETS
    # A cell takes 32,767 characters, and a workbook is packed: what is random stays large.
    random = Random(1)
    return [b64encode(random.randbytes(24_000)).decode() for _ in range(300)]


#: What one export asks of S3.
REQUESTS = (
    "CreateMultipartUpload",
    "UploadPart 1",
    "UploadPart 2",
    "CompleteMultipartUpload",
    "PutObject",
)
#: What no user may read.
_SECRET = ("bucket-", "127.0.0.1", "of-ours", "exports/", "test-key-id", "test-secret", "Traceback", "<Error>", "xml")


class S3Scene:
    """`job_id` waits to be run; `disturb` says what befalls the requests."""

    def __init__(self, bucket: Bucket, file_format: str = "csv") -> None:
        self.bucket = bucket
        self.file_format = file_format
        self.titles = _titles(file_format)
        self.desk = HelpDesk(file_formats=open_formats(Settings()))
        self.desk.storage = bucket.storage(is_patient=False)  # type: ignore[assignment]
        self.desk.tickets = [
            InMemoryTicket(id=number, created_at=NOW, values={"id": number, "title": title})
            for number, title in enumerate(self.titles)
        ]
        self.actor: Actor = self.desk.user(admin=True)
        self.job_id: UUID = self.desk.request_export(self.actor, {**VIEW, "file": {"format": file_format}}).id
        # So that what is disturbed is the export, or the sweep.
        self.desk.ownership.require(self.desk.storage)

    def disturb(self, disturbance: Disturbance) -> Disturbance:
        self.bucket.s3.fault = disturbance
        return disturbance

    def calm(self) -> None:
        """S3 is well again."""
        self.bucket.s3.fault = serve

    def run(self) -> str:
        """One attempt; the export is queued again where it is lost."""
        with suppress(StorageUnavailableError):
            self.desk.run_export(self.job_id)
        return self.status

    @property
    def status(self) -> str:
        return self.job.status.developer_name

    @property
    def job(self) -> ExportJob:
        """As it is stored."""
        with self.desk.unit_of_work() as work:
            job = work.jobs.find(self.job_id)
        assert job is not None
        return job

    def download(self) -> bytes:
        with self.desk.open_download(self.actor, self.job_id).stream as stream:
            return stream.read()

    def names(self) -> list[str]:
        """What is in the whole bucket, besides the owner object."""
        return [name for name in self.bucket.names() if name != self.bucket.prefix + owner_key(IDENTITY.id)]

    def claim_ended_rightly(self) -> None:
        """Completed with the right file and manifest, failed with a safe message, or queued for another attempt."""
        assert self.status in {"completed", "failed", "queued"}
        if self.status == "completed":
            self.claim_whole()
        elif self.status == "failed":
            claim_safe(self.job.error_message or "")
        else:
            assert self.job.media_item is None

    def claim_whole(self) -> None:
        item = self.job.media_item
        assert item is not None
        data = self.bucket.get(item.object_key)
        assert data is not None
        # Not one by one: six million letters make a long message.
        is_right = self._is_right(data)
        assert is_right
        manifest = self.bucket.get(manifest_key(item.object_key))
        assert manifest is not None
        assert ExportManifest.read(manifest).length == item.length == len(data)

    def _is_right(self, data: bytes) -> bool:
        match self.file_format:
            case "csv":
                return data == RIGHT_BYTES
            case "ndjson":
                tickets = [{"id": number, "title": title} for number, title in enumerate(self.titles)]
                return [json.loads(line) for line in data.splitlines()] == tickets
        return rows_in(self.file_format, data) == [[str(number), title] for number, title in enumerate(self.titles)]

    def claim_nothing_else_readable(self) -> None:
        """Neither half of something nor what nobody knows."""
        item = self.job.media_item
        known = [] if item is None else [item.object_key, manifest_key(item.object_key)]
        assert self.names() == [self.bucket.prefix + key for key in known]

    def sweep_later(self) -> None:
        """When nobody can be at it any more."""
        self.desk.clock.set(datetime.now(UTC) + timedelta(days=1))
        self.desk.sweep_orphaned_objects()

    def claim_swept(self) -> None:
        self.calm()
        self.sweep_later()
        self.claim_nothing_else_readable()
        assert self.bucket.uploads() == []


def claim_safe(message: str) -> None:
    assert message
    assert [secret for secret in _SECRET if secret in message] == []
