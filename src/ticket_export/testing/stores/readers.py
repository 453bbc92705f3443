"""The contract of an `ExportStorage` for readers: each reads one whole object, whatever others do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from threading import Event
from typing import ClassVar, Final

import pytest

from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.testing.stores.store_back_door import (
    KEY,
    Abandoned,
    S,
    StoreBackDoor,
    assert_ends,
    assert_same,
    read,
    require_text_to_show,
    write,
)

_BLOCK: Final = 100_000


class ReadersContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    #: Whether the store of the tests has versions of an object. Some test servers give the newest one to all readers.
    has_versions: ClassVar[bool] = True

    @pytest.mark.parametrize(
        "error_type", [ValueError, OSError, KeyError, FileNotFoundError, StorageError, KeyboardInterrupt, Abandoned]
    )
    def test_error_of_a_block_that_reads_comes_out_unchanged(self, storage: S, error_type: type[BaseException]) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        error = error_type("the block's own")
        with pytest.raises(error_type) as caught, storage.open_reader(KEY) as stream:
            stream.read(1)
            raise error
        assert caught.value is error

    def test_object_is_read_as_text(self, storage: S) -> None:
        self.put_behind(storage, KEY, "id;Größe\r\n1;2\r\n".encode())
        with storage.open_reader(KEY) as stream:
            # As a host does; Python asks the reader what it can.
            lines = [*TextIOWrapper(stream, "utf-8", newline="")]
        assert lines == ["id;Größe\r\n", "1;2\r\n"]

    def test_readers_of_one_object_do_not_disturb_each_other(self, storage: S) -> None:
        data = self.large_object()
        self.put_behind(storage, KEY, data)
        middle = len(data) // 2
        found = [b"", b""]
        with storage.open_reader(KEY) as first, storage.open_reader(KEY, middle) as second:
            for _ in range(0, middle, _BLOCK):
                found[0] += first.read(_BLOCK)
                found[1] += second.read(_BLOCK)
        assert_same(found[0][:middle], data[:middle])
        assert_same(found[1], data[middle:])

    def test_object_may_be_read_by_another_thread(self, storage: S) -> None:
        data = self.large_object()
        self.put_behind(storage, KEY, data)
        with ThreadPoolExecutor(1) as elsewhere, storage.open_reader(KEY) as stream:
            first = stream.read(_BLOCK)
            assert_same(first + elsewhere.submit(stream.read).result(timeout=60), data)

    def test_object_that_another_process_has_replaced_is_read(self, storage: S) -> None:
        for data in (b"first", b"longer than the first", b"2nd"):
            self.put_behind(storage, KEY, data)
            self.assert_object(storage, KEY, data)
            assert read(storage, KEY, 2) == data[2:]

    @pytest.mark.parametrize("change", ["replaced", "deleted"])
    def test_reader_of_an_object_that_is_replaced_or_deleted_reads_all_of_it_or_raises(
        self, storage: S, change: str
    ) -> None:
        if change == "replaced" and not self.has_versions:
            pytest.skip("the store of the tests has no versions (has_versions = False)")
        first, second = self.large_object(1), self.large_object(2)
        write(storage, KEY, first)
        found = b""
        with self._may_fail(storage) as failures, storage.open_reader(KEY) as stream:
            found += stream.read(_BLOCK)
            if change == "replaced":
                write(storage, KEY, second)
            else:
                storage.delete(KEY)
            while block := stream.read(_BLOCK):
                found += block
        if not failures:
            assert_same(found, first)
        assert first.startswith(found) or pytest.fail("the reader has mixed the bytes of two objects")

    @pytest.mark.parametrize("length", [2_000, 4_000])
    def test_reader_of_an_object_that_is_replaced_before_its_first_byte_reads_a_whole_one_or_raises(
        self, storage: S, length: int
    ) -> None:
        first, second = b"1" * 3_000, b"2" * length
        self.put_behind(storage, KEY, first)
        found = b""
        with self._may_fail(storage) as failures, storage.open_reader(KEY) as stream:
            write(storage, KEY, second)
            found = stream.read()
        assert failures or found in {first, second} or pytest.fail("the reader has mixed two objects")

    def test_replaced_object_is_readable_at_every_moment(self, storage: S) -> None:
        objects = {bytes([65 + number]) * 10_000 for number in range(2)}
        self.put_behind(storage, KEY, min(objects))
        is_over = Event()

        def replace() -> None:
            try:
                for _ in range(25):
                    for data in objects:
                        write(storage, KEY, data)
            finally:
                is_over.set()

        with ThreadPoolExecutor(1) as elsewhere:
            replacing = elsewhere.submit(replace)
            while not is_over.is_set():
                # A reader of several requests may refuse to mix the bytes of two objects.
                with self._may_fail(storage) as failures:
                    assert read(storage, KEY) in objects or pytest.fail("the object is not whole")
                assert not [each for each in failures if isinstance(each, ObjectNotFoundError)]
                assert list(storage.list("")) == [KEY]
            replacing.result(timeout=60)

    def test_reader_that_is_closed_while_the_store_is_away_raises_nothing_but_a_storage_error(self, storage: S) -> None:
        away = self.away_behind(storage)
        self.put_behind(storage, KEY, self.large_object())
        with ExitStack() as until_it_is_back, self._may_fail(storage), storage.open_reader(KEY) as stream:
            assert len(stream.read(10)) == 10
            until_it_is_back.enter_context(away)

    def test_error_of_a_block_that_reads_comes_out_unchanged_while_the_store_is_away(self, storage: S) -> None:
        away = self.away_behind(storage)
        self.put_behind(storage, KEY, self.large_object())
        error = Abandoned()
        with (
            ExitStack() as until_it_is_back,
            pytest.raises(Abandoned) as caught,
            storage.open_reader(KEY) as stream,
        ):
            assert len(stream.read(10)) == 10
            until_it_is_back.enter_context(away)
            raise error
        assert caught.value is error

    def test_readers_that_stop_early_leave_the_store_usable(self, storage: S) -> None:
        self.put_behind(storage, KEY, self.large_object())

        def read_a_little() -> None:
            for _ in range(100):
                with storage.open_reader(KEY) as stream:
                    stream.read(1)

        assert_ends(read_a_little)

    @contextmanager
    def _may_fail(self, storage: S) -> Iterator[list[StorageError]]:
        failures: list[StorageError] = []
        try:
            yield failures
        except StorageError as failure:
            failures.append(failure)
            require_text_to_show(storage, failure, self.secrets(storage))
