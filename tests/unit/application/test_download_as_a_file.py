"""`Download.open` returns a file object, which frameworks close after the response."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO
from wsgiref.util import FileWrapper

import attrs
import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wsgi import wrap_file

from ticket_export import Download, StorageError

DATA = b"".join(b"%d,a title\n" % number for number in range(30_000))


class Breaking(BytesIO):
    """Raises the storage's error behind that many bytes."""

    def __init__(self, data: bytes, breaks_at: int | None) -> None:
        super().__init__(data)
        self._breaks_at = breaks_at

    def read(self, size: int | None = -1) -> bytes:
        if self._breaks_at is not None and self.tell() >= self._breaks_at:
            raise StorageError("The storage is away.")
        return super().read(size)


@attrs.define
class Store:
    """Counts how often its object was opened and closed."""

    data: bytes = DATA
    breaks_at: int | None = None
    opened: int = 0
    closed: int = 0

    @contextmanager
    def reading(self, start: int) -> Iterator[BinaryIO]:
        self.opened += 1
        stream = Breaking(self.data, self.breaks_at)
        stream.seek(start)
        try:
            yield stream
        finally:
            self.closed += 1

    @property
    def download(self) -> Download:
        return Download(file_name="a.csv", content_type="text/csv", length=len(self.data), reader=self.reading)

    @property
    def counts(self) -> tuple[int, int]:
        return self.opened, self.closed


def in_a_with_block(file: BinaryIO) -> bytes:
    with file as entered:
        return entered.read()


def in_blocks(file: BinaryIO) -> bytes:
    """As Django's FileResponse reads."""
    assert not file.seekable()
    data = b"".join(iter(lambda: file.read(4096), b""))
    file.close()
    return data


def by_iteration(file: BinaryIO) -> bytes:
    """As Starlette's StreamingResponse reads."""
    found = list(file)
    # Not by lines: the server would send each of them apart.
    assert len(found) < 10
    file.close()
    return b"".join(found)


def by_lines(file: BinaryIO) -> bytes:
    data = b"".join(iter(file.readline, b""))
    file.close()
    return data


def into_a_buffer(file: BinaryIO) -> bytes:
    data, buffer = bytearray(), bytearray(1000)
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        data += buffer[:count]
    file.close()
    return bytes(data)


def by_werkzeug(file: BinaryIO) -> bytes:
    response = flask.Response(wrap_file({}, file), direct_passthrough=True)
    data = b"".join(response.iter_encoded())
    response.close()
    return data


def by_send_file(file: BinaryIO) -> bytes:
    app = flask.Flask("host")
    app.add_url_rule("/", "file", lambda: flask.send_file(file, mimetype="text/csv"))
    response = app.test_client().get("/")
    data: bytes = response.data
    response.close()
    return data


def by_a_wsgi_server(file: BinaryIO) -> bytes:
    wrapper = FileWrapper(file)
    data = b"".join(wrapper)
    wrapper.close()
    return data


READERS = [
    in_a_with_block,
    in_blocks,
    by_iteration,
    by_lines,
    into_a_buffer,
    by_werkzeug,
    by_send_file,
    by_a_wsgi_server,
]


@pytest.mark.parametrize("read", READERS)
def test_whole_file_is_read_and_closed(read: Callable[[BinaryIO], bytes]) -> None:
    store = Store()
    assert read(store.download.open()) == DATA
    assert store.counts == (1, 1)


def test_file_is_opened_when_it_is_asked_for_and_not_before() -> None:
    store = Store()
    download = store.download
    assert store.counts == (0, 0)
    download.open().close()
    assert store.counts == (1, 1)


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_close_after_a_part_returns_the_resources_once(size: int) -> None:
    store = Store()
    file = store.download.open()
    assert file.read(size) == DATA[:size]
    file.close()
    file.close()
    assert file.closed
    assert store.counts == (1, 1)
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_file_that_nobody_closes_is_closed_with_its_last_reference() -> None:
    store = Store()
    file = store.download.open()
    file.read(10)
    del file
    gc.collect()
    assert store.counts == (1, 1)


def test_error_of_the_storage_is_raised_as_it_is() -> None:
    store = Store(breaks_at=70_000)
    file = store.download.open()
    with pytest.raises(StorageError, match="away"):
        while file.read(10_000):
            pass
    file.close()
    assert store.counts == (1, 1)


def test_file_that_cannot_be_opened_raises_at_once() -> None:
    @contextmanager
    def reading(start: int) -> Iterator[BinaryIO]:
        raise StorageError("The file is missing.")
        yield BytesIO()

    with pytest.raises(StorageError, match="missing"):
        Download(file_name="a", content_type="b", length=1, reader=reading).open()


@pytest.mark.parametrize("read", READERS)
def test_end_of_a_file_is_read_and_closed_as_often_as_it_is_opened(read: Callable[[BinaryIO], bytes]) -> None:
    store = Store()
    download = store.download
    for start in (len(DATA) - 100, 1000, 0, len(DATA), len(DATA) + 1):
        assert read(download.open(start)) == DATA[start:]
    assert store.counts == (5, 5)


@given(
    data=st.binary(max_size=300),
    start=st.integers(0, 310),
    sizes=st.lists(st.integers(-1, 70), min_size=1, max_size=20),
)
def test_reads_are_those_of_a_file(data: bytes, start: int, sizes: list[int]) -> None:
    expected = BytesIO(data)
    expected.seek(start)
    with Store(data).download.open(start) as file:
        assert [file.read(size) for size in sizes] == [expected.read(size) for size in sizes]
        assert file.readline() == expected.readline()


@pytest.mark.parametrize("start", [0, 10])
@pytest.mark.parametrize("data", [b"", b"<html>Please log in</html>", DATA + b"1"], ids=["empty", "a page", "longer"])
def test_file_of_another_length_is_an_error_and_not_taken_for_the_whole(data: bytes, start: int) -> None:
    store = Store()
    download = store.download
    store.data = data
    with pytest.raises(StorageError, match="does not have the length"), download.open(start) as file:
        file.read()
    assert store.counts == (1, 1)


@pytest.mark.parametrize("start", [0, 10])
def test_longer_file_is_an_error_also_for_who_reads_as_many_bytes_as_were_announced(start: int) -> None:
    # A multiple of every buffer, so that the next byte is not read by chance.
    store = Store(bytes(1 << 20))
    download = store.download
    store.data += b"1"
    with pytest.raises(StorageError, match="does not have the length"), download.open(start) as file:
        file.read((1 << 20) - start)


def test_nothing_is_missing_beyond_the_end() -> None:
    with Store().download.open(len(DATA) + 1) as file:
        assert file.read() == b""


def test_download_without_a_tag_and_a_digest_has_no_headers_for_them() -> None:
    headers = Store().download.headers
    assert headers["Content-Length"] == str(len(DATA))
    assert not {"ETag", "Repr-Digest"} & set(headers)
