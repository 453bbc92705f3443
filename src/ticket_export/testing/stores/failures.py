"""The contract of an `ExportStorage` while its store is away, and afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

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
from ticket_export.testing.stores.store_back_door import (
    CONTENT_TYPE,
    KEY,
    S,
    StoreBackDoor,
    assert_same,
    read,
    require_text_to_show,
    write,
)


class FailuresContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    @pytest.mark.parametrize(
        "call",
        [
            lambda storage: write(storage, KEY, b"second"),
            lambda storage: read(storage, KEY),
            lambda storage: read(storage, KEY, 1_000_000),
            lambda storage: storage.delete(KEY),
            lambda storage: storage.delete("exports/never"),
            lambda storage: list(storage.list("")),
            lambda storage: list(storage.list("exports/never/")),
        ],
        ids=["write", "read", "read from", "delete", "delete absent", "list", "list absent"],
    )
    def test_failure_of_the_store_is_a_storage_error_that_can_be_shown(
        self, storage: S, call: Callable[[ExportStorage], object]
    ) -> None:
        self.put_behind(storage, KEY, b"first")
        with self.away_behind(storage), pytest.raises(StorageError) as caught:
            call(storage)
        require_text_to_show(storage, caught.value, self.secrets(storage))
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
            require_text_to_show(storage, failure, self.secrets(storage))

    def test_failed_discarding_is_a_storage_error(self, storage: S) -> None:
        if not isinstance(storage, SupportsDiscardStale):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsDiscardStale")
        with self.away_behind(storage), pytest.raises(StorageError) as caught:
            storage.discard_stale(datetime.now(UTC))
        require_text_to_show(storage, caught.value, self.secrets(storage))

    def test_link_is_made_or_its_failure_is_a_storage_error(self, storage: S) -> None:
        if not isinstance(storage, SupportsSignedUrl):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsSignedUrl")
        with self.away_behind(storage), suppress(StorageError):
            storage.signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=timedelta(minutes=5))

    @pytest.mark.parametrize("first", [None, b"first"], ids=["new", "replacement"])
    def test_failure_at_the_end_of_a_block_is_a_storage_error_that_can_be_shown(
        self, storage: S, first: bytes | None
    ) -> None:
        away = self.away_behind(storage)
        if first is not None:
            self.put_behind(storage, KEY, first)
        readable, failure = first, None
        with ExitStack() as until_it_is_back:
            try:
                # Less than a part, so that a storage may send all of it at the end of the block.
                with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                    writer.write(b"second")
                    until_it_is_back.enter_context(away)
                readable = b"second"
            except StorageError as raised:
                failure = raised
        if failure is not None:
            require_text_to_show(storage, failure, self.secrets(storage))
        self.assert_object(storage, KEY, readable)
        self.sweep(storage)

    def test_place_is_known_while_the_store_is_away(self, storage: S) -> None:
        place = storage.place
        with self.away_behind(storage):
            assert (storage.place, storage.provider) == (place, urlsplit(place).scheme)
            if isinstance(storage, SupportsPlaces):
                with suppress(StorageError):
                    assert storage.is_at(place)
                with suppress(StorageError):
                    assert not storage.is_at("elsewhere://store/prefix")

    def test_no_secret_is_in_what_a_failure_logs(self, storage: S, caplog: pytest.LogCaptureFixture) -> None:
        secrets = self.secrets(storage)
        if not secrets:
            pytest.skip(f"{type(self).__name__} has no secret in environment")
        with self.away_behind(storage):
            for call in (lambda: read(storage, KEY), lambda: write(storage, KEY, b"no"), lambda: storage.delete(KEY)):
                try:
                    call()
                except StorageError as failure:
                    logging.getLogger(__name__).warning("as the library logs it", exc_info=failure)
        assert [secret for secret in secrets if secret in caplog.text or secret in repr(storage)] == []

    def test_check_finds_nothing_wrong_with_a_store_that_works_and_changes_nothing(self, storage: S) -> None:
        if not isinstance(storage, SupportsCheck):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsCheck")
        assert not has_error(storage.problems([]))
        write(storage, KEY, b"first")
        assert not has_error(storage.problems([]))
        assert list(storage.list("")) == [KEY]
        self.assert_object(storage, KEY, b"first")

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
