"""OpenSSH's server is away, silent, or was restarted: every call ends in time, and the next ones connect again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.stores.openssh import OpenSshPlace, OpenSshServer
from tests.stores.served_store import free_port
from ticket_export.errors import StorageUnavailableError
from ticket_export.storage import ExportStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, read, write

if TYPE_CHECKING:
    from ticket_export_sftp.storage import SftpStorage

#: Seconds of patience for each step of a call, and those that nobody may wait for on a busy machine.
_PATIENCE, _TOO_LONG = 2.0, 10.0

CALLS: dict[str, Callable[[ExportStorage], object]] = {
    "write": lambda storage: write(storage, KEY, b"never"),
    "read": lambda storage: read(storage, KEY),
    "delete": lambda storage: storage.delete(KEY),
    "list": lambda storage: list(storage.list("")),
}


@pytest.fixture
def proxy(openssh: OpenSshServer) -> Iterator[CutProxy]:
    with cut_proxy(f"http://127.0.0.1:{openssh.port}") as proxy:
        yield proxy


def impatient(place: OpenSshPlace, port: int) -> SftpStorage:
    return place.storage(port=port, patience=timedelta(seconds=_PATIENCE))


def fails_in_time(call: Callable[[], object]) -> None:
    began_at = monotonic()
    with pytest.raises(StorageUnavailableError, match="the storage cannot be reached"):
        call()
    assert monotonic() - began_at < _TOO_LONG


@pytest.mark.parametrize("name", CALLS)
def test_server_that_is_away_from_the_start_is_given_up_in_time(sftp_place: OpenSshPlace, name: str) -> None:
    storage = impatient(sftp_place, free_port())
    fails_in_time(lambda: CALLS[name](storage))


@pytest.mark.parametrize("is_connected", [True, False], ids=["after it was used", "before"])
@pytest.mark.parametrize("name", CALLS)
def test_silent_server_is_given_up_in_time(
    sftp_place: OpenSshPlace, proxy: CutProxy, name: str, is_connected: bool
) -> None:
    sftp_place.put(KEY, b"there")
    storage = impatient(sftp_place, proxy.port)
    if is_connected:
        assert read(storage, KEY) == b"there"
    proxy.silence()
    fails_in_time(lambda: CALLS[name](storage))


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


@pytest.mark.parametrize("end", [Exception, None], ids=["its block fails", "it is published"])
def test_writer_whose_server_falls_silent_ends_in_time(
    sftp_place: OpenSshPlace, proxy: CutProxy, end: type[Exception] | None
) -> None:
    storage = impatient(sftp_place, proxy.port)
    part = b"x" * storage.part_bytes
    began_at = monotonic()
    with pytest.raises(end or StorageUnavailableError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
        writer.write(part + b"y")
        # The part has arrived when the next one may begin.
        writer.write(part)
        proxy.silence()
        began_at = monotonic()
        if end:
            raise end
    assert monotonic() - began_at < _TOO_LONG
    assert sftp_place.get(KEY) is None


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
