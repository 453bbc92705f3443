"""The contract of `ExportStorage.place`."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import unquote, urlsplit

import pytest

from ticket_export.application.ports.export_storage import SupportsPlaces
from ticket_export.errors import ConfigurationError, ObjectNotFoundError, StorageError
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

    def test_two_storages_have_one_place_exactly_if_they_have_the_same_objects(self, storage: S) -> None:
        self.require_scheme(storage)
        write(storage, KEY, b"ours")
        root, mark, query = storage.place.partition("?")
        above, slash, last = root.rpartition("/")
        for other_root in (f"{root}/exports", f"{above}{slash}{last.upper()}", f"{root}-1", f"{root}_1", f"{root}/"):
            with suppress(ConfigurationError), self.opened(storage, f"{other_root}{mark}{query}") as other:
                is_same = other.place == storage.place
                if isinstance(other, SupportsPlaces):
                    is_same = other.is_at(storage.place)
                try:
                    has_ours = read(other, KEY) == b"ours"
                except StorageError:
                    has_ours = False
                assert (other_root, has_ours) == (other_root, is_same)

    def test_place_shows_no_secret(self, storage: S) -> None:
        with self.opened(storage, storage.place) as again:
            shown = f"{storage.place} {again.place} {storage!r}"
        assert [secret for secret in self.secrets(storage) if secret in unquote(shown)] == []

    def test_storage_is_at_its_own_place_only(self, storage: S) -> None:
        if not isinstance(storage, SupportsPlaces):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsPlaces")
        assert storage.is_at(storage.place)
        assert not storage.is_at(self.another_place(storage))
        # A place may be one of an earlier release, or of a plugin that is not installed any more.
        for place in ("elsewhere://store/prefix", "", "elsewhere", f"{storage.provider}://", "http://[::1"):
            assert not storage.is_at(place)
