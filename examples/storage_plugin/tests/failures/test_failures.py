"""Whatever fails at any step: a whole file or none, the rest is swept when it is old, and no message has a secret."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from sftp_server import PASSWORD, USER, SftpServer, cut_after, cut_before, denied, full
from ticket_export import StorageError
from ticket_export.errors import ObjectNotFoundError
from ticket_export_sftp.storage import SftpStorage

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "exports/job/1/tickets.csv"
DATA = bytes(range(256)) * 400
LATER = timedelta(hours=1)
KILLED_WHILE_WRITING = """
import sys, time
from ticket_export import Settings
from ticket_export_sftp.storage import SftpStorage
storage = SftpStorage.from_url(sys.argv[1], Settings(storage_url=sys.argv[1]))
with storage.open_writer("exports/job/1/tickets.csv", "text/csv") as writer:
    writer.write(b"x" * 26_000_000)
    print("written", flush=True)
    time.sleep(600)
"""


def write(storage: SftpStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        for start in range(0, len(DATA), 1000):
            writer.write(DATA[start : start + 1000])


def read(storage: SftpStorage) -> bytes:
    with storage.open_reader(KEY) as stream:
        return stream.read()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not is_so():
        assert monotonic() < deadline
        sleep(0.01)


def read_after_a_cut(storage: SftpStorage) -> bytes:
    """For a moment, a connection does not know that it was cut. Then a new one is made."""
    for _ in range(100):
        try:
            return read(storage)
        except ObjectNotFoundError:
            raise
        except StorageError:
            sleep(0.05)
    return read(storage)


def assert_nothing_is_left_after_a_sweep(storage: SftpStorage, server: SftpServer) -> None:
    assert list(storage.list("")) == []
    with pytest.raises(ObjectNotFoundError):
        read_after_a_cut(storage)
    storage.discard_stale(datetime.now(UTC) + LATER)
    assert list(server.folder.glob("exports/*")) == []


def assert_safe_to_show(error: StorageError, server: SftpServer) -> None:
    for secret in (PASSWORD, USER + "@", "127.0.0.1", str(server.port), str(server.folder), "/exports"):
        assert secret not in str(error)


@pytest.fixture
def steps(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> range:
    """The requests of a write that makes the folder too. Parts are small, so that there are several."""
    monkeypatch.setattr(SftpStorage, "part_bytes", 50_000)
    write(server.storage())
    shutil.rmtree(server.folder / "exports")
    assert server.requests > 10
    return range(1, server.requests + 1)


@pytest.mark.parametrize("fault", [cut_before, cut_after, full, denied])
def test_fault_at_any_step_of_a_write_leaves_the_whole_file_or_nothing(
    server: SftpServer, steps: range, fault: Callable[[SftpServer, Callable[[], object]], None]
) -> None:
    server.fault = fault
    failed = 0
    for step in steps:
        storage = server.storage()
        server.requests, server.fail_at = 0, step
        try:
            write(storage)
        except StorageError as error:
            assert server.requests >= step
            assert_safe_to_show(error, server)
            failed += 1
        else:
            assert read_after_a_cut(storage) == DATA
            storage.delete(KEY)
        assert_nothing_is_left_after_a_sweep(storage, server)
        shutil.rmtree(server.folder / "exports", ignore_errors=True)
    # Not a failure: no folder yet, a folder that was made after all, and a renaming that took effect.
    assert failed >= len(steps) - 3


def test_replacement_that_fails_at_the_renaming_leaves_what_was_there(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    server.requests = 0
    write(storage)
    server.requests, server.fail_at, server.fault = 0, server.requests, cut_before
    with pytest.raises(StorageError), storage.open_writer(KEY, "text/csv") as writer:
        writer.write(bytes(len(DATA)))
    assert server.requests >= server.fail_at
    assert read_after_a_cut(storage) == DATA


def test_connection_that_has_ended_is_replaced_by_a_new_one(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    assert read(storage) == DATA
    logins = len(server.logins)
    server.cut()
    wait_until(lambda: storage.client[0].sftp.sock.closed)
    assert read(storage) == DATA
    assert len(server.logins) == logins + 1


def test_connection_is_closed_after_an_error(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    server.requests, server.fail_at, server.fault = 0, 1, denied
    with pytest.raises(StorageError):
        storage.delete(KEY)
    wait_until(lambda: server.connections == 0)


def test_threads_have_a_connection_each_and_leave_it_to_the_next_ones(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, [storage] * 20)) == [DATA] * 20
    assert len(storage.client) <= 4
    # The connection that found no folder was closed.
    assert len(server.logins) == len(storage.client) + 1


def test_file_that_the_server_has_kept_a_part_of_is_not_published(server: SftpServer) -> None:
    storage = server.storage()
    server.loses_the_end = True
    with pytest.raises(StorageError, match="only a part of it"):
        write(storage)
    assert_nothing_is_left_after_a_sweep(storage, server)


def test_connection_that_ends_in_the_middle_of_reading_is_a_storage_error(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    with storage.open_reader(KEY) as stream:
        assert stream.read(1000) == DATA[:1000]
        server.cut()
        with pytest.raises(StorageError) as caught:
            stream.read()
    assert_safe_to_show(caught.value, server)
    assert read_after_a_cut(storage) == DATA


@pytest.mark.parametrize("fault", [cut_before, denied])
def test_failed_reading_listing_and_deleting_is_a_storage_error(
    server: SftpServer, fault: Callable[[SftpServer, Callable[[], object]], None]
) -> None:
    storage = server.storage()
    write(storage)
    server.fault = fault
    for action in (lambda: read(storage), lambda: list(storage.list("")), lambda: storage.delete(KEY)):
        server.requests, server.fail_at = 0, 1
        with pytest.raises(StorageError) as caught:
            action()
        assert_safe_to_show(caught.value, server)
        assert not isinstance(caught.value, ObjectNotFoundError)
    assert read_after_a_cut(storage) == DATA


def test_killed_writer_leaves_nothing_readable_and_its_rest_is_swept_once_it_is_old(server: SftpServer) -> None:
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        # The file is made in another thread.
        wait_until(lambda: list(server.folder.glob("exports/.*")) != [])
        writer.kill()
    storage = server.storage()
    assert list(storage.list("")) == []
    assert storage.discard_stale(datetime.now(UTC) - LATER) == 0
    assert len(list(server.folder.glob("exports/.*"))) == 1
    assert storage.discard_stale(datetime.now(UTC) + LATER) == 1
    assert_nothing_is_left_after_a_sweep(storage, server)


def test_files_of_others_are_no_objects(server: SftpServer) -> None:
    storage = server.storage()
    write(storage)
    for name in ("notes of the owner.txt", ".profile", "~"):
        (server.folder / "exports" / name).touch()
    assert list(storage.list("")) == [KEY]
    assert storage.discard_stale(datetime.now(UTC) + LATER) == 0


def test_only_the_owner_can_read_what_was_written(server: SftpServer) -> None:
    write(server.storage())
    folder = server.folder / "exports"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [each.stat().st_mode & 0o777 for each in folder.iterdir()] == [0o600]
