"""Files in a bucket of Amazon S3 or of a compatible store. Needs ``ticket-export[s3]``."""

from __future__ import annotations

import io
import logging
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Self, cast

# Imported first, because its error names the extra to install if boto3 is missing.
from ticket_export.infrastructure.storage.s3.client import S3Patience, connect  # isort: skip

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from ticket_export.application.actor import Actor
from ticket_export.application.file.download import content_disposition
from ticket_export.application.file.export_file import KEY_PREFIX
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsSignedUrl,
)
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.errors import ConfigurationError, StorageError
from ticket_export.infrastructure.storage.keys import check_prefix, check_start
from ticket_export.infrastructure.storage.s3.bucket_check import bucket_problems
from ticket_export.infrastructure.storage.s3.errors import (
    invalid_response,
    is_denied,
    is_missing,
    is_refusal,
    remedy,
    s3_errors,
)
from ticket_export.infrastructure.storage.s3.location import S3Location
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence
from ticket_export.infrastructure.storage.s3.reader import S3RawReader
from ticket_export.infrastructure.storage.s3.stale_uploads import abort_stale_uploads
from ticket_export.infrastructure.storage.s3.upload import S3Upload
from ticket_export.infrastructure.storage.s3.writer import S3Writer
from ticket_export.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ResponseMetadataTypeDef

_log = logging.getLogger(__name__)

#: Bytes of a part: the minimum of S3. With its 10,000 parts, an object may have 48 GiB.
PART_BYTES = 5 * 1024 * 1024
# Bytes that may wait for the next part.
_AHEAD = 256 * 1024
_READ_BUFFER = 256 * 1024
# "Presigned URL expiration" of Amazon's user guide: a week.
_LONGEST_LINK = 7 * 24 * 60 * 60


