"""The download of one object from S3."""

from __future__ import annotations

import io
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.infrastructure.storage.s3.errors import is_missing, s3_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.client import S3Client
    from typing_extensions import Buffer

_log = logging.getLogger(__name__)

# How often in a row an interrupted download is resumed without new bytes.
_RESUMPTIONS = 3
_NOT_READ = "the file could not be read"


class S3RawReader(io.RawIOBase):
    """The bytes of one object as they arrive; an interrupted download is resumed at its position.

    Every method raises `StorageError` if S3 fails, also in the middle of the object.
    """

    def __init__(self, client: S3Client, bucket: str, name: str) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._name = name
        self._position = 0
        try:
            with s3_errors(_NOT_READ):
                answer = client.get_object(Bucket=bucket, Key=name)
        except StorageError as error:
            if error.__cause__ is not None and is_missing(error.__cause__):
                raise ObjectNotFoundError("the file is not in the storage any more") from error.__cause__
            raise
        self._body: StreamingBody = answer["Body"]
        # Not every store sends one, and a gateway may remove it.
        self._entity_tag: str | None = answer.get("ETag")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """See `io.RawIOBase.readinto`."""
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Release the connection."""
        # The object may not have been opened.
        if hasattr(self, "_body"):
            self._body.close()
        super().close()

    def _read(self, size: int) -> bytes:
        resumptions = 0
        while True:
            try:
                with s3_errors(_NOT_READ):
                    return self._body.read(size)
            except StorageError:
                if resumptions == _RESUMPTIONS or self._entity_tag is None:
                    raise
                _log.info("a download was interrupted after %d bytes and is resumed", self._position, exc_info=True)
                self._resume(self._entity_tag)
                resumptions += 1

    def _resume(self, entity_tag: str) -> None:
        self._body.close()
        with s3_errors(_NOT_READ):
            # Only if it is still the same object, byte for byte.
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._name, Range=f"bytes={self._position}-", IfMatch=entity_tag
            )
        self._body = answer["Body"]
        if answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
            raise StorageError(f"{_NOT_READ}: the storage sent it from the beginning again")
