"""The contract of an `ExportStorage` while its store is away, and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

import pytest

from ticket_export.application.finding import has_error
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    SupportsDiscardStale,
    SupportsPlaces,
    SupportsSignedUrl,
)
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, S, StoreBackDoor, assert_same, read, write


class FailuresContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    @pytest.mark.parametrize(
        "call",
        [
            lambda storage: write(storage, KEY, b"second"),
            lambda storage: read(storage, KEY),
            lambda storage: read(storage, KEY, 1_000_000),
            lambda storage: storage.delete(KEY),
            lambda storage: list(storage.list("")),
        ],
        ids=["write", "read", "read from", "delete", "list"],
    )
    def test_failure_of_the_store_is_a_storage_error_that_can_be_shown(
        self, storage: S, call: Callable[[ExportStorage], object]
    ) -> None:
        self.put_behind(storage, KEY, b"first")
        with self.away_behind(storage), pytest.raises(StorageError) as caught:
            call(storage)
        _require_text_to_show(storage, caught.value)
        self.assert_object(storage, KEY, b"first")

    @pytest.mark.parametrize("key", [KEY, "exports/never"])
    def test_object_is_not_called_missing_while_the_store_is_away(self, storage: S, key: str) -> None:
        # The library would forget the file, and never delete it.
        self.put_behind(storage, KEY, b"first")
        with self.away_behind(storage), pytest.raises(StorageError) as caught:
            read(storage, key)
        assert not isinstance(caught.value, ObjectNotFoundError)

    def test_reader_of_a_store_that_goes_away_raises_a_storage_error_or_reads_everything(self, storage: S) -> None:
        data = self.large_object()
        self.put_behind(storage, KEY, data)
        away = self.away_behind(storage)
        found, failure = b"", None
        try:
            with ExitStack() as until_it_is_back, storage.open_reader(KEY) as stream:
                found += stream.read(1_000)
                until_it_is_back.enter_context(away)
                while block := stream.read(1_000_000):
                    found += block
        except StorageError as raised:
            failure = raised
        if failure is None:
            assert_same(found, data)
        else:
            assert not isinstance(failure, ObjectNotFoundError)
            _require_text_to_show(storage, failure)

    def test_failed_discarding_is_a_storage_error(self, storage: S) -> None:
        if not isinstance(storage, SupportsDiscardStale):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsDiscardStale")
        with self.away_behind(storage), pytest.raises(StorageError) as caught:
            storage.discard_stale(datetime.now(UTC))
        _require_text_to_show(storage, caught.value)

    def test_link_is_made_or_its_failure_is_a_storage_error(self, storage: S) -> None:
        if not isinstance(storage, SupportsSignedUrl):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsSignedUrl")
        with self.away_behind(storage), suppress(StorageError):
            storage.signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=timedelta(minutes=5))

    def test_check_finds_that_the_store_is_away(self, storage: S) -> None:
        if not isinstance(storage, SupportsCheck):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsCheck")
        write(storage, KEY, b"first")
        with self.away_behind(storage):
            assert has_error(storage.problems([]))

    def test_place_is_not_there_while_the_store_is_away(self, storage: S) -> None:
        if not isinstance(storage, SupportsPlaces):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsPlaces")
        write(storage, KEY, b"first")
        storage.require_there()
        with self.away_behind(storage), pytest.raises(StorageError):
            storage.require_there()

    def test_store_is_used_again_when_it_is_back(self, storage: S) -> None:
        write(storage, KEY, b"first")
        with self.away_behind(storage):
            for call in (lambda: read(storage, KEY), lambda: storage.delete(KEY), lambda: write(storage, KEY, b"no")):
                with suppress(StorageError):
                    call()
        assert list(storage.list("")) == [KEY]
        write(storage, KEY, b"second")
        self.assert_object(storage, KEY, b"second")
        storage.delete(KEY)
        self.assert_absent(storage, KEY)


def _require_text_to_show(storage: ExportStorage, error: StorageError) -> None:
    """Users see the text, so the driver's own, which may have hosts, paths and users, is only in the log."""
    text = str(error)
    assert text
    assert storage.place not in text
    cause = error.__cause__
    assert cause is None or not str(cause) or str(cause) not in text