class S3Storage(ExportStorage, SupportsCheck, SupportsSignedUrl, SupportsDiscardStale):
    """A store that keeps the object of key ``a/b`` as ``<prefix>a/b`` in a bucket, with smart-open's S3 writers.

    Threads may share it. Writing an object takes some 20 MB of memory, independent of its size. A killed writer leaves
    an upload that nobody can read; `discard_stale` aborts it, and a lifecycle rule of the bucket should abort it too.
    """

    provider = "s3"

    def __init__(
        self,
        client: S3Client,
        location: S3Location,
        *,
        endpoint_url: str | None = None,
        encryption: Mapping[str, str] | None = None,
        reconnect: Callable[[], S3Client] | None = None,
        patience: timedelta = timedelta(minutes=1),
    ) -> None:
        """`encryption` is the result of `encryption_of`; without it, the bucket's default is used.

        The calls of an upload are made again for `patience` while the store is away or too busy.

        `reconnect` makes the client of a forked process, which must not share connections with its parent.
        """
        self._clients = {os.getpid(): client}
        self._reconnect = reconnect or (lambda: client)
        self._location = location
        self._endpoint_url = endpoint_url
        self._patience = patience
        self._encryption = dict(encryption or {})
        self._has_said_that_uploads_stay = False

    @classmethod
    def from_url(cls, url: str, settings: Settings, *, patience: S3Patience | None = None) -> Self:
        """Return the storage at ``s3://bucket/prefix`` with the ``s3_`` settings; it does not connect yet.

        ``?endpoint=…&region=…`` replaces these settings, so that a former URL can name another store; an empty endpoint
        is Amazon's. ``profile=…`` names the credentials in boto3's shared files.

        Raises:
            ConfigurationError: the URL or a setting is not valid.
        """
        location = S3Location.parse(url)
        endpoint_url = settings.s3_endpoint_url if location.endpoint is None else location.endpoint or None
        client = partial(
            connect,
            endpoint_url=endpoint_url,
            region=location.region or settings.s3_region,
            profile=location.profile,
            is_amazons=location.endpoint == "",
            patience=patience or S3Patience(),
        )
        return cls(
            client(),
            location,
            endpoint_url=endpoint_url,
            encryption=encryption_of(settings),
            reconnect=client,
            patience=settings.storage_patience,
        )

    @property
    def _client(self) -> S3Client:
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = self._reconnect()
        return self._clients[process]

    @property
    def place(self) -> str:
        """See `ExportStorage.place`. Another endpoint is another store, which may have a bucket of the same name."""
        return self._location.place(self._endpoint_url or _not_amazons(self._client.meta.endpoint_url))

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. An error of the block comes out unchanged."""
        upload = S3Upload(
            self._client,
            self._location.bucket,
            self._location.object_key(key),
            options={"ContentType": content_type, **self._encryption},
            part_bytes=PART_BYTES,
            persistence=S3Persistence(self._patience.total_seconds()),
        )
        with S3Writer(upload, ahead=_AHEAD) as writer:
            yield writer

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`. Reading may raise `StorageError` too."""
        name = self._location.object_key(key)
        check_start(start)
        raw = S3RawReader(self._client, self._location.bucket, name, start)
        with io.BufferedReader(raw, _READ_BUFFER) as stream:
            yield cast("BinaryIO", stream)

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`. With versioning, the old version stays until a lifecycle rule deletes it."""
        name = self._location.object_key(key)
        try:
            with s3_errors("the file could not be deleted"):
                answer = self._client.delete_object(Bucket=self._location.bucket, Key=name)
        except StorageError as error:
            # Amazon's S3 does not report a missing object; other stores do.
            if error.__cause__ is None or not is_missing(error.__cause__):
                raise
        else:
            _require_deleted(answer["ResponseMetadata"])

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Reads pages of 1,000; names that are not keys of the library are ignored."""
        check_prefix(prefix)
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._location.bucket, Prefix=self._location.prefix + prefix
        )
        with s3_errors("the files could not be listed"):
            for page in pages:
                if "Name" not in page and not page["ResponseMetadata"].get("RequestId"):
                    raise invalid_response("the files could not be listed")
                for found in page.get("Contents", []):
                    if (key := self._location.key(found["Key"])) is not None:
                        yield key

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """Abort the uploads of killed writers, and return their number.

        An upload is stale if it began, and got its newest part, before `before` (aware UTC). Choose a time longer ago
        than an export may pause: a writer whose upload was aborted fails with `StorageError`.

        If the credentials do not have the rights, the uploads stay. The log says so once.
        """
        # Not the uploads of other programs in the same bucket or prefix.
        own = self._location.prefix + (prefix or KEY_PREFIX)
        try:
            with s3_errors("unfinished uploads could not be removed"):
                return abort_stale_uploads(self._client, self._location.bucket, own, before=before)
        except StorageError as raised:
            if not is_denied(raised):
                raise
            if not self._has_said_that_uploads_stay:
                self._has_said_that_uploads_stay = True
                _log.warning("%s; a lifecycle rule of the bucket should abort them", raised)
            return 0

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: a bucket that cannot be used, or that keeps deleted files."""
        try:
            next(self.list(KEY_PREFIX), None)
        except StorageError as raised:
            yield error(
                "storage",
                f"the bucket {self._location.bucket}: {raised}",
                remedy(raised),
                may_pass=not is_refusal(raised),
            )
        else:
            yield from bucket_problems(self._client, self._location.bucket, self._location.prefix + KEY_PREFIX)

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        """See `SupportsSignedUrl.signed_url`.

        The link lives for whole seconds, from one second to a week, and never longer than the credentials of this
        process. S3 is not called, so there are links to missing objects too.
        """
        parameters = {
            "Bucket": self._location.bucket,
            "Key": self._location.object_key(key),
            "ResponseContentDisposition": content_disposition(file_name),
            "ResponseContentType": content_type,
            "ResponseCacheControl": "private, no-store",
        }
        seconds = min(max(int(expires_in.total_seconds()), 1), _LONGEST_LINK)
        with s3_errors("the link could not be made"):
            return self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)


def _require_deleted(metadata: ResponseMetadataTypeDef) -> None:
    # "DeleteObject" of Amazon's API reference: 204.
    if metadata["HTTPStatusCode"] != HTTPStatus.NO_CONTENT and not metadata.get("RequestId"):
        raise invalid_response("the file could not be deleted")


def encryption_of(settings: Settings) -> dict[str, str]:
    """Return the parameters of S3 for the encryption of every object.

    Raises:
        ConfigurationError: the settings name a key that would not be used.
    """
    if settings.s3_kms_key_id and settings.s3_encryption != "aws:kms":
        raise ConfigurationError("TICKET_EXPORT_S3_KMS_KEY_ID needs TICKET_EXPORT_S3_ENCRYPTION=aws:kms")
    encryption: dict[str, str] = {}
    if settings.s3_encryption:
        encryption["ServerSideEncryption"] = settings.s3_encryption
    if settings.s3_kms_key_id:
        encryption["SSEKMSKeyId"] = settings.s3_kms_key_id
    return encryption


def _not_amazons(endpoint_url: str) -> str | None:
    # boto3 may have taken the endpoint from its own settings, such as AWS_ENDPOINT_URL.
    return None if ".amazonaws." in (urlsplit(endpoint_url).hostname or "") else endpoint_url
