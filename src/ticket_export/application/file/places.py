"""Which storage has the file of an export."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import attrs

from ticket_export.application.file.export_file import delete_file, require_there
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.ports.export_storage import ExportStorage, SupportsPlaces
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import ObjectNotFoundError, StorageError, UnknownPlaceError

_log = logging.getLogger(__name__)

#: After so many deletions in a row that failed because the storage is away, the rest is left to the next clean-up or
#: sweep: each call may wait for a minute.
CALLS_IN_VAIN: Final = 3


@attrs.frozen
class StoragePlaces:
    """The storage that new files go to, and the `former` ones, in which files of the database may still be.

    A file is in the storage that its media item names by its place. No two files have the same key, so another storage
    that has the key has the file too: an operator has moved it there. A file of an older version has no place. It may
    be in every storage of its kind.

    `told` has the unknown places that the log names already; the objects of a process share it.
    """

    present: ExportStorage
    former: Sequence[ExportStorage] = ()
    told: dict[str, object] = attrs.field(factory=dict)

    @property
    def every(self) -> Sequence[ExportStorage]:
        """The present storage, then the former ones."""
        return (self.present, *self.former)

    def knows(self, provider: str, place: str | None) -> bool:
        """Whether a file of that kind and place is, or may be, in one of the storages."""
        return any(_is_at(each, provider, place) for each in self.every)

    def url_of(self, provider: str, place: str | None) -> str:
        """Return the URL that names a storage in the settings; only its beginning, if there is no place."""
        if place is None:
            return f"{provider}://..."
        # In the settings, a bucket without an endpoint is at the endpoint of the settings.
        is_elsewhere = any(each.place.startswith(f"{place}?endpoint=") for each in self.every)
        return f"{place}?endpoint=" if is_elsewhere else place

    def holding(self, item: MediaItem) -> ExportStorage:
        """Return the storage to read the file from: that of its place, or else another one that has it.

        Another process may see one folder under another path, so a file of an unknown place is looked for too.

        Raises:
            UnknownPlaceError: no storage has it, and none is its place.
            ObjectNotFoundError: no storage has it any more.
            StorageError: a storage that may have it cannot be read.
        """
        named = self._named(item)
        if self.present in named and (item.storage_place is not None or not self.former):
            # The usual case. A missing file is noticed when it is opened.
            return self.present
        failures: list[StorageError] = []
        for storage in (*named, *self._others(item)):
            try:
                if _has(storage, item.object_key):
                    return storage
            except StorageError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        raise ObjectNotFoundError("the file is not in the storage any more") if named else self._unknown(item)

    def delete(self, item: MediaItem, ownership: StorageOwnership) -> None:
        """Delete the file and its manifest, wherever they may be; each may be deleted already.

        Raises:
            StorageNotOwnedError: another copy of the database owns one of the storages; nothing was deleted.
            UnknownPlaceError: no storage is the place of the file; nothing was deleted.
            StorageError: the file still exists, or a storage that may have it is away.
        """
        named = self._named(item)
        if not named:
            raise self._unknown(item)
        there, failures = _apart(named)
        if item.storage_place is not None and self.present not in named:
            # An operator may have moved the file there. If it does not exist yet, no file is in it.
            there += _apart([self.present])[0]
        if failures and not any(_has(each, item.object_key) for each in there):
            # So it may be in the storage that is away, unless it was moved from there to another former one.
            moved_to = self._seen_elsewhere(item)
            if not moved_to:
                raise failures[0]
            there += moved_to
        for storage in there:
            ownership.require_of(storage, item.object_key)
        for storage in there:
            delete_file(storage, item.object_key)

    def _seen_elsewhere(self, item: MediaItem) -> list[ExportStorage]:
        seen = []
        for storage in self._others(item):
            with suppress(StorageError):
                if _has(storage, item.object_key):
                    seen.append(storage)
        return seen

    def _named(self, item: MediaItem) -> list[ExportStorage]:
        return [each for each in self.every if _is_at(each, item.file_storage_provider, item.storage_place)]

    def _others(self, item: MediaItem) -> list[ExportStorage]:
        """Return the storages to which an operator may have moved the file."""
        named = self._named(item)
        return [] if item.storage_place is None else [each for each in self.every if each not in named]

    def _unknown(self, item: MediaItem) -> UnknownPlaceError:
        place = self.url_of(item.file_storage_provider, item.storage_place)
        if item.storage_place is not None:
            error = UnknownPlaceError(place)
            text = f"files of exports are in the storage {place!a}, which this process does not know"
        else:
            kinds = ", ".join(ascii(each.provider) for each in self.every)
            text = f"the file is in the storage {item.file_storage_provider!a}, not in {kinds}"
            error = UnknownPlaceError(place, text)
        # Atomic, so that only one of several threads tells it.
        if self.told.setdefault(error.place, error) is error:
            _log.error(
                "%s. They are not read and not deleted: add that storage's URL to TICKET_EXPORT_FORMER_STORAGE_URLS",
                text,
            )
        return error


def _is_at(storage: ExportStorage, provider: str, place: str | None) -> bool:
    if place is None:
        return storage.provider == provider
    return storage.place == place or (isinstance(storage, SupportsPlaces) and storage.is_at(place))


def _apart(storages: Iterable[ExportStorage]) -> tuple[list[ExportStorage], list[StorageError]]:
    """Return the storages that are there, and the errors of the others."""
    there: list[ExportStorage] = []
    failures: list[StorageError] = []
    for storage in storages:
        try:
            require_there(storage)
            there.append(storage)
        except StorageError as error:
            failures.append(error)
    return there, failures


def _has(storage: ExportStorage, key: str) -> bool:
    try:
        with storage.open_reader(key):
            return True
    except ObjectNotFoundError:
        return False
