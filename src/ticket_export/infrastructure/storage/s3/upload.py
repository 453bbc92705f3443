"""The upload of one object to S3, from one thread: in one request if it is small, otherwise in parts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast
from uuid import uuid4

from smart_open import open as smart_open

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.bases.part_buffer import PartBuffer
from ticket_export.infrastructure.storage.s3.encryption import UnconfirmedEncryptionError, confirms, unconfirmed
from ticket_export.infrastructure.storage.s3.errors import S3_ERRORS, is_missing, s3_errors
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence
from ticket_export.infrastructure.storage.s3.upload_client import S3UploadClient

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

    class _Writer(Protocol):
        """smart-open's two writers."""

        def write(self, data: bytes | bytearray | memoryview, /) -> int: ...
        def close(self) -> None: ...
        def terminate(self) -> None: ...


_log = logging.getLogger(__name__)

# The key in an object's metadata that identifies its upload.
_MARK = "ticket-export-upload"


class S3Upload:
    """The bytes of one object: readable once they are published, and removed if they never are.

    An object that is not larger than a part is kept here until then, and is never a multipart upload.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        name: str,
        *,
        options: Mapping[str, str],
        part_bytes: int,
        persistence: S3Persistence,
    ) -> None:
        self._client = client
        self._persistence = persistence
        self._calls = S3UploadClient(client, persistence)
        self._bucket = bucket
        self._name = name
        self._mark = uuid4().hex
        self._options = {**options, "Metadata": {_MARK: self._mark}}
        self._part_bytes = part_bytes
        self._first = PartBuffer(part_bytes)
        self._writer: _Writer | None = None
        self.is_published = False

    def write(self, data: bytes | bytearray) -> None:
        """Append `data`, and send a part whenever it is complete."""
        if self._writer is None and len(data) <= self._first.room:
            self._first.write(data)
        else:
            writer = self._writer or self._open(in_parts=True)
            writer.write(data)

    def publish(self) -> None:
        """Make the complete object readable; it replaces an existing object.

        Raises:
            StorageError: as far as S3 shows, the object cannot be read.
        """
        try:
            writer = self._writer or self._open(in_parts=False)
            writer.close()
        except UnconfirmedEncryptionError:
            if self._calls.may_be_published:
                self._remove()
            raise
        except StorageError:
            # If only the response was lost, the upload is complete, and S3 no longer knows it when it is called again.
            # If it was interrupted, nothing waits for the answer any more, and the sweep removes the object.
            is_open = self._calls.may_be_published and not self._persistence.is_interrupted
            found = self._find() if is_open else None
            if found is None:
                raise
            if not confirms(self._options, found):
                self._remove()
                raise unconfirmed(found) from None
            _log.info("an upload was published, although its response was lost")
        self.is_published = True
        # First, so that nothing can be aborted any more.
        self._calls.close()
        self.discard()

    def interrupt(self) -> None:
        """Make the calls that wait for the store fail, and all later ones but `discard` and `retract`."""
        self._persistence.interrupt()

    @property
    def is_interrupted(self) -> bool:
        """Whether `interrupt` was called."""
        return self._persistence.is_interrupted

    def require(self) -> None:
        """Raise `StorageUnavailableError` if `interrupt` was called."""
        self._persistence.require()

    def discard(self) -> None:
        """Remove the unpublished bytes; never raises an error of S3, because another error is already being raised.

        At worst parts stay; nobody can read them, and the sweep removes them.
        """
        if self._writer is not None:
            self._writer.terminate()
        self._calls.close()
        self._first.close()

    def retract(self) -> None:
        """Delete the object if it was published. Like `discard`, this never raises an error of S3."""
        if self.is_published:
            self._remove()

    def _remove(self) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._name)
        except S3_ERRORS:
            _log.warning("an object that must not be readable was left to the sweep", exc_info=True)

    def _open(self, *, in_parts: bool) -> _Writer:
        called = ("create_multipart_upload", "put_object")
        parameters = {
            "client": self._calls,
            "client_kwargs": {f"S3.Client.{each}": self._options for each in called},
            "multipart_upload": in_parts,
            "min_part_size": self._part_bytes,
            "writebuffer": PartBuffer(self._part_bytes),
        }
        url = f"s3://{self._bucket}/{self._name}"
        # The type of smart_open's result has no `terminate`.
        writer = cast("_Writer", smart_open(url, "wb", compression="disable", transport_params=parameters))
        self._writer = writer
        with self._first.view() as first:
            writer.write(first)
        self._first.close()
        return writer

    def _find(self) -> HeadObjectOutputTypeDef | None:
        try:
            with s3_errors("the file could not be found"):
                found = self._client.head_object(Bucket=self._bucket, Key=self._name)
        except StorageError as error:
            if error.__cause__ is None or not is_missing(error.__cause__):
                _log.warning("it is not known whether an upload was published", exc_info=True)
            return None
        return found if found.get("Metadata", {}).get(_MARK) == self._mark else None
