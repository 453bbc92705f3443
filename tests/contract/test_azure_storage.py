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
    @pytest.fixture
    def storage(self, azure_place: AzurePlace) -> Iterator[AzureStorage]:
        self.place = azure_place
        for name in _BESIDE:
            azure_place.client.upload_blob(name, b"not ours")
        with cut_proxy(f"http://127.0.0.1:{azure_place.port}") as self.proxy:
            # What is away is waited for in vain; on a busy machine, an answer may take its time.
            yield azure_place.storage(port=self.proxy.port, patience=timedelta(seconds=2))
        # Whatever a test did: nothing next to the prefix.
        names = azure_place.client.list_blob_names()
        assert [name for name in names if not name.startswith("desk/of-ours/")] == _BESIDE

    def put_behind(self, storage: AzureStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: AzureStorage, key: str) -> bytes | None:
        return self.place.get(key)

    def away_behind(self, storage: AzureStorage) -> AbstractContextManager[object]:
        return _cut(self.proxy)

    def environment(self, storage: AzureStorage) -> Mapping[str, str]:
        return self.place.environment(self.proxy.port)


@contextmanager
def _cut(proxy: CutProxy) -> Iterator[None]:
    proxy.cut()
    yield
    proxy.mend()
