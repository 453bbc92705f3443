"""The storage of examples/storage_plugin on OpenSSH's server."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from tests.stores.openssh import OpenSshPlace
from ticket_export.testing.storage import StorageContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export_sftp.storage import SftpStorage


class TestSftpStorage(StorageContract["SftpStorage"]):
    @pytest.fixture
    def storage(self, sftp_place: OpenSshPlace) -> Iterator[SftpStorage]:
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
