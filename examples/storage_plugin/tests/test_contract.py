"""The storage keeps every promise of a storage, on OpenSSH's server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest

from openssh import SSHD, OpenSsh
from ticket_export import Settings
from ticket_export.testing import StorageContract
from ticket_export_sftp.storage import SftpStorage


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSsh]:
    """A server for all tests."""
    if SSHD is None:
        (pytest.fail if os.environ.get("TICKET_EXPORT_TEST_REQUIRE") else pytest.skip)("sshd is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = OpenSsh(tmp_path_factory.mktemp("server"), port)
    server.start()
    yield server
    server.kill()


class TestSftpStorage(StorageContract[SftpStorage]):
    @pytest.fixture
    def storage(self, server: OpenSsh, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpStorage]:
        monkeypatch.setenv("HOME", str(server.home))
        self.server = server
        url = server.url(f"exports-{uuid4().hex}")
        storage = SftpStorage.from_url(url, Settings(storage_url=url))
        # The server's disk is this one.
        self.folder = Path(storage.uri(""))
        yield storage
        # Whatever a test did, no temporary file is left.
        assert list(self.folder.glob(".*")) == []

    def put_behind(self, storage: SftpStorage, key: str, data: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        self._file(key).write_bytes(data)

    def get_behind(self, storage: SftpStorage, key: str) -> bytes | None:
        return self._file(key).read_bytes() if self._file(key).exists() else None

    def begin_behind(self, storage: SftpStorage, key: str) -> None:
        # The file is made in another thread.
        before = set(self.folder.glob(".*"))
        super().begin_behind(storage, key)
        deadline = monotonic() + 60
        while set(self.folder.glob(".*")) <= before:
            assert monotonic() < deadline, "the writer has made no file"
            sleep(0.01)

    @contextmanager
    def away_behind(self, storage: SftpStorage) -> Iterator[None]:
        self.server.kill()
        yield
        self.server.start()

    def environment(self, storage: SftpStorage) -> Mapping[str, str]:
        return {"HOME": str(self.server.home)}

    def _file(self, key: str) -> Path:
        return self.folder / key.replace("/", "~")
