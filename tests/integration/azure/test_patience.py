"""Azure Blob Storage is away, silent or restarted: every call waits for the patience, and not much longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobBlock

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.azurite import AzurePlace, AzuriteServer
from tests.stores.patience import CALLS, PatienceContract
from tests.stores.served_store import Place
from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, write


@pytest.fixture
def proxy(azure_place: AzurePlace) -> Iterator[CutProxy]:
    with cut_proxy(f"http://127.0.0.1:{azure_place.port}") as proxy:
        yield proxy


class TestAzure(PatienceContract):
    @pytest.fixture
    def place(self, azure_place: AzurePlace) -> Place:
        return azure_place

    @pytest.fixture
    def proxy(self, proxy: CutProxy) -> CutProxy:
        return proxy


@pytest.mark.parametrize("name", CALLS)
def test_store_that_is_back_within_the_patience_is_waited_for(
    azure_place: AzurePlace, proxy: CutProxy, name: str
) -> None:
    azure_place.put(KEY, b"there")
    storage = azure_place.storage(port=proxy.port)
    proxy.cut(mend_after=2)
    CALLS[name](storage)
    assert proxy.in_vain == 2


def test_reading_goes_on_when_the_store_is_back(azure_place: AzurePlace, proxy: CutProxy) -> None:
    data = bytes(range(256)) * 50_000
    azure_place.put(KEY, data)
    with azure_place.storage(port=proxy.port).open_reader(KEY) as stream:
        first = stream.read(1_000_000)
        proxy.cut(mend_after=2)
        assert first + stream.read() == data
    assert proxy.in_vain == 2


def test_upload_goes_on_when_its_connections_were_cut(azure_place: AzurePlace, proxy: CutProxy) -> None:
    part = AzureStorage.part_bytes
    proxy.after(part + part // 2, lambda: proxy.cut(mend_after=2))
    data = bytes(range(256)) * (3 * part // 256)
    write(azure_place.storage(port=proxy.port), KEY, data)
    assert proxy.in_vain == 2
    assert azure_place.get(KEY) == data


@pytest.mark.parametrize("length", [1000, AzureStorage.part_bytes], ids=["small", "one part"])
def test_request_whose_answer_was_lost_is_made_again(azure_place: AzurePlace, proxy: CutProxy, length: int) -> None:
    storage = azure_place.storage(port=proxy.port)
    proxy.after(length, proxy.lose_answer)
    write(storage, KEY, b"x" * length)
    assert azure_place.get(KEY) == b"x" * length


def test_upload_goes_on_when_the_store_was_restarted(tmp_path: Path) -> None:
    with AzuriteServer(tmp_path / "data") as server:
        place = server.new_place()
        storage = place.storage()
        data = bytes(range(256)) * (3 * AzureStorage.part_bytes // 256)
        half = len(data) // 2
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(data[:half])
            server.stop()
            server.start()
            writer.write(data[half:])
        assert place.get(KEY) == data


def test_upload_whose_blocks_are_gone_is_begun_again_by_another_attempt(azure_place: AzurePlace) -> None:
    storage = azure_place.storage()
    part = b"x" * AzureStorage.part_bytes
    text = "the storage has lost the beginning of it"
    with pytest.raises(StorageUnavailableError, match=text), storage.open_writer(KEY, CONTENT_TYPE) as writer:
        writer.write(part + b"y")
        # A part has arrived when the third one after it may begin.
        for _ in range(3):
            writer.write(part)
        # A commit discards all other blocks of the blob. Their ids have one length, that of smart-open's.
        blob, block = azure_place.client.get_blob_client(f"desk/of-ours/{KEY}"), "x" * 47
        blob.stage_block(block, b"from elsewhere")
        blob.commit_block_list([BlobBlock(block)])
    assert azure_place.get(KEY) == b"from elsewhere"
