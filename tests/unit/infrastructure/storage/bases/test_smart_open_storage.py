"""The base of storages: one client for all threads of a process, and readers whose store goes away."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, get_ident
from typing import Any

import pytest

from ticket_export.errors import StorageUnavailableError
from ticket_export.storage import SmartOpenStorage, StoreLocation

_LONG = 30.0


class Away(Exception):
    pass


class _Stream(io.BytesIO):
    def close(self) -> None:
        super().close()
        raise Away


class BytesStorage(SmartOpenStorage[Any]):
    provider = "bytes"
    trouble = (Away,)

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> Any:
        return _Stream(b"abcdefgh")

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def names(self, prefix: str) -> Iterable[str]:
        raise NotImplementedError


def storage_of(client: Callable[[], Any]) -> BytesStorage:
    return BytesStorage(StoreLocation("bytes", "store"), client)


def test_threads_that_use_a_storage_first_at_once_share_one_client() -> None:
    # Two dictionaries would be two stores, and a connection too many stays open.
    is_connecting, is_another_there = Event(), Event()

    def connect() -> object:
        is_connecting.set()
        is_another_there.wait(0.1)
        return object()

    storage = storage_of(connect)

    def use_later() -> object:
        assert is_connecting.wait(_LONG)
        is_another_there.set()
        return storage.client

    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(lambda: storage.client), threads.submit(use_later)]
        clients = {id(each.result(_LONG)) for each in found}
    assert clients == {id(storage.client)}


def test_client_that_cannot_be_made_is_made_by_the_next_call() -> None:
    tries: list[int] = []

    def connect() -> object:
        tries.append(get_ident())
        if len(tries) == 1:
            raise Away
        return tries

    storage = storage_of(connect)
    with pytest.raises(Away):
        _ = storage.client
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(lambda: storage.client).result(_LONG) is tries


@pytest.mark.parametrize("error", [ValueError("the block's own"), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_error_of_a_block_that_reads_comes_out_although_its_reader_cannot_be_closed(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, storage_of(dict).open_reader("exports/a") as stream:
        assert stream.read(1) == b"a"
        raise error
    assert caught.value is error
    assert stream.closed


class _Quiet:
    """A stream with what the page for authors asks for; as paramiko's, its `seek` returns nothing."""

    def __init__(self) -> None:
        stream = io.BytesIO(b"abcdefgh")
        self.read, self.tell, self.close = stream.read, stream.tell, stream.close
        self._seek = stream.seek

    def seek(self, offset: int, whence: int) -> None:
        self._seek(offset, whence)


def test_reader_of_a_stream_with_few_methods_is_a_file_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = storage_of(dict)
    monkeypatch.setattr(storage, "open_stream", lambda *_: _Quiet())
    with storage.open_reader("exports/a") as stream:
        assert stream.seekable()
        assert (stream.read(1), stream.tell()) == (b"a", 1)
        assert (stream.seek(2), stream.read(2)) == (2, b"cd")
        assert (stream.seek(-1, io.SEEK_END), stream.read()) == (7, b"h")


def test_reader_that_cannot_be_closed_is_a_storage_error() -> None:
    with (
        pytest.raises(StorageUnavailableError, match="could not be read"),
        storage_of(dict).open_reader("exports/a", 3) as stream,
    ):
        assert stream.read() == b"defgh"
