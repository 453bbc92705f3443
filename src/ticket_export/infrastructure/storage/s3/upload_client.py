"""The calls of smart-open's writers to S3 for one upload."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypedDict, TypeVar, Unpack, cast

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.part_buffer import PartBuffer
from ticket_export.infrastructure.storage.s3.encryption import confirms, is_silent, unconfirmed
from ticket_export.infrastructure.storage.s3.errors import (
    error_code,
    invalid_response,
    is_unreachable,
    s3_errors,
    was_refused,
)
from ticket_export.infrastructure.storage.s3.parts import S3Parts
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence

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
        """The parameters of a part from smart-open."""

        Bucket: str
        Key: str
        UploadId: str
        PartNumber: int


T = TypeVar("T")
_log = logging.getLogger(__name__)

_FAILED = "the file could not be written"
# The store does not know the upload, or one of its parts, any more: it was restarted, or something has aborted it.
_LOST = frozenset({"InvalidPart", "NoSuchUpload"})


class S3UploadClient:
    """A client that raises `StorageError` instead of boto3's errors, some of which smart-open would retry for a minute.

    It makes a call again as `persistence` says, and then raises `StorageUnavailableError`; and so it does where the
    store has lost what was uploaded, since another upload may succeed.

    `upload_part` returns while the part is still being sent, so that smart-open fills the next one: its errors come out
    of a later call, and its entity tag is set when the upload is completed.

    Aborting raises nothing, because another error is already being raised. It must look like a success to smart-open,
    whose unterminated writer completes its partial upload when it is garbage collected. For the same reason all calls
    fail after `close`.

    If the settings ask for encryption, a call fails whose response does not confirm it. Amazon's S3 confirms it in each
    response of an upload in parts, Ceph in the first one, MinIO in those to the parts. So it is confirmed for every
    part before the object is readable.
    """

    def __init__(self, client: S3Client, persistence: S3Persistence) -> None:
        self._client = client
        self._persistence = persistence
        self._parts = S3Parts()
        self._is_closed = False
        self._is_unreachable = False
        # What the upload was begun with, and whether the response confirmed its encryption.
        self._begun: Mapping[str, object] = {}
        self._is_confirmed = False
        #: Whether the object may be readable although the call that publishes it has failed.
        self.may_be_published = False

    def create_multipart_upload(
        self, **request: Unpack[CreateMultipartUploadRequestTypeDef]
    ) -> CreateMultipartUploadOutputTypeDef:
        """See boto3. Without a confirmation it does not fail, because smart-open could not abort the upload then."""

        def create() -> CreateMultipartUploadOutputTypeDef:
            answer = self._client.create_multipart_upload(**request)
            _require(answer, "UploadId")
            return answer

        answer = self._make(create)
        self._begun, self._is_confirmed = request, confirms(request, answer)
        return answer

    def upload_part(self, *, Body: PartBuffer, **request: Unpack[_Part]) -> Mapping[str, str]:  # noqa: N803
        """See boto3; the ``ETag`` of the result has no meaning yet."""
        # smart-open empties its buffer next.
        part = Body.take()

        def send() -> str:
            part.seek(0)
            answer = self._client.upload_part(Body=cast("IO[bytes]", part), **request)
            _require(answer, "ETag")
            if not confirms(self._begun, answer) and not (self._is_confirmed and is_silent(answer)):
                raise unconfirmed(answer)
            return answer["ETag"]

        def send_persistently() -> str:
            with part:
                return self._make(send)

        self._parts.send(request["PartNumber"], send_persistently)
        return {"ETag": ""}

    def complete_multipart_upload(
        self, **request: Unpack[CompleteMultipartUploadRequestTypeDef]
    ) -> CompleteMultipartUploadOutputTypeDef:
        """See boto3."""
        tags = self._parts.tags()
        request["MultipartUpload"] = {
            "Parts": [{"PartNumber": number, "ETag": tags[number]} for number in sorted(tags)]
        }

        def complete() -> CompleteMultipartUploadOutputTypeDef:
            with self._publishing():
                answer = self._client.complete_multipart_upload(**request)
                # Ceph sends an empty tag.
                _require(answer, "ETag", "Key")
                # The parts are confirmed.
                if not confirms(self._begun, answer) and not is_silent(answer):
                    raise unconfirmed(answer)
            return answer

        return self._make(complete)

    def put_object(self, **request: Unpack[PutObjectRequestTypeDef]) -> PutObjectOutputTypeDef:
        """See boto3."""
        body = cast("PartBuffer", request["Body"])

        def put() -> PutObjectOutputTypeDef:
            body.seek(0)
            with self._publishing():
                answer = self._client.put_object(**request)
                _require(answer, "ETag")
                if not confirms(request, answer):
                    raise unconfirmed(answer)
            return answer

        return self._make(put)

    def abort_multipart_upload(self, **request: Unpack[AbortMultipartUploadRequestTypeDef]) -> None:
        """Abort the upload in S3, unless it is over or S3 cannot be reached."""
        # A part that arrives after the abort would stay.
        self._parts.wait()
        if self._is_closed:
            return
        if self._is_unreachable:
            _log.warning("the parts of an upload were left to the sweep: the storage cannot be reached")
            return
        try:
            with s3_errors(_FAILED):
                self._client.abort_multipart_upload(**request)
        except StorageError:
            _log.warning("the parts of an upload were left to the sweep", exc_info=True)

    def close(self) -> None:
        """End the upload; all later calls fail."""
        self._is_closed = True

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        try:
            with s3_errors(_FAILED):
                yield
        except StorageError as error:
            self.may_be_published |= not was_refused(error)
            raise

    def _make(self, call: Callable[[], T]) -> T:
        try:
            return self._persistence.make(lambda: self._try(call))
        except StorageError as error:
            if error_code(error.__cause__) not in _LOST:
                raise
            raise StorageUnavailableError(f"{_FAILED}: the storage has lost its beginning") from error.__cause__

    def _try(self, call: Callable[[], T]) -> T:
        if self._is_closed:
            raise StorageError(f"{_FAILED}: its upload is over")
        try:
            with s3_errors(_FAILED):
                result = call()
        except StorageError as error:
            self._is_unreachable = is_unreachable(error)
            raise
        self._is_unreachable = False
        return result


def _require(answer: Mapping[str, object], *either: str) -> None:
    if not any(answer.get(key) for key in either):
        raise invalid_response(_FAILED)
