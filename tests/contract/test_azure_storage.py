"""`AzureStorage` keeps the contract of storages on Azurite, Microsoft's emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.azurite import AzurePlace
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.testing.storage import StorageContract


class TestAzureStorage(StorageContract[AzureStorage]):
    place: AzurePlace

    @pytest.fixture
    def storage(self, azure_place: AzurePlace) -> Iterator[AzureStorage]:
        self.place = azure_place
        azure_place.client.upload_blob("desk/of-others/exports/a", b"not ours")
        azure_place.client.upload_blob("desk/of-ours", b"not ours")
        yield azure_place.storage()
        # Whatever a test did: nothing beside the prefix.
        beside = [name for name in azure_place.client.list_blob_names() if not name.startswith("desk/of-ours/")]
        assert beside == ["desk/of-others/exports/a", "desk/of-ours"]

    def put_behind(self, storage: AzureStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: AzureStorage, key: str) -> bytes | None:
        return self.place.get(key)
