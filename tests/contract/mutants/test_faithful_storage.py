"""The faithful storage keeps the contract, so that a mutant fails by its mutation alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep, time
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.mutants.all_mutants import MUTANT, mutant_or_faithful
from tests.contract.mutants.faithful_storage import (
    LINK_PORT,
    PASSWORD,
    FaithfulStorage,
    LinkHandler,
    NotFoundError,
    Store,
)
from tests.unit.infrastructure.storage.installed_packages import install
from ticket_export.testing.storage import StorageContract
from ticket_export.testing.stores import ended_processes, store_back_door

_REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def link_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), LinkHandler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed package that opens ``faithful://``."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "faithful", {"faithful": "tests.contract.mutants.all_mutants:FromUrl"}, {})
    return folder


class TestFaithfulStorage(StorageContract[FaithfulStorage]):
    several_parts = 3_000_000
    mutant = ""

    @pytest.fixture
    def storage(self, tmp_path: Path, link_port: int, site: Path, monkeypatch: pytest.MonkeyPatch) -> FaithfulStorage:
        monkeypatch.setenv(LINK_PORT, str(link_port))
        monkeypatch.setenv(MUTANT, self.mutant)
        monkeypatch.setenv(PASSWORD, "hunter2-of-the-store")
        monkeypatch.syspath_prepend(site)
        if self.mutant == "Waiting":
            # It fails by a process that does not end, however long one waits.
            monkeypatch.setattr(ended_processes, "PATIENCE", 3)
        if self.mutant in {"Leaking", "LeakingLists", "TenReaders"}:
            monkeypatch.setattr(store_back_door, "PATIENCE", 3)
        self.site = site
        self.store = Store(tmp_path / "outer" / "store")
        return cast("FaithfulStorage", mutant_or_faithful()(self.store.folder))

    def put_behind(self, storage: FaithfulStorage, key: str, data: bytes) -> None:
        self.store.put(key, data)

    def get_behind(self, storage: FaithfulStorage, key: str) -> bytes | None:
        try:
            return self.store.get(key)
        except NotFoundError:
            return None

    @contextmanager
    def away_behind(self, storage: FaithfulStorage) -> Iterator[None]:
        self.store.folder.mkdir(parents=True, exist_ok=True)
        self.store.away.touch()
        yield
        self.store.away.unlink()

    def environment(self, storage: FaithfulStorage) -> Mapping[str, str]:
        return {"PYTHONPATH": f"{self.site}:{_REPOSITORY}", PASSWORD: os.environ[PASSWORD]}

    def link_lifetime(self, url: str) -> timedelta:
        return timedelta(seconds=float(parse_qs(urlsplit(url).query)["expires"][0]) - time())


class TestPaging(TestFaithfulStorage):
    mutant = "Paging"


class TestPlugin(TestFaithfulStorage):
    mutant = "Plugin"


class TestFolderPlugin(TestFaithfulStorage):
    mutant = "FolderPlugin"

    def begin_behind(self, storage: FaithfulStorage, key: str) -> None:
        # The file is made in another thread.
        before = len(_files(self.store))
        super().begin_behind(storage, key)
        deadline = monotonic() + 60
        while len(_files(self.store)) == before:
            assert monotonic() < deadline, "the writer has made no file"
            sleep(0.01)


def _files(store: Store) -> list[Path]:
    return [*store.objects.iterdir()] if store.objects.exists() else []
