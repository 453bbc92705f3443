"""Google Cloud Storage is away or silent: every call waits as long as the patience says, and not much longer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.fake_gcs import FakeGcsServer, GcsPlace
from tests.stores.patience import CALLS, PatienceContract
from tests.stores.served_store import Place
from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, read, write


@pytest.fixture
def proxy(fake_gcs_server: FakeGcsServer) -> Iterator[CutProxy]:
    with cut_proxy(f"http://127.0.0.1:{fake_gcs_server.port}") as proxy:
        fake_gcs_server.let_reads_go_by(proxy.port)
        yield proxy
    fake_gcs_server.let_reads_go_by(fake_gcs_server.port)


class TestGcs(PatienceContract):
    @pytest.fixture
    def place(self, gcs_place: GcsPlace) -> Place:
        return gcs_place

    @pytest.fixture
    def proxy(self, proxy: CutProxy) -> CutProxy:
        return proxy


@pytest.mark.parametrize("name", CALLS)
def test_store_that_is_back_within_the_patience_is_waited_for(gcs_place: GcsPlace, proxy: CutProxy, name: str) -> None:
    gcs_place.put(KEY, b"there")
    storage = gcs_place.storage(port=proxy.port)
    proxy.cut(mend_after=3)
    CALLS[name](storage)
    assert proxy.in_vain == 3


def test_reading_goes_on_when_the_store_is_back(gcs_place: GcsPlace, proxy: CutProxy) -> None:
    data = bytes(range(256)) * 50_000
    gcs_place.put(KEY, data)
    with gcs_place.storage(port=proxy.port).open_reader(KEY) as stream:
        first = stream.read(1_000_000)
        proxy.cut(mend_after=2)
        assert first + stream.read() == data
    assert proxy.in_vain == 2


def test_upload_goes_on_when_its_connections_were_cut(gcs_place: GcsPlace, proxy: CutProxy) -> None:
    part = GcsStorage.part_bytes
    proxy.after(part + part // 2, lambda: proxy.cut(mend_after=3))
    data = bytes(range(256)) * (3 * part // 256)
    write(gcs_place.storage(port=proxy.port), KEY, data)
    assert proxy.in_vain == 3
    assert gcs_place.get(KEY) == data


def test_file_whose_last_answer_was_lost_is_published(
    gcs_place: GcsPlace, proxy: CutProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # The upload of a small file is two requests, and this is in the middle of the second one. Google would repeat its
    # answer; this server says that there is no such upload, so the file is read and compared.
    proxy.after(100_000, proxy.lose_answer)
    write(gcs_place.storage(port=proxy.port), KEY, b"x" * 200_000)
    assert "a file was published, although its response was lost" in caplog.messages
    assert gcs_place.get(KEY) == b"x" * 200_000


def test_object_with_a_wrong_checksum_does_not_stay(gcs_place: GcsPlace, proxy: CutProxy) -> None:
    part = GcsStorage.part_bytes
    # A part comes twice, since its answer was lost. Google ignores bytes that it has; this server stores them again.
    proxy.after(part // 2, proxy.lose_answer)
    with pytest.raises(StorageUnavailableError, match="the storage failed; the log has the cause"):
        write(gcs_place.storage(port=proxy.port), KEY, b"x" * (part + 1))
    assert gcs_place.names() == []


def test_store_that_is_restarted_before_an_upload_is_waited_for(tmp_path: Path) -> None:
    with FakeGcsServer(tmp_path / "data") as server:
        place = server.new_place()
        storage = place.storage()
        write(storage, f"{KEY}.before", b"before")
        server.kill()
        restart = Timer(1, server.start)
        restart.start()
        write(storage, KEY, b"after")
        restart.join(60)
        assert place.names() == [KEY, f"{KEY}.before"]
        assert read(storage, f"{KEY}.before") == b"before"


def test_store_that_is_restarted_during_an_upload_loses_the_attempt(tmp_path: Path) -> None:
    part = b"x" * GcsStorage.part_bytes
    with FakeGcsServer(tmp_path / "data") as server:
        place = server.new_place()
        storage = place.storage()
        lost = "the storage has lost the beginning of it"
        # Google keeps what it has of an upload; this server does not.
        with pytest.raises(StorageUnavailableError, match=lost), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(part + b"y")
            # The first part has arrived when the second one begins.
            writer.write(part)
            server.kill()
            server.start()
        assert place.names() == []
        write(storage, KEY, part)
        assert place.get(KEY) == part
