"""The contract of `ExportStorage.place`."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from ticket_export.application.ports.export_storage import SupportsPlaces
from ticket_export.errors import ConfigurationError, ObjectNotFoundError
from ticket_export.testing.stores.store_back_door import KEY, OTHER_KEY, S, StoreBackDoor, read, write


class PlacesContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    def test_place_is_a_url_without_credentials_that_a_list_of_urls_can_hold(self, storage: S) -> None:
        place = storage.place
        parts = urlsplit(place)
        assert place.startswith(f"{parts.scheme}://")
        assert parts.scheme == storage.provider
        assert parts.password is None
        # TICKET_EXPORT_FORMER_STORAGE_URLS separates the URLs by white space and commas.
        assert set(place).isdisjoint(" \t\r\n,")
        write(storage, KEY, b"data")
        assert storage.place == place

    def test_storage_that_is_opened_at_the_place_has_the_same_objects(self, storage: S) -> None:
        with self.opened(storage, storage.place) as again:
            write(storage, KEY, b"first")
            assert read(again, KEY) == b"first"
            write(again, KEY, b"second")
            self.assert_object(storage, KEY, b"second")
            assert list(again.list("")) == [KEY]
            assert (again.place, again.provider) == (storage.place, storage.provider)

    def test_place_is_the_same_with_a_slash_at_its_end(self, storage: S) -> None:
        root, mark, query = storage.place.partition("?")
        # A storage may accept only one of the two.
        with suppress(ConfigurationError), self.opened(storage, f"{root}/{mark}{query}") as again:
            assert again.place == storage.place

    def test_another_prefix_is_another_place(self, storage: S) -> None:
        with self.opened(storage, self.another_place(storage)) as other:
            assert other.place != storage.place
            write(storage, KEY, b"ours")
            with pytest.raises(ObjectNotFoundError):
                read(other, KEY)
            for key in (KEY, OTHER_KEY):
                write(other, key, b"theirs")
            try:
                assert list(storage.list("exports/")) == [KEY]
                self.assert_object(storage, KEY, b"ours")
            finally:
                for key in (KEY, OTHER_KEY):
                    other.delete(key)
            assert list(other.list("exports/")) == []
            self.assert_object(storage, KEY, b"ours")

    def test_storage_is_at_its_own_place_only(self, storage: S) -> None:
        if not isinstance(storage, SupportsPlaces):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsPlaces")
        assert storage.is_at(storage.place)
        assert not storage.is_at(self.another_place(storage))
        assert not storage.is_at("elsewhere://store/prefix")
