"""The contract of `ExportStorage.list` for more names than a store gives at once."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

from ticket_export.errors import StorageError
from ticket_export.testing.stores.store_back_door import KEY, S, StoreBackDoor, assert_ends, require_text_to_show


class ListedNamesContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    #: A number of names that is more than a page of the store, which is 1,000 on many.
    several_names: ClassVar[int] = 1_005

    def test_more_names_than_a_page_are_listed_once_and_in_order(self, storage: S) -> None:
        keys = self._put_names(storage)
        assert _unlike(storage.list("exports/"), keys) == []
        assert _unlike(storage.list(""), ["before/a", *keys, "later/a"]) == []

    def test_every_name_is_listed_while_objects_are_deleted(self, storage: S) -> None:
        # As the sweep does.
        keys = self._put_names(storage)
        found = []
        for key in storage.list("exports/"):
            found.append(key)
            storage.delete(key)
        assert _unlike(found, keys) == []
        assert list(storage.list("")) == ["before/a", "later/a"]

    def test_list_of_a_store_that_goes_away_raises_a_storage_error_or_has_every_name(self, storage: S) -> None:
        away = self.away_behind(storage)
        keys = self._put_names(storage)
        found: list[str] = []
        failure = None
        with ExitStack() as until_it_is_back:
            names = storage.list("exports/")
            found.append(next(names))
            until_it_is_back.enter_context(away)
            try:
                found.extend(names)
            except StorageError as raised:
                failure = raised
        if failure is None:
            assert _unlike(found, keys) == []
        else:
            require_text_to_show(storage, failure, self.secrets(storage))

    def test_names_are_in_the_order_of_their_characters(self, storage: S) -> None:
        keys = ["exports/Z", "exports/_", "exports/a-1", "exports/a.1", "exports/a/1", "exports/a10", "exports/a9"]
        for key in reversed(keys):
            self.put_behind(storage, key, b"")
        assert list(storage.list("")) == keys
        assert list(storage.list("exports/a")) == keys[2:]

    def test_lists_that_are_read_in_turn_do_not_disturb_each_other(self, storage: S) -> None:
        for key in ("exports/1", "exports/2", "exports/3"):
            self.put_behind(storage, key, b"")
        first, second = storage.list("exports/"), storage.list("exports/")
        found = [(next(first), next(second)) for _ in range(3)]
        assert found == [(key, key) for key in ("exports/1", "exports/2", "exports/3")]
        assert (next(first, None), next(second, None)) == (None, None)

    def test_object_that_another_process_has_written_is_listed(self, storage: S) -> None:
        assert list(storage.list("")) == []
        self.put_behind(storage, KEY, b"new")
        assert list(storage.list("")) == [KEY]

    def test_list_goes_on_while_objects_are_deleted_that_it_has_not_reached(self, storage: S) -> None:
        keys = [f"exports/{number}/a.csv" for number in range(10, 30)]
        for key in keys:
            self.put_behind(storage, key, b"")
        names = storage.list("exports/")
        found = [next(names)]
        deleted = keys[5::2]
        for key in deleted:
            storage.delete(key)
        found += names
        # Those that were deleted may be among them or not.
        assert [key for key in found if key not in deleted] == [key for key in keys if key not in deleted]
        assert found == [key for key in keys if key in found]

    def test_lists_that_stop_early_leave_the_store_usable(self, storage: S) -> None:
        # As a check does, and a look for the bucket after each object that is missing.
        for key in ("exports/1", "exports/2", "exports/3"):
            self.put_behind(storage, key, b"")

        def list_a_little() -> None:
            for _ in range(100):
                next(storage.list("exports/"))

        assert_ends(list_a_little)
        assert list(storage.list("")) == ["exports/1", "exports/2", "exports/3"]

    def _put_names(self, storage: S) -> list[str]:
        keys = [f"exports/{number:05}/a.csv" for number in range(self.several_names)]
        for key in ("before/a", *keys, "later/a"):
            self.put_behind(storage, key, b"")
        return keys


def _unlike(found: object, expected: list[str]) -> list[tuple[int, str | None, str | None]]:
    """Return the first place where two long lists differ: a message with both would be as long."""
    names = list(found)  # type: ignore[call-overload]
    for place in range(max(len(names), len(expected))):
        one, other = (each[place] if place < len(each) else None for each in (names, expected))
        if one != other:
            return [(place, one, other)]
    return []
