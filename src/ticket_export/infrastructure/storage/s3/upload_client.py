"""The calls of smart-open's writers to S3 for one upload."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import IO, TYPE_CHECKING, TypedDict, TypeVar, Unpack, cast
from uuid import uuid4

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.part_buffer import PartBuffer
from ticket_export.infrastructure.storage.bases.sending import Sending
from ticket_export.infrastructure.storage.s3.encryption import (
    UnconfirmedEncryptionError,
    confirms,
    is_silent,
    unconfirmed,
)
from ticket_export.infrastructure.storage.s3.errors import (
    error_code,
    invalid_response,
    is_unreachable,
    s3_errors,
    was_refused,
)
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        CompleteMultipartUploadRequestTypeDef,
        CreateMultipartUploadRequestTypeDef,
        HeadObjectOutputTypeDef,
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
# The key in an object's metadata that identifies its upload.
_MARK = "ticket-export-upload"
# What smart-open has as the id of an upload; the calls know the true one.
_BEGINS_WITH_ITS_FIRST_PART = "begins with its first part"


class S3UploadClient:
    """A client that raises `StorageError` instead of boto3's errors, some of which smart-open would retry for a minute.

    Each call is one of `sending`. It is made again as `persistence` says, and then raises `StorageUnavailableError`;
    and so it does where the store has lost what was uploaded, since another upload may succeed.

    `create_multipart_upload` leaves it to the first part to begin the upload. `upload_part` returns while the part is
    still being sent, so that smart-open fills the next one: its errors come out of a later call, and its entity tag is
    set when the upload is completed.

    If the settings ask for encryption, a call fails whose response does not confirm it. Amazon's S3 confirms it in each
    response of an upload in parts, Ceph in the first one, MinIO in those to the parts. So it is confirmed for every
    part before the object is readable.
    """

    def __init__(self, client: S3Client, sending: Sending, persistence: S3Persistence) -> None:
        self._client = client
        self._sending = sending
        self._persistence = persistence
        self._mark = uuid4().hex
        self._is_unreachable = False
        # What begins the upload in parts; its id or why it has none, and whether the response confirmed its encryption.
        self._begun: CreateMultipartUploadRequestTypeDef | None = None
        self._create: Callable[[], None]
        self._beginning = Lock()
        self._upload_id = ""
        self._not_begun: BaseException | None = None
        self._is_confirmed = False
        self._tags: dict[int, str] = {}
        # Whether the object may be readable although the call that publishes it has failed.
        self._may_be_published = False
        # The object that is readable, and must not stay if the upload fails after all.
        self._published: tuple[str, str] | None = None

    def create_multipart_upload(self, **request: Unpack[CreateMultipartUploadRequestTypeDef]) -> Mapping[str, str]:
        """See boto3; it sends nothing yet."""
        request["Metadata"] = {_MARK: self._mark}

        def create() -> None:
            answer = self._client.create_multipart_upload(**request)
            _require(answer, "UploadId")
            # Where it is not confirmed, the parts may confirm it.
            self._upload_id, self._is_confirmed = answer["UploadId"], confirms(request, answer)

        self._begun, self._create = request, create
        return {"UploadId": _BEGINS_WITH_ITS_FIRST_PART}

    def upload_part(self, *, Body: PartBuffer, **request: Unpack[_Part]) -> Mapping[str, str]:  # noqa: N803
        """See boto3; the ``ETag`` of the result has no meaning yet."""
        asked: Mapping[str, object] = self._begun or {}
        # smart-open empties its buffer next.
        part = Body.take()

        def send() -> None:
            part.seek(0)
            answer = self._client.upload_part(Body=cast("IO[bytes]", part), **request)
            _require(answer, "ETag")
            if not confirms(asked, answer) and not (self._is_confirmed and is_silent(answer)):
                raise unconfirmed(answer)
            self._tags[request["PartNumber"]] = answer["ETag"]

        def send_persistently() -> None:
            with part:
                request["UploadId"] = self._begin()
                self._make(send)

        self._sending.begin(send_persistently)
        return {"ETag": ""}

    def complete_multipart_upload(self, **request: Unpack[CompleteMultipartUploadRequestTypeDef]) -> None:
        """See boto3."""
        asked: Mapping[str, object] = self._begun or {}
        self._sending.finish()
        request["UploadId"] = self._upload_id
        request["MultipartUpload"] = {
            "Parts": [{"PartNumber": number, "ETag": self._tags[number]} for number in sorted(self._tags)]
        }

        def complete() -> None:
            answer = self._client.complete_multipart_upload(**request)
            # Ceph sends an empty tag.
            _require(answer, "ETag", "Key")
            # The parts are confirmed.
            if not confirms(asked, answer) and not is_silent(answer):
                raise unconfirmed(answer)

        self._call(lambda: self._publish(complete, request["Bucket"], request["Key"], asked))

    def put_object(self, **request: Unpack[PutObjectRequestTypeDef]) -> None:
        """See boto3."""
        request["Metadata"] = {_MARK: self._mark}
        # smart-open closes its buffer next, even if nothing waits for the response any more.
        body = cast("PartBuffer", request["Body"]).take()
        request["Body"] = cast("IO[bytes]", body)

        def put() -> None:
            body.seek(0)
            answer = self._client.put_object(**request)
            _require(answer, "ETag")
            if not confirms(request, answer):
                raise unconfirmed(answer)

        def put_persistently() -> None:
            with body:
                self._publish(put, request["Bucket"], request["Key"], request)

        self._call(put_persistently)

    def withdraw(self) -> None:
        """Delete the object if it is readable, otherwise abort the upload; raises no error of S3."""
        if self._published is not None:
            bucket, name = self._published
            _undo("an object that must not be readable", lambda: self._client.delete_object(Bucket=bucket, Key=name))
        elif self._begun is not None and (upload_id := self._upload_id):
            bucket, name = self._begun["Bucket"], self._begun["Key"]
            if self._is_unreachable:
                _log.warning("the upload of a file was left to the sweep: the storage cannot be reached")
            else:
                _undo(
                    "the upload of a file",
                    lambda: self._client.abort_multipart_upload(Bucket=bucket, Key=name, UploadId=upload_id),
                )

    def _begin(self) -> str:
        """Return the id of the upload in parts. Its first part begins it, and the next one waits for that."""
        with self._beginning:
            if self._not_begun is not None:
                raise self._not_begun
            if not self._upload_id:
                try:
                    self._make(self._create)
                except BaseException as error:
                    self._not_begun = error
                    raise
            return self._upload_id

    def _call(self, call: Callable[[], object]) -> None:
        self._sending.begin(call)
        self._sending.finish()

    def _publish(self, call: Callable[[], None], bucket: str, name: str, asked: Mapping[str, object]) -> None:
        def publish() -> None:
            with self._publishing():
                call()

        try:
            self._make(publish)
        except UnconfirmedEncryptionError:
            self._published = bucket, name
            raise
        except StorageError:
            # If only the response was lost, the upload is complete, and S3 no longer knows it when it is called again.
            # If it was interrupted, nothing waits for the answer any more, and the sweep removes the object.
            is_open = self._may_be_published and not self._persistence.is_interrupted
            found = self._find(bucket, name) if is_open else None
            if found is None:
                raise
            self._published = bucket, name
            if not confirms(asked, found):
                raise unconfirmed(found) from None
            _log.info("an upload was published, although its response was lost")
        self._published = bucket, name

    def _find(self, bucket: str, name: str) -> HeadObjectOutputTypeDef | None:
        try:
            with s3_errors("the file could not be found"):
                found = self._client.head_object(Bucket=bucket, Key=name)
        except StorageError as error:
            if not s3_errors.is_missing(error):
                _log.warning("it is not known whether an upload was published", exc_info=True)
            return None
        return found if found.get("Metadata", {}).get(_MARK) == self._mark else None

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        try:
            with s3_errors(_FAILED):
                yield
        except StorageError as error:
            self._may_be_published |= not was_refused(error)
            raise

    def _make(self, call: Callable[[], None]) -> None:
        try:
            self._persistence.make(lambda: self._try(call))
        except StorageError as error:
            if error_code(error.__cause__) not in _LOST:
                raise
            raise StorageUnavailableError(f"{_FAILED}: the storage has lost its beginning") from error.__cause__

    def _try(self, call: Callable[[], None]) -> None:
        try:
            with s3_errors(_FAILED):
                call()
        except StorageError as error:
            self._is_unreachable = is_unreachable(error)
            raise
        self._is_unreachable = False


def _undo(left: str, call: Callable[[], object]) -> None:
    try:
        with s3_errors("the unfinished file could not be removed"):
            call()
    except StorageError:
        _log.warning("%s was left to the sweep", left, exc_info=True)


def _require(answer: Mapping[str, object], *either: str) -> None:
    if not any(answer.get(key) for key in either):
        raise invalid_response(_FAILED)
