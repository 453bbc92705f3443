"""The contract of an `ExportStorage` after a writer was killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import pytest

from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter, SupportsDiscardStale
from ticket_export.errors import ObjectNotFoundError, StorageError

S = TypeVar("S", bound=ExportStorage)

_KEY = "exports/job/1/tickets.csv"
_CONTENT_TYPE = "text/csv; charset=utf-8"
#: Longer than the clocks of store and test may differ.
_LONG = timedelta(hours=6)
# Kept until their test ends: a context manager that is collected runs its end, and a killed process does not.
_killed: list[AbstractContextManager[ObjectWriter]] = []


class StaleWritersContract(Generic[S]):
    """A part of `StorageContract`."""

    @pytest.fixture
    def storage(self) -> S:
        """The adapter under test, on an empty store."""
        raise NotImplementedError("override the fixture `storage`")

    def put_behind(self, storage: S, key: str, data: bytes) -> None:
        """Store an object without the adapter."""
        raise NotImplementedError

    def get_behind(self, storage: S, key: str) -> bytes | None:
        """The object in the store, read without the adapter, or None."""
        raise NotImplementedError

    def begin_behind(self, storage: S, key: str) -> None:
        """Leave in the store what a killed process leaves there that wrote `key`.

        By default this is a writer of the adapter that is opened and never ended. Override it where a killed process
        leaves something else, or where the writer has stored nothing yet, because it uploads in another thread.
        """
        writing = storage.open_writer(key, _CONTENT_TYPE)
        writing.__enter__().write(b"half" * 2_000_000)
        _killed.append(writing)

    @pytest.fixture(autouse=True)
    def _writers_end_with_their_test(self, storage: S) -> Iterator[None]:
        yield
        while _killed:
            error = KeyboardInterrupt()
            with suppress(StorageError, KeyboardInterrupt):
                _killed.pop().__exit__(KeyboardInterrupt, error, None)

    def test_killed_writer_leaves_nothing_readable(self, storage: S) -> None:
        self.begin_behind(storage, _KEY)
        assert self.get_behind(storage, _KEY) is None
        assert list(storage.list("")) == []
        with pytest.raises(ObjectNotFoundError), storage.open_reader(_KEY):
            pass

    def test_killed_replacement_leaves_the_object_as_it_was(self, storage: S) -> None:
        self.put_behind(storage, _KEY, b"first")
        self.begin_behind(storage, _KEY)
        assert self.get_behind(storage, _KEY) == b"first"
        assert list(storage.list("")) == [_KEY]

    def test_key_of_a_killed_writer_can_be_written_again(self, storage: S) -> None:
        self.begin_behind(storage, _KEY)
        with storage.open_writer(_KEY, _CONTENT_TYPE) as writer:
            writer.write(b"whole")
        assert self.get_behind(storage, _KEY) == b"whole"

    def test_what_a_killed_writer_left_is_discarded_once_and_counted(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        for key in (_KEY, "exports/job/2/tickets.csv"):
            self.begin_behind(storage, key)
        assert sweeper.discard_stale(datetime.now(UTC) + _LONG) == 2
        assert sweeper.discard_stale(datetime.now(UTC) + _LONG) == 0

    def test_what_was_written_to_since_is_not_stale(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        self.begin_behind(storage, _KEY)
        assert sweeper.discard_stale(datetime.now(UTC) - _LONG) == 0
        assert sweeper.discard_stale(datetime.now(UTC) + _LONG) == 1

    def test_writer_at_work_is_not_disturbed(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        with storage.open_writer(_KEY, _CONTENT_TYPE) as writer:
            writer.write(b"first, ")
            assert sweeper.discard_stale(datetime.now(UTC) - _LONG) == 0
            writer.write(b"second")
        assert self.get_behind(storage, _KEY) == b"first, second"

    def test_whole_objects_are_never_stale(self, storage: S) -> None:
        sweeper = self._sweeper(storage)
        self.put_behind(storage, _KEY, b"whole")
        with storage.open_writer("exports/job/2/tickets.csv", _CONTENT_TYPE) as writer:
            writer.write(b"whole too")
        assert sweeper.discard_stale(datetime.now(UTC) + _LONG) == 0
        assert list(storage.list("")) == [_KEY, "exports/job/2/tickets.csv"]

    def test_empty_store_has_nothing_stale(self, storage: S) -> None:
        assert self._sweeper(storage).discard_stale(datetime.now(UTC) + _LONG) == 0

    def _sweeper(self, storage: S) -> SupportsDiscardStale:
        if not isinstance(storage, SupportsDiscardStale):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsDiscardStale")
        return storage
