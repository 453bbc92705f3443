"""The storage of examples/storage_plugin on OpenSSH's server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from tests.stores.openssh import OpenSshPlace, OpenSshServer
from ticket_export.testing.storage import StorageContract

if TYPE_CHECKING:
    from ticket_export_sftp.storage import SftpStorage


class TestSftpStorage(StorageContract["SftpStorage"]):
    @pytest.fixture
    def storage(self, openssh: OpenSshServer, sftp_place: OpenSshPlace) -> Iterator[SftpStorage]:
        self.server = openssh
        self.place = sftp_place
        yield sftp_place.storage()
        # Whatever a test did.
        assert [name for name in sftp_place.names() if name.startswith(".")] == []

    def put_behind(self, storage: SftpStorage, key: str, data: bytes) -> None:
        self.place.put(key, data)

    def get_behind(self, storage: SftpStorage, key: str) -> bytes | None:
        return self.place.get(key)

    def begin_behind(self, storage: SftpStorage, key: str) -> None:
        # The file is made in another thread.
        before = len(self.place.names())
        super().begin_behind(storage, key)
        deadline = monotonic() + 60
        while len(self.place.names()) == before:
            assert monotonic() < deadline, "the writer has made no file"
            sleep(0.01)

    @contextmanager
    def away_behind(self, storage: SftpStorage) -> Iterator[None]:
        self.server.kill()
        try:
            yield
        finally:
            self.server.start()

    def environment(self, storage: SftpStorage) -> Mapping[str, str]:
        return self.place.environment()
