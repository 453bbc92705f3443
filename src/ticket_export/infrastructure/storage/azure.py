"""Files in a container of Azure Blob Storage. Needs ``ticket-export[azure]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Self

from ticket_export.infrastructure.storage.bases.location import StoreLocation, canonical
from ticket_export.infrastructure.storage.bases.setup_errors import advised, needs_extra
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage
from ticket_export.settings import Settings, azure_variables

with needs_extra("azure", "the Azure storage"):
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.storage.blob import BlobServiceClient, ContentSettings, LinearRetry, generate_blob_sas


class AzureStorage(SigningStorage[BlobServiceClient]):
    """A store that keeps the object of key ``a/b`` as the block blob ``<prefix>a/b`` in a container.

    Threads may share it. The unfinished blob of a killed writer cannot be read; Azure deletes it after a week.
    """

    # Two are sent at once, so five are in memory.
    provider, refused, trouble, part_bytes = "azure", (ClientAuthenticationError,), (AzureError,), 3 * 1024 * 1024

    @classmethod
    @advised("set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT and what azure-identity needs")
    def from_url(cls, url: str, settings: Settings) -> Self:
        """Return the storage at ``azure://container/prefix``; it does not connect yet.

        With ``AZURE_STORAGE_CONNECTION_STRING``, that is the account and its credentials. Otherwise, or if
        ``?endpoint=…`` is another account, azure-identity finds the credentials, and the account is that of the
        endpoint or ``AZURE_STORAGE_ACCOUNT``.

        Raises:
            ConfigurationError: the URL or a variable is not valid, or there is no account.
        """
        (secret, account), patience = azure_variables(), settings.storage_patience_seconds
        account = canonical(BlobServiceClient.from_connection_string(secret).primary_endpoint) if secret else account
        location = StoreLocation.parse(url, usage="azure://container/prefix", endpoint=account)
        endpoint = canonical(location.options["endpoint"])
        wait = min(patience, 20)
        how: Any = {"retry_policy": _Patience(0, int(patience)), "connection_timeout": wait, "read_timeout": wait}

        def connect() -> BlobServiceClient:
            if secret and endpoint == account:
                return BlobServiceClient.from_connection_string(secret, **how)
            from azure.identity import DefaultAzureCredential

            return BlobServiceClient(endpoint, DefaultAzureCredential(), **how)

        return cls(location, connect, patience=settings.storage_patience)

    def transport_params(self, content_type: str | None) -> Mapping[str, object]:
        """See `SmartOpenStorage.transport_params`."""
        headers = {"content_settings": ContentSettings(content_type=content_type)}
        return {"client": self.client, "min_part_size": self.part_bytes, "blob_kwargs": headers}

    def remove(self, name: str) -> None:
        """See `SmartOpenStorage.remove`."""
        self.client.get_blob_client(self.location.store, name).delete_blob()

    def names(self, prefix: str) -> Iterable[str]:
        """See `SmartOpenStorage.names`."""
        return self.client.get_container_client(self.location.store).list_blob_names(name_starts_with=prefix)

    def sign(self, name: str, link: Link) -> str:
        """See `SigningStorage.sign`. Without the account's key, Azure makes a key for the identity of this process."""
        key = getattr(self.client.credential, "account_key", None)
        lent = None if key else self.client.get_user_delegation_key(link.begins, link.ends)
        signed: Any = {"account_key": key, "user_delegation_key": lent, "permission": "r", "expiry": link.ends}
        token = generate_blob_sas(str(self.client.account_name), self.location.store, name, **signed, **link.headers)
        return f"{self.client.primary_endpoint}{self.location.store}/{name}?{token}"


class _Patience(LinearRetry):
    """Makes a call again, after pauses of up to 3 s, until its time is over."""

    def increment(self, settings: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        """See `LinearRetry.increment`. The time begins with the first try that fails."""
        # All that is sent again are bytes, so nothing has to be rewound.
        end = settings.setdefault("end", monotonic() + self.total_retries)
        return monotonic() < end and not isinstance(error, ClientAuthenticationError)
