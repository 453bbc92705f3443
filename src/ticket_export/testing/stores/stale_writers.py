"""The contract of an `ExportStorage` after a writer was killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime

import pytest

from ticket_export.application.ports.export_storage import ObjectWriter, SupportsDiscardStale
from ticket_export.errors import StorageError
from ticket_export.testing.stores.store_back_door import (
    CONTENT_TYPE,
    KEY,
    LONG,
    OTHER_KEY,
    S,
    StoreBackDoor,
    assert_same,
    read,
    write,
)

# Kept until their test ends: a context manager that is collected runs its end, and a killed process does not.
_killed: list[AbstractContextManager[ObjectWriter]] = []


class StaleWritersContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    def begin_behind(self, storage: S, key: str) -> None:
        """Leave in the store what a killed process leaves there that wrote `key`.

        By default this is a writer of the adapter that is opened and never ended. Override it where a killed process
        leaves something else, or where the writer has stored nothing yet, because it uploads in another thread.
        """
        writing = storage.open_writer(key, CONTENT_TYPE)
        _killed.append(writing)
        writing.__enter__().write(self.large_object())

    @pytest.fixture(autouse=True)
    def _writers_end_with_their_test(self, storage: S) -> Iterator[None]:
        yield
        while _killed:
            error = KeyboardInterrupt()
            with suppress(StorageError, KeyboardInterrupt):
                _killed.pop().__exit__(KeyboardInterrupt, error, None)

    def test_killed_writer_leaves_nothing_readable(self, storage: S) -> None:
        self.begin_behind(storage, KEY)
        self.assert_absent(storage, KEY)
        assert list(storage.list("")) == []

    def test_killed_replacement_leaves_the_object_as_it_was(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"first")
        self.begin_behind(storage, KEY)
        self.assert_object(storage, KEY, b"first")
        assert list(storage.list("")) == [KEY]

    def test_key_of_a_killed_writer_can_be_written_again(self, storage: S) -> None:
        self.begin_behind(storage, KEY)
        write(storage, KEY, b"whole")
        self.assert_object(storage, KEY, b"whole")

    def test_what_a_killed_writer_left_is_discarded_once_and_counted(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        for key in (KEY, OTHER_KEY):
            self.begin_behind(storage, key)
        assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 2
        assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 0

    def test_only_what_is_below_the_prefix_is_discarded(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        # No pattern of SQL, in which an underscore stands for any letter.
        for key in ("exports/d_sk/1/a.csv", "exports/d_sk/2/a.csv", "exports/d_sk-2/1/a.csv", "exports/desk/1/a.csv"):
            self.begin_behind(storage, key)
        later = datetime.now(UTC) + LONG
        assert [sweeper.discard_stale(later, prefix="exports/d_sk/") for _ in range(2)] == [2, 0]
        assert [sweeper.discard_stale(later) for _ in range(2)] == [2, 0]

    def test_what_was_written_to_since_is_not_stale(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        self.begin_behind(storage, KEY)
        assert sweeper.discard_stale(datetime.now(UTC) - LONG) == 0
        assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 1

    @pytest.mark.parametrize("zone", ["WEST+12", "EAST-14"])
    def test_what_is_stale_does_not_depend_on_the_time_zone(
        self, storage: S, zone: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweeper = self._sweeper(storage)
        if not hasattr(time, "tzset"):
            pytest.skip("this system has no time zone of a process")
        self.begin_behind(storage, KEY)
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            try:
                assert sweeper.discard_stale(datetime.now(UTC) - LONG) == 0
                assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 1
            finally:
                patch.undo()
                time.tzset()

    def test_writer_at_work_is_not_disturbed(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"first, ")
            assert sweeper.discard_stale(datetime.now(UTC) - LONG) == 0
            writer.write(b"second")
        assert self.get_behind(storage, KEY) == b"first, second"

    def test_writer_of_another_place_is_not_disturbed(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        data = self.large_object()
        half = len(data) // 2
        with self.opened(storage, self.another_place(storage)) as other:
            with other.open_writer(KEY, CONTENT_TYPE) as writer:
                writer.write(data[:half])
                assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 0
                writer.write(data[half:])
            try:
                assert_same(read(other, KEY), data)
            finally:
                other.delete(KEY)

    def test_whole_objects_are_never_stale(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        self.put_behind(storage, KEY, b"whole")
        write(storage, OTHER_KEY, b"whole too")
        assert sweeper.discard_stale(datetime.now(UTC) + LONG) == 0
        assert list(storage.list("")) == [KEY, OTHER_KEY]

    def test_empty_store_has_nothing_stale(self, storage: S) -> None:
        assert self._sweeper(storage).discard_stale(datetime.now(UTC) + LONG) == 0

    def _sweeper(self, storage: S) -> SupportsDiscardStale:
        if not isinstance(storage, SupportsDiscardStale):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsDiscardStale")
        return storage
