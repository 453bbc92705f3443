"""The contract of `ExportStorage`.

Inherit it in your adapter's tests::

    class TestMyStorage(StorageContract[MyStorage]):
        @pytest.fixture
        def storage(self) -> MyStorage: ...
        def put_behind(self, storage: MyStorage, key: str, data: bytes) -> None: ...
        def get_behind(self, storage: MyStorage, key: str) -> bytes | None: ...

The two methods reach the store without the adapter, so that writing and reading are proven apart: two mistakes that
cancel each other out do not pass. Override `begin_behind` too where a killed process leaves something else in the
store than a writer that is never ended.
"""

from __future__ import annotations

import os
import stat
import urllib.request
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ticket_export.application.ports.export_storage import ExportStorage, SupportsSignedUrl
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import InvalidKeyError, ObjectNotFoundError, StorageError
from ticket_export.testing.stale_writers import S, StaleWritersContract

T = TypeVar("T")

CONTENT_TYPE = "text/csv; charset=utf-8"
KEY = "exports/job/1/tickets.csv"

#: Keys that no storage may accept: each leaves a root folder, or has two meanings on two systems.
MALFORMED_KEYS = (
    "",
    "/",
    "/etc/passwd",
    ".",
    "..",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    "a/..",
    "a\\..\\..\\outside",
    "C:/outside",
    "C:outside",
    "a/b:stream",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\udcffb",
    "~/outside",
    "//host/share",
    "file:///outside",
    "x" * 256,
    "/".join(["x" * 200] * 6),
)

_segments = st.text("abcXYZ019_-.", min_size=1, max_size=12)
_keys = st.one_of(
    st.lists(_segments, min_size=1, max_size=4).map("/".join),
    st.lists(st.sampled_from(["..", ".", "", "a", "b.csv", "~", "C:", "\\", "\0"]), min_size=1).map("/".join),
    st.text(min_size=1),
)


class Abandoned(BaseException):
    """An error that ends a block as a signal does: ``except Exception`` does not catch it."""


def write(storage: ExportStorage, key: str, *blocks: bytes) -> None:
    """Store an object through the adapter."""
    with storage.open_writer(key, CONTENT_TYPE) as writer:
        for block in blocks:
            writer.write(block)


def read(storage: ExportStorage, key: str, start: int = 0) -> bytes:
    """Read an object through the adapter, from its byte number `start` on."""
    with storage.open_reader(key, start) as stream:
        return stream.read()


def in_parallel(action: Callable[[T], object], arguments: Sequence[T]) -> None:
    """Call `action` with each argument in a thread of its own; raise the first error."""
    with ThreadPoolExecutor(len(arguments)) as threads:
        list(threads.map(action, arguments))


