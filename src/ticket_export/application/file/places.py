"""Which storage has the file of an export."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ticket_export.application.file.export_file import attempt_of, delete_file
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import StorageError, UnknownPlaceError


@attrs.frozen
class StoragePlaces:
    """The storage that new files go to, and the `former` ones, in which files of the database may still be."""

    present: ExportStorage
    former: Sequence[ExportStorage] = ()

    def of(self, item: MediaItem) -> Sequence[ExportStorage]:
        """Return the storages that may have the file.

        A file of an older version has no place. It may be in every storage of its kind.

        Raises:
            UnknownPlaceError: none of the storages is the place of the file.
            StorageError: it has no place, and no storage is of its kind, or another program wrote it.
        """
        every = (self.present, *self.former)
        if item.storage_place is not None:
            found = [each for each in every if each.place == item.storage_place]
            if not found:
                raise UnknownPlaceError(item.storage_place)
            return found[:1]
        if attempt_of(item.object_key) is None:
            raise StorageError("another program wrote the file")
        found = [each for each in every if each.provider == item.file_storage_provider]
        if not found:
            kinds = ", ".join(ascii(each.provider) for each in every)
            raise StorageError(f"the file is in the storage {item.file_storage_provider!a}, not in {kinds}")
        return found

    def delete(self, item: MediaItem) -> None:
        """Delete the file and its manifest, wherever they may be; each may be deleted already.

        Raises:
            StorageError: as `of` does, or one of them still exists.
        """
        for storage in self.of(item):
            delete_file(storage, item.object_key)
