"""Files in a container of Azure Blob Storage. Needs ``ticket-export[azure]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from math import ceil
from secrets import token_hex
from time import monotonic
from typing import Any, Self

from ticket_export.errors import MissingExtraError
from ticket_export.infrastructure.storage.bases.location import StoreLocation, canonical
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage
from ticket_export.settings import Settings, azure_variables

try:
    from azure.core.exceptions import AzureError, ClientAuthenticationError, ResourceNotFoundError
    from azure.storage import blob as azure
except ImportError as error:
    raise MissingExtraError("azure", "the Azure storage") from error


class AzureStorage(SigningStorage[azure.BlobServiceClient]):
    """A store that keeps the object of key ``a/b`` as the block blob ``<prefix>a/b`` in a container.

    Threads may share it. The unfinished blob of a killed writer cannot be read; Azure deletes it after a week.
    """

    provider, missing, refused = "azure", (ResourceNotFoundError,), (ClientAuthenticationError,)
    trouble = (AzureError,)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        """Return the storage at ``azure://container/prefix``; it does not connect yet.

        With ``AZURE_STORAGE_CONNECTION_STRING``, that is the account and its credentials. Otherwise, or if
        ``?endpoint=…`` is another account, azure-identity finds the credentials, and the account is that of the
        endpoint or ``AZURE_STORAGE_ACCOUNT``.

        Raises:
            ConfigurationError: the URL is not valid.
        """
        location = StoreLocation.parse(url, usage="azure://container/prefix")
        endpoint, seconds = location.options.get("endpoint"), settings.storage_patience_seconds
        client = partial(_connect, endpoint, *azure_variables(), seconds)
        return cls(location, client, patience=settings.storage_patience)

    @property
    def place(self) -> str:
        """See `ExportStorage.place`. Another account is another store, which may have a container of the same name."""
        return self.location.place(self.client.primary_endpoint)

    def uri(self, name: str) -> str:
        """See `SmartOpenStorage.uri`."""
        return f"azure://{self.location.store}/{name}"

    def blob(self, name: str) -> azure.BlobClient:
        """Return the client of one blob."""
        return self.client.get_blob_client(self.location.store, name)

    def transport_params(self, content_type: str | None) -> Mapping[str, object]:
        """See `SmartOpenStorage.transport_params`."""
        if content_type is None:
            return {"client": self.client}
        headers = {"content_settings": azure.ContentSettings(content_type=content_type)}
        return {"client": _OwnBlocks(self), "min_part_size": self.part_bytes, "blob_kwargs": headers}

    def remove(self, name: str) -> None:
        """See `SmartOpenStorage.remove`."""
        self.blob(name).delete_blob()

    def names(self, prefix: str) -> Iterable[str]:
        """See `SmartOpenStorage.names`."""
        return self.client.get_container_client(self.location.store).list_blob_names(name_starts_with=prefix)

    def sign(self, name: str, link: Link) -> str:
        """See `SigningStorage.sign`. Without the account's key, Azure makes a key for the identity of this process."""
        blob, now = self.blob(name), datetime.now(UTC)
        key = getattr(self.client.credential, "account_key", None)
        token = azure.generate_blob_sas(
            str(blob.account_name),
            blob.container_name,
            name,
            account_key=key,
            user_delegation_key=None if key else self.client.get_user_delegation_key(now, now + link.lifetime),
            permission="r",
            expiry=now + link.lifetime,
            content_disposition=link.content_disposition,
            content_type=link.content_type,
            cache_control="private, no-store",
        )
        return f"{blob.url}?{token}"


class _OwnBlocks:
    """A blob with blocks that are its writer's alone: smart-open numbers them, so those of two writers would mix.

    A blob that is smaller than a part needs no blocks, and only one request.
    """

    def __init__(self, storage: AzureStorage) -> None:
        self._storage, self._writer, self._whole = storage, token_hex(8), b""
        self._ids: list[str] = []

    def get_blob_client(self, name: str) -> Self:
        """Return what smart-open writes to."""
        self._blob = self._storage.blob(name)
        return self

    def stage_block(self, _id: bytes, data: bytes) -> None:
        """Store a block, unless it is the whole blob."""
        if not self._ids and len(data) < self._storage.part_bytes:
            self._whole = data
        else:
            self._ids.append(f"{self._writer}{len(self._ids):05}")
            self._blob.stage_block(self._ids[-1], data)

    def commit_block_list(self, _blocks: object, **options: Any) -> None:
        """Make the blob readable."""
        if self._ids:
            self._blob.commit_block_list([azure.BlobBlock(each) for each in self._ids], **options)
        else:
            self._blob.upload_blob(self._whole, overwrite=True, **options)


class _Patience(azure.LinearRetry):
    """Makes a call again, after a pause of a second, until its time is over."""

    def increment(self, settings: dict[str, Any], *request: Any, **outcome: Any) -> bool:
        """See `LinearRetry.increment`. The time begins with the first try that fails."""
        end = settings.setdefault("end", monotonic() + self.total_retries)
        return monotonic() < end and super().increment(settings, *request, **outcome)


def _connect(
    endpoint: str | None, connection_string: str | None, account: str | None, seconds: float
) -> azure.BlobServiceClient:
    tries = ceil(seconds)
    policy = _Patience(1, tries, random_jitter_range=0, retry_connect=tries, retry_read=tries, retry_status=tries)
    options: dict[str, Any] = {"retry_policy": policy, "connection_timeout": 5, "read_timeout": 18}
    if connection_string:
        client = azure.BlobServiceClient.from_connection_string(connection_string, **options)
        if endpoint in {None, canonical(client.primary_endpoint)}:
            return client
    from azure.identity import DefaultAzureCredential

    return azure.BlobServiceClient(str(endpoint or account), DefaultAzureCredential(), **options)