class StorageContract(StaleWritersContract[S]):
    """Tests of one storage adapter; see the module on how to use them."""

    # Writing

    def test_written_object_lies_in_the_store(self, storage: S) -> None:
        write(storage, KEY, b"one", b"", b"two")
        assert self.get_behind(storage, KEY) == b"onetwo"

    def test_nothing_is_readable_before_the_block_ends(self, storage: S) -> None:
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"x" * 1_000_000)
            self.assert_absent(storage, KEY)
        assert self.get_behind(storage, KEY) == b"x" * 1_000_000

    @pytest.mark.parametrize("error_type", [ValueError, OSError, KeyboardInterrupt, Abandoned])
    def test_failed_block_leaves_nothing_readable_and_its_error_unchanged(
        self, storage: S, error_type: type[BaseException]
    ) -> None:
        error = error_type("the block's own")
        with pytest.raises(error_type) as caught, storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"x" * 1_000_000)
            raise error
        assert caught.value is error
        self.assert_absent(storage, KEY)

    def test_abandoned_block_leaves_nothing_readable(self, storage: S) -> None:
        def export() -> Generator[None, None, None]:
            with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                writer.write(b"half")
                yield

        running = export()
        next(running)
        running.close()
        self.assert_absent(storage, KEY)

    def test_second_write_replaces_the_whole_object(self, storage: S) -> None:
        write(storage, KEY, b"a long first object")
        write(storage, KEY, b"second")
        assert self.get_behind(storage, KEY) == b"second"

    def test_object_stays_as_it_was_until_its_replacement_is_whole(self, storage: S) -> None:
        write(storage, KEY, b"first")
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"second")
            assert self.get_behind(storage, KEY) == b"first"
            assert read(storage, KEY) == b"first"

    def test_failed_replacement_leaves_the_object_as_it_was(self, storage: S) -> None:
        write(storage, KEY, b"first")
        with pytest.raises(Abandoned), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"second")
            raise Abandoned
        assert read(storage, KEY) == b"first"

    def test_empty_object_is_an_object(self, storage: S) -> None:
        write(storage, KEY)
        assert self.get_behind(storage, KEY) == b""
        assert read(storage, KEY) == b""
        assert list(storage.list("")) == [KEY]

    def test_large_object_comes_back_whole(self, storage: S) -> None:
        block = bytes(range(256)) * 4096
        write(storage, KEY, *[block] * 20)
        assert read(storage, KEY) == block * 20

    def test_many_small_writes_come_back_in_order(self, storage: S) -> None:
        lines = [b"%d\n" % number for number in range(50_000)]
        write(storage, KEY, *lines)
        assert self.get_behind(storage, KEY) == b"".join(lines)

    def test_another_thread_may_write(self, storage: S) -> None:
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            in_parallel(writer.write, [b"from elsewhere"])
        assert self.get_behind(storage, KEY) == b"from elsewhere"

    # Reading

    def test_stored_object_is_read(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"\0\r\n\xff")
        assert read(storage, KEY) == b"\0\r\n\xff"

    def test_object_is_read_in_pieces(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        with storage.open_reader(KEY) as stream:
            assert [stream.read(3), stream.read(3), stream.read(3), stream.read(3)] == [b"abc", b"def", b"gh", b""]

    def test_file_behind_a_reader_is_the_object(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        with storage.open_reader(KEY) as stream:
            try:
                descriptor = stream.fileno()
            except (AttributeError, OSError):
                pytest.skip("the reader has no descriptor")
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                pytest.skip("the descriptor of the reader is not that of a file")
            assert os.pread(descriptor, 100, 0) == b"abcdefgh"
        with storage.open_reader(KEY, start=3) as stream:
            assert os.pread(stream.fileno(), 100, 0) == b"abcdefgh"

    @pytest.mark.parametrize("data", [b"abcdefgh", b"a", b""], ids=["long", "one byte", "empty"])
    def test_object_is_read_from_any_byte_on(self, storage: S, data: bytes) -> None:
        self.put_behind(storage, KEY, data)
        for start in (0, 1, 2, 7, 8, 9, 1_000_000, 2**63 - 1, 2**63, 2**64, 10**30):
            assert (start, read(storage, KEY, start)) == (start, data[start:])

    def test_large_object_is_read_in_pieces_from_any_byte_on(self, storage: S) -> None:
        # No two places have the same bytes.
        data = b"".join(b"%07d," % number for number in range(750_000))
        write(storage, KEY, data)
        for start in (*range(1, len(data), 299_993), len(data) - 1):
            with storage.open_reader(KEY, start) as stream:
                pieces = [stream.read(10), stream.read(100_000)]
            assert pieces == [data[start : start + 10], data[start + 10 : start + 100_010]]

    def test_negative_start_is_refused(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        for start in (-1, -8, -9):
            with pytest.raises(ValueError, match=str(start)):
                read(storage, KEY, start)

    @pytest.mark.parametrize("key", ["exports/other.csv", "exports/job", f"{KEY}/below"])
    def test_absent_object_is_not_found(self, storage: S, key: str) -> None:
        self.put_behind(storage, KEY, b"neighbour")
        with pytest.raises(ObjectNotFoundError):
            read(storage, key)
        with pytest.raises(ObjectNotFoundError):
            read(storage, key, 1_000_000)

    # Deleting

    def test_deleted_object_is_gone_and_its_neighbours_stay(self, storage: S) -> None:
        neighbours = ["exports/job/1/tickets.csv.old", "exports/job/10/tickets.csv", "exports/other.csv"]
        for key in (KEY, *neighbours):
            self.put_behind(storage, key, key.encode())
        storage.delete(KEY)
        self.assert_absent(storage, KEY)
        assert [self.get_behind(storage, key) for key in neighbours] == [key.encode() for key in neighbours]

    @pytest.mark.parametrize("key", [KEY, "exports/job", "exports/never", f"{KEY}/below"])
    def test_deleting_twice_or_what_never_was_is_fine(self, storage: S, key: str) -> None:
        write(storage, "exports/job/2/other.csv", b"stays")
        self.put_behind(storage, KEY, b"goes")
        storage.delete(KEY)
        storage.delete(key)
        assert list(storage.list("")) == ["exports/job/2/other.csv"]

    def test_deleted_key_can_be_written_again(self, storage: S) -> None:
        write(storage, KEY, b"first")
        storage.delete(KEY)
        write(storage, KEY, b"second")
        assert read(storage, KEY) == b"second"

    # Listing

    def test_empty_store_lists_nothing(self, storage: S) -> None:
        assert list(storage.list("")) == []
        assert list(storage.list("exports/")) == []

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["a-b", "a.csv", "a/b", "a/b.csv2/x", "a/c", "a0", "ab/c", "b"]),
            ("a", ["a-b", "a.csv", "a/b", "a/b.csv2/x", "a/c", "a0", "ab/c"]),
            ("a/", ["a/b", "a/b.csv2/x", "a/c"]),
            ("a/b", ["a/b", "a/b.csv2/x"]),
            ("a/b.csv2/x", ["a/b.csv2/x"]),
            ("c", []),
            ("b/", []),
            ("a.csv/b", []),
        ],
    )
    def test_list_gives_the_keys_of_a_prefix_in_order(self, storage: S, prefix: str, found: list[str]) -> None:
        for key in ("ab/c", "a/c", "a0", "a/b", "b", "a-b", "a/b.csv2/x", "a.csv"):
            self.put_behind(storage, key, b"")
        assert list(storage.list(prefix)) == found

    # Keys

    @pytest.mark.parametrize("key", MALFORMED_KEYS, ids=ascii)
    def test_malformed_key_is_refused_by_every_method(self, storage: S, key: str) -> None:
        with pytest.raises(InvalidKeyError):
            write(storage, key, b"outside")
        with pytest.raises(InvalidKeyError):
            read(storage, key)
        with pytest.raises(InvalidKeyError):
            storage.delete(key)
        assert list(storage.list("")) == []

    @pytest.mark.parametrize("prefix", ["/", "../", "..", "a/../", "a//", "a\\", "C:", "\0"], ids=ascii)
    def test_malformed_prefix_is_refused(self, storage: S, prefix: str) -> None:
        with pytest.raises(InvalidKeyError):
            list(storage.list(prefix))

    @given(key=_keys)
    @example(key="exports/0a/1/tickets-20250101T000000Z.csv")
    # One store serves all examples, since each removes what it wrote.
    @settings(
        deadline=None,  # a store may be far away
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    def test_any_key_is_refused_or_names_one_object_inside_the_store(self, storage: S, key: str) -> None:
        try:
            write(storage, key, b"inside")
        except InvalidKeyError:
            assert list(storage.list("")) == []
            return
        assert self.get_behind(storage, key) == b"inside"
        assert list(storage.list("")) == [key]
        storage.delete(key)
        assert list(storage.list("")) == []

    # Several at once

    def test_concurrent_writers_of_one_key_leave_one_whole_object(self, storage: S) -> None:
        writers = 8
        all_have_written = Barrier(writers)
        objects = [bytes([65 + number]) * 300_000 for number in range(writers)]

        def export(data: bytes) -> None:
            with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                for start in range(0, len(data), 100_000):
                    writer.write(data[start : start + 100_000])
                all_have_written.wait(timeout=60)

        in_parallel(export, objects)
        assert self.get_behind(storage, KEY) in objects

    def test_concurrent_writers_and_deletes_of_neighbours_do_not_disturb_each_other(self, storage: S) -> None:
        keys = [f"exports/{number % 3}/{number}" for number in range(8)]

        def export_again_and_again(key: str) -> None:
            for _ in range(20):
                write(storage, key, key.encode())
                assert read(storage, key) == key.encode()
                storage.delete(key)
            write(storage, key, key.encode())

        in_parallel(export_again_and_again, keys)
        assert {key: self.get_behind(storage, key) for key in keys} == {key: key.encode() for key in keys}

    # Its place

    def test_place_is_a_url_without_credentials_that_a_list_of_urls_can_hold(self, storage: S) -> None:
        place = storage.place
        parts = urlsplit(place)
        assert place.startswith(f"{parts.scheme}://")
        assert parts.scheme
        assert parts.password is None
        # TICKET_EXPORT_FORMER_STORAGE_URLS separates the URLs by white space and commas.
        assert set(place).isdisjoint(" \t\r\n,")
        write(storage, KEY, b"data")
        assert storage.place == place

    # Optional abilities

    @pytest.mark.parametrize("data", [b"", b"x" * 10_000_000], ids=["small", "large"])
    def test_interrupted_writer_raises_and_publishes_nothing(self, storage: S, data: bytes) -> None:
        with pytest.raises(StorageError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            if not isinstance(writer, SupportsInterrupt):
                pytest.skip(f"{type(writer).__name__} does not implement SupportsInterrupt")
            writer.write(data)
            writer.interrupt()
            writer.interrupt()
        self.assert_absent(storage, KEY)
        with pytest.raises(StorageError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            assert isinstance(writer, SupportsInterrupt)
            writer.interrupt()
            writer.write(b"more")
        self.assert_absent(storage, KEY)

    def test_signed_url_serves_the_object(self, storage: S) -> None:
        if not isinstance(storage, SupportsSignedUrl):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsSignedUrl")
        write(storage, KEY, b"signed")
        url = storage.signed_url(
            KEY, file_name="tickets.csv", content_type=CONTENT_TYPE, expires_in=timedelta(minutes=5)
        )
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310
            assert response.read() == b"signed"

    def assert_absent(self, storage: S, key: str) -> None:
        """Nothing can be read under `key`, in any way."""
        assert self.get_behind(storage, key) is None
        assert key not in list(storage.list(""))
        with pytest.raises(ObjectNotFoundError):
            read(storage, key)
