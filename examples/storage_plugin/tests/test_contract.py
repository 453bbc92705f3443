"""The storage keeps what the library asks of every storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_export.testing.storage import StorageContract
from ticket_export_sftp import SftpStorage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftp_server import SftpServer


class TestSftpStorage(StorageContract[SftpStorage]):
    @pytest.fixture
    def storage(self, server: SftpServer) -> Iterator[SftpStorage]:
        # The back door: the folder that the server serves, which needs no SFTP.
        self.folder = server.folder / "exports"
        yield server.storage()
        # Whatever a test did: nothing beside the folder, and no partial file left.
        assert list(server.folder.iterdir()) in ([], [self.folder])
        assert list(self.folder.glob(".*")) == []

    def put_behind(self, storage: SftpStorage, key: str, data: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        self._file(key).write_bytes(data)

    def get_behind(self, storage: SftpStorage, key: str) -> bytes | None:
        return self._file(key).read_bytes() if self._file(key).exists() else None

    def _file(self, key: str) -> Path:
        return self.folder / key.replace("/", "~")
