"""One object on its way to S3, from one thread: in one request if it is small, in parts if it is not."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast
from uuid import uuid4

from smart_open import open as smart_open

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.errors import S3_ERRORS, is_missing, s3_errors
from ticket_export.infrastructure.storage.s3.part_buffer import S3PartBuffer
from ticket_export.infrastructure.storage.s3.upload_client import S3UploadClient

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    class _Writer(Protocol):
        """smart-open's two writers."""

        def write(self, data: bytes | bytearray | memoryview, /) -> int: ...
        def close(self) -> None: ...
        def terminate(self) -> None: ...


_log = logging.getLogger(__name__)

# Of the metadata of what we write: which upload it was.
_MARK = "ticket-export-upload"


class S3Upload:
    """The bytes of one object; they can be read once they are published, and are gone if they never are.

    What is not larger than a part is held here until then, and never becomes a multipart upload.
    """

    def __init__(
        self, client: S3Client, bucket: str, name: str, *, options: Mapping[str, str], part_bytes: int
    ) -> None:
        self._client = client
        self._calls = S3UploadClient(client)
        self._bucket = bucket
        self._name = name
        self._mark = uuid4().hex
        self._options = {**options, "Metadata": {_MARK: self._mark}}
        self._part_bytes = part_bytes
        self._first = S3PartBuffer(part_bytes)
        self._writer: _Writer | None = None
        self.is_published = False

    def write(self, data: bytes | bytearray) -> None:
        """Append `data`; sends a part whenever there is a whole one."""
        if self._writer is None and len(data) <= self._first.room:
            self._first.write(data)
        else:
            writer = self._writer or self._open(in_parts=True)
            writer.write(data)

    def publish(self) -> None:
        """Let the whole object be read, in place of what was there.

        Raises:
            StorageError: it cannot be read, as far as anybody can tell.
        """
        try:
            writer = self._writer or self._open(in_parts=False)
            writer.close()
        except StorageError:
            # What took effect and had its answer lost on the way looks as if it had failed: asked again, S3 does not
            # know the upload any more.
            if not self._is_there():
                raise
            _log.info("an upload was published, although its answer was lost")
        self.is_published = True
        # First of all, so that there is nothing to abort any more.
        self._calls.close()
        self.discard()

    def discard(self) -> None:
        """Forget what was not published; never raises for what S3 does, since an error is already on its way then.

        At worst parts stay, which nobody can read and the sweep removes.
        """
        if self._writer is not None:
            self._writer.terminate()
        self._calls.close()
        self._first.close()

    def retract(self) -> None:
        """Remove the object again, if it was published. Like `discard`, it never raises for what S3 does."""
        if self.is_published:
            try:
                self._client.delete_object(Bucket=self._bucket, Key=self._name)
            except S3_ERRORS:
                _log.warning("an object that nobody knows was left to the sweep", exc_info=True)

    def _open(self, *, in_parts: bool) -> _Writer:
        called = ("create_multipart_upload", "put_object")
        parameters = {
            "client": self._calls,
            "client_kwargs": {f"S3.Client.{each}": self._options for each in called},
            "multipart_upload": in_parts,
            "min_part_size": self._part_bytes,
            "writebuffer": S3PartBuffer(self._part_bytes),
        }
        url = f"s3://{self._bucket}/{self._name}"
        # What smart_open.open gives has no `terminate` in its type.
        writer = cast("_Writer", smart_open(url, "wb", compression="disable", transport_params=parameters))
        self._writer = writer
        with self._first.view() as first:
            writer.write(first)
        self._first.close()
        return writer

    def _is_there(self) -> bool:
        try:
            with s3_errors("the file could not be found"):
                found = self._client.head_object(Bucket=self._bucket, Key=self._name)
        except StorageError as error:
            if error.__cause__ is None or not is_missing(error.__cause__):
                _log.warning("whether an upload was published is not known", exc_info=True)
            return False
        return found.get("Metadata", {}).get(_MARK) == self._mark
