"""Google Cloud Storage keeps the contract of a storage: on fake-gcs-server, a program of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from tests.stores.fake_gcs import FakeGcsServer, GcsPlace
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import StorageContract

# The server keeps objects as files, so none has the name of the prefix itself.
_BESIDE = ["desk/of-others/exports/a", "desk/of-ours.old"]


class TestGcsStorage(StorageContract[GcsStorage]):
    # It looks at no signature, and does not send the headers that a link asks for; see test_gcs_links.py.
    checks_links = False
    sets_link_headers = False

    @pytest.fixture
    def storage(self, gcs_place: GcsPlace) -> Iterator[GcsStorage]:
        self.place = gcs_place
        for name in _BESIDE:
            gcs_place.put_beside(name, b"not ours")
        yield gcs_place.storage(patience=timedelta(seconds=2))
        # Whatever a test did: nothing next to the prefix.
        assert [name for name in gcs_place.all_names() if not name.startswith("desk/of-ours/")] == _BESIDE

    def put_behind(self, storage: GcsStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: GcsStorage, key: str) -> bytes | None:
        return self.place.get(key)

    def away_behind(self, storage: GcsStorage) -> AbstractContextManager[object]:
        return _away(self.place.server)

    def environment(self, storage: GcsStorage) -> Mapping[str, str]:
        return self.place.environment()


@contextmanager
def _away(server: FakeGcsServer) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()
