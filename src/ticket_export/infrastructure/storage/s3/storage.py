"""Files in a bucket of Amazon S3, or of a store that speaks its language. Needs ``ticket-export[s3]``."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Self, cast

# First of all, since it says what to install where boto3 is missing.
from ticket_export.infrastructure.storage.s3.client import S3Patience, connect  # isort: skip

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from ticket_export.application.file.download import content_disposition
from ticket_export.application.file.export_file import KEY_PREFIX
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsSignedUrl,
)
from ticket_export.errors import ConfigurationError, StorageError
from ticket_export.infrastructure.storage.keys import check_prefix
from ticket_export.infrastructure.storage.s3.errors import is_missing, s3_errors
from ticket_export.infrastructure.storage.s3.location import S3Location
from ticket_export.infrastructure.storage.s3.reader import S3RawReader
from ticket_export.infrastructure.storage.s3.stale_uploads import abort_stale_uploads
from ticket_export.infrastructure.storage.s3.upload import S3Upload
from ticket_export.infrastructure.storage.s3.writer import S3Writer
from ticket_export.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Of an upload, in bytes: the least that S3 allows. It allows 10,000 parts, so an object may have 48 GiB.
PART_BYTES = 5 * 1024 * 1024
# What may wait for room in the next part, in bytes.
_AHEAD = 256 * 1024
_READ_BUFFER = 256 * 1024
# "Presigned URL expiration" of Amazon's user guide: a week.
_LONGEST_LINK = 7 * 24 * 60 * 60


class S3Storage(ExportStorage, SupportsSignedUrl, SupportsDiscardStale):
    """Stores the object of key ``a/b`` as ``<prefix>a/b`` in a bucket, through smart-open's S3 writers.

    Threads may share it. Memory does not grow with an object: some 20 MB while one is written. A killed writer leaves
    an upload behind that nobody can read; `discard_stale` aborts it, and a lifecycle rule of the bucket should too.
    """

    provider = "s3"

    def __init__(
        self,
        client: S3Client,
        location: S3Location,
        *,
        encryption: Mapping[str, str] | None = None,
        reconnect: Callable[[], S3Client] | None = None,
    ) -> None:
        """`encryption` is what `encryption_of` gives; without it, the bucket's own default holds.

        `reconnect` makes the client of a process that was forked, which must not share connections with its parent.
        """
        self._clients = {os.getpid(): client}
        self._reconnect = reconnect or (lambda: client)
        self._location = location
        self._encryption = dict(encryption or {})

    @classmethod
    def from_url(cls, url: str, settings: Settings, *, patience: S3Patience | None = None) -> Self:
        """The storage at ``s3://bucket/prefix``; the rest is said by the ``s3_`` settings. Asks nobody anything yet.

        Raises:
            ConfigurationError: the URL or a setting is not as it must be.
        """
        location = S3Location.parse(url)
        client = partial(
            connect,
            endpoint_url=settings.s3_endpoint_url,
            region=settings.s3_region,
            patience=patience or S3Patience(),
        )
        return cls(client(), location, encryption=encryption_of(settings), reconnect=client)

    @property
    def _client(self) -> S3Client:
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = self._reconnect()
        return self._clients[process]

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. What the block raises comes out unchanged."""
        upload = S3Upload(
            self._client,
            self._location.bucket,
            self._location.object_key(key),
            options={"ContentType": content_type, **self._encryption},
            part_bytes=PART_BYTES,
        )
        with S3Writer(upload, ahead=_AHEAD) as writer:
            yield writer

    @contextmanager
    def open_reader(self, key: str) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`. Reading may raise `StorageError` too."""
        raw = S3RawReader(self._client, self._location.bucket, self._location.object_key(key))
        with io.BufferedReader(raw, _READ_BUFFER) as stream:
            yield cast("BinaryIO", stream)

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`. A bucket with versioning keeps the old version until a lifecycle rule ends it."""
        name = self._location.object_key(key)
        try:
            with s3_errors("the file could not be deleted"):
                self._client.delete_object(Bucket=self._location.bucket, Key=name)
        except StorageError as error:
            # Amazon's own says nothing of an object that is not there; others do.
            if error.__cause__ is None or not is_missing(error.__cause__):
                raise

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Reads a page of 1,000 at a time; what is no key of ours is passed over."""
        check_prefix(prefix)
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._location.bucket, Prefix=self._location.prefix + prefix
        )
        with s3_errors("the files could not be listed"):
            for page in pages:
                for found in page.get("Contents", []):
                    if (key := self._location.key(found["Key"])) is not None:
                        yield key

    def discard_stale(self, before: datetime) -> int:
        """Abort the uploads that killed writers left behind; gives their number.

        Stale is what was begun, and got its newest part, before `before` (aware UTC). Choose a moment longer ago than
        any export may pause: a writer whose upload was aborted fails with `StorageError`.
        """
        with s3_errors("what was left behind could not be removed"):
            # Nothing of other programs, where the bucket, or the prefix, is theirs too.
            own = self._location.prefix + KEY_PREFIX
            return abort_stale_uploads(self._client, self._location.bucket, own, before=before)

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        """See `SupportsSignedUrl.signed_url`.

        Lives for whole seconds, one to a week's, and never longer than the credentials that this process has; S3 is
        not asked, so it is made of a missing object too.
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


def encryption_of(settings: Settings) -> dict[str, str]:
    """What S3 is told about encryption with every object.

    Raises:
        ConfigurationError: a key is named that would not be used.
    """
    if settings.s3_kms_key_id and settings.s3_encryption != "aws:kms":
        raise ConfigurationError("TICKET_EXPORT_S3_KMS_KEY_ID needs TICKET_EXPORT_S3_ENCRYPTION=aws:kms")
    encryption: dict[str, str] = {}
    if settings.s3_encryption:
        encryption["ServerSideEncryption"] = settings.s3_encryption
    if settings.s3_kms_key_id:
        encryption["SSEKMSKeyId"] = settings.s3_kms_key_id
    return encryption
