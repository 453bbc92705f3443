"""OpenSSH's server is away, silent, or was restarted: every call ends in time, and the next ones connect again."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.openssh import OpenSshPlace, OpenSshServer
from tests.stores.patience import CALLS, PatienceContract, fails_in_time, impatient
from tests.stores.served_store import Place
from ticket_export.errors import StorageUnavailableError
from ticket_export.testing.storage import KEY, read, write

if TYPE_CHECKING:
    from ticket_export_sftp.storage import SftpStorage


@pytest.fixture
def proxy(openssh: OpenSshServer) -> Iterator[CutProxy]:
    with cut_proxy(f"http://127.0.0.1:{openssh.port}") as proxy:
        yield proxy


class TestSftp(PatienceContract):
    @pytest.fixture
    def place(self, sftp_place: OpenSshPlace) -> Place:
        return sftp_place

    @pytest.fixture
    def proxy(self, proxy: CutProxy) -> CutProxy:
        return proxy


@pytest.mark.parametrize("name", CALLS)
def test_server_that_falls_silent_after_it_was_used_is_given_up_in_time(
    sftp_place: OpenSshPlace, proxy: CutProxy, name: str
) -> None:
    sftp_place.put(KEY, b"there")
    storage = impatient(sftp_place, proxy.port)
    assert read(storage, KEY) == b"there"
    proxy.silence()
    fails_in_time(name, storage)


@pytest.mark.parametrize("name", CALLS)
def test_server_that_was_restarted_is_connected_to_again(
    openssh: OpenSshServer, sftp_place: OpenSshPlace, name: str
) -> None:
    sftp_place.put(KEY, b"there")
    storage = sftp_place.storage()
    assert read(storage, KEY) == b"there"
    openssh.kill()
    openssh.start()
    CALLS[name](storage)


def test_upload_whose_connection_is_cut_is_not_published(sftp_place: OpenSshPlace, proxy: CutProxy) -> None:
    storage = sftp_place.storage(port=proxy.port)
    part = storage.part_bytes
    proxy.after(part + part // 2, proxy.cut)
    with pytest.raises(StorageUnavailableError, match="the storage cannot be reached"):
        write(storage, KEY, b"x" * (3 * part))
    assert sftp_place.get(KEY) is None
    proxy.mend()
    write(storage, KEY, b"whole")
    assert sftp_place.get(KEY) == b"whole"


def test_forked_process_has_connections_of_its_own(sftp_place: OpenSshPlace) -> None:
    sftp_place.put(KEY, b"there")
    storage = sftp_place.storage()
    assert read(storage, KEY) == b"there"
    context = get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_read_in, args=(storage, theirs))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == (b"there", 1)
    process.join(60)
    assert process.exitcode == 0
    assert read(storage, KEY) == b"there"


def _read_in(storage: SftpStorage, pipe: Pipe) -> None:
    idle = len(storage.client)
    assert idle == 0
    pipe.send((read(storage, KEY), len(storage.client)))
