"""Google Cloud Storage keeps the contract of a storage: on fake-gcs-server, a program of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.fake_gcs import FakeGcsServer
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import StorageContract

# Some tests wait for all of it: their writer was open before the store went away.
_PATIENCE = timedelta(seconds=10)
_BESIDE = ["desk/of-others/exports/a", "desk/of-ours"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGcsServer]:
    with FakeGcsServer(tmp_path_factory.mktemp("gcs") / "data", in_memory=True) as server:
        yield server


class TestGcsStorage(StorageContract[GcsStorage]):
    # It looks at no signature, and ignores the headers that a link asks for; see tests/integration/gcs/test_links.py.
    checks_links = False
    sets_link_headers = False
    # More than two parts of 16 MiB.
    several_parts = 34_000_000
    has_versions = False  # see tests/integration/gcs/test_versions.py

    @pytest.fixture
    def storage(self, server: FakeGcsServer) -> Iterator[GcsStorage]:
        self.place = server.new_place()
        for name in _BESIDE:
            self.place.put_beside(name, b"not ours")
        with cut_proxy(f"http://127.0.0.1:{server.port}") as self.proxy:
            yield self.place.storage(port=self.proxy.port, patience=_PATIENCE)
        # Whatever a test did: nothing next to the prefix.
        assert [name for name in self.place.all_names() if not name.startswith("desk/of-ours/")] == _BESIDE

    def put_behind(self, storage: GcsStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: GcsStorage, key: str) -> bytes | None:
        return self.place.get(key)

    def away_behind(self, storage: GcsStorage) -> AbstractContextManager[object]:
        return _cut(storage, self.proxy)

    def environment(self, storage: GcsStorage) -> Mapping[str, str]:
        return self.place.environment(self.proxy.port)


@contextmanager
def _cut(storage: GcsStorage, proxy: CutProxy) -> Iterator[None]:
    """Let nothing wait for long for what does not come; on a busy machine, all else may take its time."""
    patience, storage.patience = storage.patience, timedelta(seconds=1)
    proxy.cut()
    yield
    proxy.mend()
    storage.patience = patience
