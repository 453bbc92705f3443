"""Azure Blob Storage keeps the contract of a storage: on Azurite, Microsoft's emulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.azurite import AzurePlace
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.testing.storage import StorageContract

_BESIDE = ["desk/of-others/exports/a", "desk/of-ours"]


class TestAzureStorage(StorageContract[AzureStorage]):
    # More than three parts of 3 MiB.
    several_parts = 10_000_000

    @pytest.fixture
    def storage(self, azure_place: AzurePlace) -> Iterator[AzureStorage]:
        self.place = azure_place
        for name in _BESIDE:
            azure_place.client.upload_blob(name, b"not ours")
        with cut_proxy(f"http://127.0.0.1:{azure_place.port}") as self.proxy:
            yield azure_place.storage(port=self.proxy.port)
        # Whatever a test did: nothing next to the prefix.
        names = azure_place.client.list_blob_names()
        assert [name for name in names if not name.startswith("desk/of-ours/")] == _BESIDE

    def put_behind(self, storage: AzureStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: AzureStorage, key: str) -> bytes | None:
        return self.place.get(key)

    def away_behind(self, storage: AzureStorage) -> AbstractContextManager[object]:
        return _cut(storage, self.proxy)

    def environment(self, storage: AzureStorage) -> Mapping[str, str]:
        return self.place.environment(self.proxy.port)


@contextmanager
def _cut(storage: AzureStorage, proxy: CutProxy) -> Iterator[None]:
    """Let nothing wait for long for what does not come; on a busy machine, all else may take its time."""
    retries = storage.client._config.retry_policy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "patience", timedelta(seconds=0.5))
        # Seconds of tries, and of each pause between two.
        patch.setattr(retries, "total_retries", 0.5)
        patch.setattr(retries, "random_jitter_range", 0.2)
        proxy.cut()
        yield
        proxy.mend()
