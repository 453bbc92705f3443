"""What smart-open's writers may ask of S3 for one upload."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypedDict, Unpack, cast

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.errors import is_unreachable, s3_errors
from ticket_export.infrastructure.storage.s3.part_buffer import S3PartBuffer
from ticket_export.infrastructure.storage.s3.parts import S3Parts

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        AbortMultipartUploadRequestTypeDef,
        CompleteMultipartUploadOutputTypeDef,
        CompleteMultipartUploadRequestTypeDef,
        CreateMultipartUploadOutputTypeDef,
        CreateMultipartUploadRequestTypeDef,
        PutObjectOutputTypeDef,
        PutObjectRequestTypeDef,
    )

    class _Part(TypedDict):
        """What smart-open says of a part."""

        Bucket: str
        Key: str
        UploadId: str
        PartNumber: int


_log = logging.getLogger(__name__)


class S3UploadClient:
    """Raises `StorageError` instead of boto3's errors, some of which smart-open would sit out for a minute.

    `upload_part` comes back while the part is still on its way, so that smart-open fills the next one meanwhile: its
    errors come out of a later call, and its entity tag is put in when the upload is completed.

    Aborting raises nothing: an error is already on its way then. It matters that it succeeds in smart-open's eyes,
    since a writer that was not terminated completes its upload, half as it is, when it is garbage collected. For the
    same reason nothing works any more after `close`.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._parts = S3Parts()
        self._is_closed = False
        self._is_unreachable = False

    def create_multipart_upload(
        self, **request: Unpack[CreateMultipartUploadRequestTypeDef]
    ) -> CreateMultipartUploadOutputTypeDef:
        """See boto3."""
        with self._calling():
            answer = self._client.create_multipart_upload(**request)
        _require(answer, "UploadId")
        return answer

    def upload_part(self, *, Body: S3PartBuffer, **request: Unpack[_Part]) -> Mapping[str, str]:  # noqa: N803
        """See boto3; what it gives has the key ``ETag``, which means nothing yet."""
        # smart-open empties its buffer next.
        part = Body.take()

        # Some gateway may answer in S3's place, without a tag; then S3 refuses to complete the upload.
        def send() -> str:
            with part, self._calling():
                return self._client.upload_part(Body=cast("IO[bytes]", part), **request).get("ETag", "")

        self._parts.send(request["PartNumber"], send)
        return {"ETag": ""}

    def complete_multipart_upload(
        self, **request: Unpack[CompleteMultipartUploadRequestTypeDef]
    ) -> CompleteMultipartUploadOutputTypeDef:
        """See boto3."""
        tags = self._parts.tags()
        request["MultipartUpload"] = {
            "Parts": [{"PartNumber": number, "ETag": tags[number]} for number in sorted(tags)]
        }
        with self._calling():
            answer = self._client.complete_multipart_upload(**request)
        _require(answer, "ETag")
        return answer

    def put_object(self, **request: Unpack[PutObjectRequestTypeDef]) -> PutObjectOutputTypeDef:
        """See boto3."""
        with self._calling():
            answer = self._client.put_object(**request)
        _require(answer, "ETag")
        return answer

    def abort_multipart_upload(self, **request: Unpack[AbortMultipartUploadRequestTypeDef]) -> None:
        """Ask S3 to forget the parts, unless the upload is over or nobody answers anyway."""
        # A part that arrives later would stay.
        self._parts.wait()
        if self._is_closed:
            return
        if self._is_unreachable:
            _log.warning("the parts of an upload were left to the sweep: the storage cannot be reached")
            return
        try:
            with self._calling():
                self._client.abort_multipart_upload(**request)
        except StorageError:
            _log.warning("the parts of an upload were left to the sweep", exc_info=True)

    def close(self) -> None:
        """The upload is over, one way or the other."""
        self._is_closed = True

    @contextmanager
    def _calling(self) -> Iterator[None]:
        if self._is_closed:
            raise StorageError("the file could not be written: its upload is over")
        try:
            with s3_errors("the file could not be written"):
                yield
        except StorageError as error:
            self._is_unreachable = is_unreachable(error)
            raise


def _require(answer: Mapping[str, object], key: str) -> None:
    # Some gateway may answer in S3's place, with a page of its own, and nothing has been done.
    if not answer.get(key):
        raise StorageError("the file could not be written: the storage gave an answer that is none")
