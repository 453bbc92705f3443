"""The contract of an `ExportStorage` for several writers at once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Final, TypeVar

import pytest

from ticket_export.errors import StorageError
from ticket_export.testing.stores.store_back_door import (
    CONTENT_TYPE,
    KEY,
    OTHER_KEY,
    Abandoned,
    S,
    StoreBackDoor,
    read,
    write,
)

T = TypeVar("T")

_BLOCK: Final = 100_000


class SimultaneousWritersContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    def test_another_thread_may_write(self, storage: S) -> None:
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            _in_parallel(writer.write, [b"from elsewhere"])
        assert self.get_behind(storage, KEY) == b"from elsewhere"

    @pytest.mark.parametrize(("writers", "is_large"), [(8, False), (2, True)], ids=["small", "of several parts"])
    def test_concurrent_writers_of_one_key_leave_one_whole_object(
        self, storage: S, writers: int, is_large: bool
    ) -> None:
        all_have_written = Barrier(writers)
        published: list[bytes] = []

        def export(number: int) -> None:
            data = self.large_object(number) if is_large else bytes([65 + number]) * 300_000
            try:
                with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                    for start in range(0, len(data), _BLOCK):
                        writer.write(data[start : start + _BLOCK])
                    with suppress(BrokenBarrierError):
                        all_have_written.wait(timeout=60)
                published.append(data)
            except StorageError:
                # A store may refuse all of them but one.
                all_have_written.abort()

        _in_parallel(export, range(writers))
        assert published
        assert self.get_behind(storage, KEY) in published or pytest.fail("the object is not that of one writer")

    @pytest.mark.parametrize("last", ["inner", "outer"])
    def test_writers_that_take_turns_leave_the_whole_object_of_the_last_one(self, storage: S, last: str) -> None:
        first, second = self.large_object(1), self.large_object(2)
        half = len(first) // 2
        readable: bytes | None = None
        with suppress(StorageError):
            with storage.open_writer(KEY, CONTENT_TYPE) as outer:
                outer.write(first[:half])
                with suppress(StorageError):
                    with storage.open_writer(KEY, CONTENT_TYPE) as inner:
                        inner.write(second[:half])
                        rests = [(outer, first[half:]), (inner, second[half:])]
                        # The parts of the one that writes last would replace those of the other.
                        for writer, rest in rests if last == "inner" else reversed(rests):
                            writer.write(rest)
                    readable = second
                self.assert_object(storage, KEY, readable)
            readable = first
        assert readable is not None
        self.assert_object(storage, KEY, readable)

    def test_failed_writer_leaves_what_another_one_has_published(self, storage: S) -> None:
        data = self.large_object(2)
        with pytest.raises(Abandoned), storage.open_writer(KEY, CONTENT_TYPE) as failing:
            failing.write(self.large_object(1))
            write(storage, KEY, data)
            raise Abandoned
        del failing
        gc.collect()
        self.assert_object(storage, KEY, data)

    def test_writers_that_end_leave_those_of_other_keys_at_work(self, storage: S) -> None:
        data = self.large_object(1), self.large_object(2)
        half = len(data[0]) // 2
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(data[0][:half])
            with suppress(Abandoned), storage.open_writer(OTHER_KEY, CONTENT_TYPE) as failing:
                failing.write(data[1])
                raise Abandoned
            write(storage, OTHER_KEY, data[1])
            storage.delete(OTHER_KEY)
            storage.delete(KEY)
            write(storage, OTHER_KEY, data[1])
            writer.write(data[0][half:])
        self.assert_object(storage, KEY, data[0])
        self.assert_object(storage, OTHER_KEY, data[1])

    def test_long_keys_that_differ_in_one_letter_are_two_objects(self, storage: S) -> None:
        # As long as those of the library, and some more.
        middle = "0123456789abcdef" * 4
        keys = [f"exports/{middle}/{first}{middle}/1/tickets{last}.csv" for first in "ab" for last in "ab"]
        for key in keys:
            write(storage, key, key.encode())
        assert [read(storage, key) for key in keys] == [key.encode() for key in keys]
        assert list(storage.list("")) == keys
        storage.delete(keys[0])
        assert list(storage.list("")) == keys[1:]

    def test_concurrent_writers_and_deletes_of_neighbours_do_not_disturb_each_other(self, storage: S) -> None:
        keys = [f"exports/{number % 3}/{number}" for number in range(8)]

        def export_again_and_again(key: str) -> None:
            for _ in range(20):
                write(storage, key, key.encode())
                assert read(storage, key) == key.encode()
                storage.delete(key)
            write(storage, key, key.encode())

        _in_parallel(export_again_and_again, keys)
        assert {key: self.get_behind(storage, key) for key in keys} == {key: key.encode() for key in keys}


def _in_parallel(action: Callable[[T], object], arguments: Sequence[T]) -> None:
    """Call `action` with each argument in a thread of its own; raise the first error."""
    with ThreadPoolExecutor(len(arguments)) as threads:
        list(threads.map(action, arguments))
