"""Files in a bucket of Google Cloud Storage. Needs ``ticket-export[gcs]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.bases.setup_errors import needs_extra
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage
from ticket_export.settings import Settings

with needs_extra("gcs", "the storage of Google Cloud"):
    from google.api_core.exceptions import RetryError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
    from google.auth.transport.requests import Request
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY


class GcsStorage(SigningStorage[Client]):
    """A store that keeps the object of key ``a/b`` as ``<prefix>a/b`` in a bucket. Threads may share it.

    Google's library finds the credentials: the file that ``GOOGLE_APPLICATION_CREDENTIALS`` names, those of the program
    ``gcloud``, or the account of the machine. With ``STORAGE_EMULATOR_HOST`` it needs none.

    The unfinished object of a killed writer cannot be read; Google deletes it after a week.
    """

    provider, part_bytes = "gs", 16 * 1024 * 1024
    refused = (DefaultCredentialsError, RefreshError)
    trouble = (RetryError, TransportError)
    # Google's library raises the first one for credentials without a key.
    unable = (AttributeError, GoogleAuthError)

    @classmethod
    def from_url(cls, url: str, settings: Settings, **options: Any) -> Self:
        """Return the storage at ``gs://bucket/prefix``; it does not connect yet. `options` are those of the client."""
        location = StoreLocation.parse(url, usage="gs://bucket/prefix", options={})
        # An object's URL has no project.
        return cls(location, lambda: Client(project=None, **options), patience=settings.storage_patience)

    def transport_params(self, content_type: str | None) -> Mapping[str, object]:
        """See `SmartOpenStorage.transport_params`. A link cannot ask for ``no-store``, so every object has it."""
        how = {"content_type": content_type} if content_type else {"chunk_size": self.part_bytes}
        stored = {"cache_control": "private, no-store"}
        driver = {"blob_open_kwargs": how | self._limits, "get_blob_kwargs": self._limits, "blob_properties": stored}
        return {"client": self.client, "min_part_size": self.part_bytes, **driver}

    def remove(self, name: str) -> None:
        """See `SmartOpenStorage.remove`."""
        self.client.bucket(self.location.store).delete_blob(name, **self._limits)

    def names(self, prefix: str) -> Iterator[str]:
        """See `SmartOpenStorage.names`."""
        return (blob.name for blob in self.client.list_blobs(self.location.store, prefix=prefix, **self._limits))

    def sign(self, name: str, link: Link) -> str:
        """See `SigningStorage.sign`. The account of a machine has no key; Google's IAM signs for it."""
        account = self.client._credentials  # noqa: SLF001 - the only name that it has
        signer = {"response_type": link.content_type, "response_disposition": link.content_disposition}
        if not hasattr(account, "sign_bytes") and account.service_account_email:
            account.refresh(Request())
            signer |= {"service_account_email": account.service_account_email, "access_token": account.token}
        blob = self.client.bucket(self.location.store).blob(name)
        return str(blob.generate_signed_url(link.lifetime, version="v4", **signer))

    @property
    def _limits(self) -> dict[str, Any]:
        # Seconds of one attempt, and of all. With longer pauses, it would not notice a store that is back.
        patience = max(self.patience.total_seconds(), 1)
        return {"timeout": min(patience, 20), "retry": DEFAULT_RETRY.with_timeout(patience).with_delay(maximum=5)}
