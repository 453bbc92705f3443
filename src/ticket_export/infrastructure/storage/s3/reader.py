"""The download of one object from S3, or of its end."""

from __future__ import annotations

import io
import logging
import re
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.infrastructure.storage.s3.errors import is_beyond_the_end, is_missing, s3_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef
    from typing_extensions import Buffer

_log = logging.getLogger(__name__)

# How often in a row an interrupted download is resumed without new bytes.
_RESUMPTIONS = 3
_NOT_READ = "the file could not be read"
# RFC 9110, 14.4, with the length, which S3 always sends.
_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})", re.ASCII)


class S3RawReader(io.RawIOBase):
    """The bytes of one object as they arrive, from `start` on; an interrupted download is resumed at its position.

    Every method raises `StorageError` if S3 fails, also in the middle of the object. S3 may ignore a range or send
    another one (RFC 9110, 14.2 and 15.3.7). Then this raises `StorageError` too: it never returns bytes of another
    position, and never reads all that is before.
    """

    def __init__(self, client: S3Client, bucket: str, name: str, start: int = 0) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._name = name
        self._position = start
        # Not every store sends them, and a gateway may remove them.
        self._entity_tag: str | None = None
        self._length: int | None = None
        # Empty at the end of the object and beyond.
        self._body: StreamingBody | io.BytesIO = io.BytesIO()
        self._request()

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
                _log.info("a download was interrupted after byte %d and is resumed", self._position, exc_info=True)
                self._body.close()
                self._request()
                resumptions += 1

    def _request(self) -> None:
        """Ask for the bytes from the position on: of any object at first, then only of the same one."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._name}
        if self._position:
            # A store may ignore a number that it cannot hold.
            request["Range"] = f"bytes={min(self._position, sys.maxsize)}-"
        if self._entity_tag is not None:
            request["IfMatch"] = self._entity_tag
        try:
            with s3_errors(_NOT_READ):
                answer = self._client.get_object(**request)
        except StorageError as error:
            cause = error.__cause__
            if cause is not None and is_missing(cause):
                raise ObjectNotFoundError("the file is not in the storage any more") from cause
            is_first = self._entity_tag is None
            may_be_the_end = self._position > 0 and (is_first or self._length == self._position)
            if cause is not None and is_beyond_the_end(cause) and may_be_the_end:
                self._body = io.BytesIO()
                return
            raise
        self._body = self._checked(answer)

    def _checked(self, answer: GetObjectOutputTypeDef) -> StreamingBody:
        """Return the body of the answer if it is the rest of the object."""
        first, length = _extent(answer)
        entity_tag: str | None = answer.get("ETag")
        if entity_tag is None and not answer["ResponseMetadata"].get("RequestId"):
            # A gateway that responds instead of S3, with its own page, sends neither.
            answer["Body"].close()
            raise StorageError(f"{_NOT_READ}: the storage sent an invalid response")
        is_rest = first == self._position or (first, length) == (0, 0)
        is_same = self._entity_tag in {None, entity_tag} and self._length in {None, length}
        if not (is_rest and is_same):
            answer["Body"].close()
            raise StorageError(f"{_NOT_READ}: the storage sent another part of it, or another file")
        self._entity_tag, self._length = entity_tag, length
        return answer["Body"]


def _extent(answer: GetObjectOutputTypeDef) -> tuple[int | None, int | None]:
    """Return the number of the first byte of the body, and the length of the object; None where it is not known.

    The first byte is None too if the body does not reach the end of the object.
    """
    content_length = answer["ResponseMetadata"]["HTTPHeaders"].get("content-length")
    sent = None if content_length is None else int(content_length)
    if answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
        return 0, sent
    content_range = answer.get("ContentRange", "")
    if sent == 0 and content_range == "bytes */0":
        return 0, 0  # Ceph's answer for an empty object
    if (found := _CONTENT_RANGE.fullmatch(content_range)) is None:
        return None, None
    first, last, length = (int(number) for number in found.groups())
    is_to_the_end = last == length - 1 and sent in {None, length - first}
    return first if is_to_the_end else None, length
