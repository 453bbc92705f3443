"""Files in a bucket of Amazon S3 or of a compatible store. Needs ``ticket-export[s3]``."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Self

# Imported first, because its error names the extra to install if boto3 is missing.
from ticket_export.infrastructure.storage.s3.client import S3Patience, connect  # isort: skip

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from ticket_export.application.actor import Actor
from ticket_export.application.file.export_file import KEY_PREFIX
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.export_storage import SupportsDiscardStale
from ticket_export.errors import ConfigurationError, StorageError
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage
from ticket_export.infrastructure.storage.bases.upload import Upload
from ticket_export.infrastructure.storage.s3.bucket_check import bucket_problems
from ticket_export.infrastructure.storage.s3.errors import (
    invalid_response,
    is_denied,
    is_refusal,
    remedy,
    s3_errors,
)
from ticket_export.infrastructure.storage.s3.reader import S3RawReader
from ticket_export.infrastructure.storage.s3.stale_uploads import abort_stale_uploads
from ticket_export.infrastructure.storage.s3.upload import S3Upload
from ticket_export.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_log = logging.getLogger(__name__)

#: Bytes of a part: the minimum of S3. With its 10,000 parts, an object may have 48 GiB.
PART_BYTES: Final = 5 * 1024 * 1024
# "General purpose bucket naming rules" of Amazon's user guide.
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# An empty endpoint is Amazon's.
_OPTIONS: Final = {
    "endpoint": re.compile(".*"),
    "region": re.compile(r"[A-Za-z0-9-]{1,64}"),
    "profile": re.compile(".+"),
}


class S3Storage(SigningStorage["S3Client"], SupportsDiscardStale):
    """A store that keeps the object of key ``a/b`` as ``<prefix>a/b`` in a bucket, with smart-open's S3 writers.

    Threads may share it. Writing an object takes some 20 MB of memory, independent of its size. A killed writer leaves
    an upload that nobody can read; `discard_stale` aborts it, and a lifecycle rule of the bucket should abort it too.
    """

    provider = "s3"
    part_bytes: ClassVar[int] = PART_BYTES

    def __init__(
        self,
        location: StoreLocation,
        client: Callable[[], S3Client],
        *,
        endpoint_url: str | None = None,
        encryption: Mapping[str, str] | None = None,
        patience: timedelta = timedelta(minutes=1),
    ) -> None:
        """`encryption` is the result of `encryption_of`; without it, the bucket's default is used.

        The calls of an upload are made again for `patience` while the store is away or too busy.
        """
        super().__init__(location, client, patience=patience)
        self.errors = s3_errors
        self._endpoint_url = endpoint_url
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
        location = location_of(url)
        endpoint = location.options.get("endpoint")
        endpoint_url = settings.s3_endpoint_url if endpoint is None else endpoint or None
        client = partial(
            connect,
            endpoint_url=endpoint_url,
            region=location.options.get("region", settings.s3_region),
            profile=location.options.get("profile"),
            is_amazons=endpoint == "",
            patience=patience or S3Patience(),
        )
        storage = cls(
            location,
            client,
            endpoint_url=endpoint_url,
            encryption=encryption_of(settings),
            patience=settings.storage_patience,
        )
        # A mistake in the settings is found here, and not at the first call.
        _ = storage.client
        return storage

    @property
    def place(self) -> str:
        """See `ExportStorage.place`. Another endpoint is another store, which may have a bucket of the same name."""
        return self.location.place(self._endpoint_url or _not_amazons(self.client.meta.endpoint_url))

    def transport_params(self, content_type: str | None) -> Mapping[str, object]:
        """See `SmartOpenStorage.transport_params`."""
        options = {"ContentType": content_type, **self._encryption}
        beginnings = ("create_multipart_upload", "put_object")
        return {"client": self.client, "client_kwargs": {f"S3.Client.{each}": options for each in beginnings}}

    def upload(self, name: str, content_type: str) -> Upload:
        """See `SmartOpenStorage.upload`."""
        return S3Upload(
            self.client,
            self.uri(name),
            self.transport_params(content_type),
            part_bytes=self.part_bytes,
            patience=self.patience.total_seconds(),
        )

    def raw_reader(self, name: str, start: int) -> S3RawReader:
        """See `SmartOpenStorage.raw_reader`. An interrupted download is resumed."""
        return S3RawReader(self.client, self.location.store, name, start)

    def remove(self, name: str) -> None:
        """See `SmartOpenStorage.remove`. With versioning, the old version stays until a lifecycle rule deletes it."""
        metadata = self.client.delete_object(Bucket=self.location.store, Key=name)["ResponseMetadata"]
        # "DeleteObject" of Amazon's API reference: 204.
        if metadata["HTTPStatusCode"] != HTTPStatus.NO_CONTENT and not metadata.get("RequestId"):
            raise invalid_response("the file could not be deleted")

    def names(self, prefix: str) -> Iterator[str]:
        """See `SmartOpenStorage.names`. Reads pages of 1,000."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.location.store, Prefix=prefix)
        for page in pages:
            if "Name" not in page and not page["ResponseMetadata"].get("RequestId"):
                raise invalid_response("the files could not be listed")
            for found in page.get("Contents", []):
                yield found["Key"]

    def require_store(self, failed: str) -> None:
        """See `SmartOpenStorage.require_store`. S3 itself tells a missing bucket from a missing object."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """Abort the uploads of killed writers, and return their number.

        An upload is stale if it began, and got its newest part, before `before` (aware UTC). Choose a time longer ago
        than an export may pause: a writer whose upload was aborted fails with `StorageError`.

        If the credentials do not have the rights, the uploads stay. The log says so once.
        """
        # Not the uploads of other programs in the same bucket or prefix.
        own = self.location.prefix + (prefix or KEY_PREFIX)
        try:
            with s3_errors("unfinished uploads could not be removed"):
                return abort_stale_uploads(self.client, self.location.store, own, before=before)
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
                f"the bucket {self.location.store}: {raised}",
                remedy(raised),
                may_pass=not is_refusal(raised),
            )
        else:
            yield from bucket_problems(self.client, self.location.store, self.location.prefix + KEY_PREFIX)

    def sign(self, name: str, link: Link) -> str:
        """See `SigningStorage.sign`. A link never lives longer than the credentials of this process."""
        parameters = {
            "Bucket": self.location.store,
            "Key": name,
            "ResponseContentDisposition": link.content_disposition,
            "ResponseContentType": link.content_type,
            "ResponseCacheControl": "private, no-store",
        }
        seconds = int(link.lifetime.total_seconds())
        return self.client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)


def location_of(url: str) -> StoreLocation:
    """Return the bucket and the prefix of a storage URL, with the options that the URL does not leave to the settings.

    Raises:
        ConfigurationError: the URL is not valid.
    """
    return StoreLocation.parse(url, usage="s3://bucket/prefix", store=_BUCKET, options=_OPTIONS)


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
