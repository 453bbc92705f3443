"""The upload of one object to S3 by smart-open's writers: in one request if it is small, otherwise in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ticket_export.infrastructure.storage.bases.part_buffer import PartBuffer
from ticket_export.infrastructure.storage.bases.sending import Sending
from ticket_export.infrastructure.storage.bases.smart_open_streams import open_stream
from ticket_export.infrastructure.storage.bases.stream_upload import without_close
from ticket_export.infrastructure.storage.bases.upload import Upload
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence
from ticket_export.infrastructure.storage.s3.upload_client import S3UploadClient

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Upload(Upload):
    """Sends two parts at once, while the next one is filled.

    An object that is not larger than a part is kept here until it is published, and is never a multipart upload.
    """

    def __init__(
        self, client: S3Client, uri: str, parameters: Mapping[str, object], *, part_bytes: int, patience: float
    ) -> None:
        """`parameters` are smart-open's; each call of the upload is made again for `patience` seconds."""
        self.sending = Sending(parallel=2)
        self._persistence = S3Persistence(patience)
        self._calls = S3UploadClient(client, self.sending, self._persistence)
        self._uri = uri
        self._parameters = parameters
        self._part_bytes = part_bytes
        self._first, self._next = PartBuffer(part_bytes), PartBuffer(part_bytes)
        self._stream: Any = None
        self._close: Callable[[], object]

    def write(self, data: bytes, /) -> None:
        """See `Upload.write`. A part is sent whenever it is complete."""
        if self._stream is None and len(data) <= self._first.room:
            self._first.write(data)
        else:
            if self._stream is None:
                self._open(in_parts=True)
            self._stream.write(data)

    def publish(self) -> None:
        """See `Upload.publish`."""
        if self._stream is None:
            self._open(in_parts=False)
        self._close()

    def withdraw(self) -> None:
        """See `Upload.withdraw`. The parts of an upload that cannot be aborted are removed by the sweep too."""
        self._first.close()
        self._next.close()
        self._calls.withdraw()

    def interrupt(self) -> None:
        """See `Upload.interrupt`. The pauses before another try end too."""
        self._persistence.interrupt()
        self.sending.interrupt()

    def _open(self, *, in_parts: bool) -> None:
        parameters = {
            **self._parameters,
            "client": self._calls,
            "multipart_upload": in_parts,
            "min_part_size": self._part_bytes,
            "writebuffer": self._next,
        }
        self._stream, self._close = without_close(open_stream(self._uri, "wb", parameters))
        with self._first.view() as first:
            self._stream.write(first)
        self._first.close()
