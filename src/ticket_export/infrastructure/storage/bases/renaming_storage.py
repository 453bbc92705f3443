"""The base of storages on file systems: a file has a temporary name until it is whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeVar

import attrs

from ticket_export.application.ports.export_storage import SupportsDiscardStale, SupportsPlaces
from ticket_export.errors import InvalidKeyError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.partial_names import is_partial_below, partial_name
from ticket_export.infrastructure.storage.bases.smart_open_storage import ObjectTarget, SmartOpenStorage
from ticket_export.infrastructure.storage.bases.stream_upload import StreamUpload, Written
from ticket_export.infrastructure.storage.bases.upload import Upload
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, is_key

C = TypeVar("C")

#: How a temporary name begins. No key begins so.
PARTIAL: Final = ".partial-"
# Stands for the slash in the name of a file: no key has it.
_SLASH: Final = "~"
# The longest name of the common file systems.
_MAX_NAME: Final = 255
_NO_FOLDER: Final = "the folder of the storage could not be read"


@attrs.frozen
class StoredFile:
    """A file in a folder: its bytes, and its last write (aware)."""

    length: int
    changed: datetime


class RenamingStorage(SmartOpenStorage[C], SupportsDiscardStale, SupportsPlaces):
    """A folder whose files smart-open opens, for stores that show a file while it is written.

    The object of key ``a/b`` is the file ``a~b``: all are in one folder, so there are no folders to make or to remove.
    A key has at most 255 characters; the library's have half as many. A name is that of a file in the folder, without
    the prefix of the URL. Beside what `SmartOpenStorage` asks for, a storage of your own can make its folder, look at
    a file, and rename it::

        def make_folder(self): ...
        def stat(self, name): ...
        def rename(self, name, new_name): ...
    """

    @abstractmethod
    def make_folder(self) -> None:
        """Create the folder, for its owner only. Another process may do so at the same moment."""

    @abstractmethod
    def stat(self, name: str) -> StoredFile:
        """Look at a file; raises one of the errors in `missing` if there is none."""

    @abstractmethod
    def rename(self, name: str, new_name: str) -> None:
        """Rename a file in one step that replaces an existing file of the new name."""

    def upload(self, name: str, content_type: str) -> Upload:
        """See `SmartOpenStorage.upload`."""
        target = _RenamedTarget(self, name, content_type)
        return StreamUpload(target, part_bytes=self.part_bytes, patience=self.patience)

    def length(self, name: str, stream: Any) -> int:
        """See `SmartOpenStorage.length`. A stream of paramiko seeks to byte 0 where it cannot learn its end."""
        return self.stat(name).length

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Holds all names at once."""
        check_prefix(prefix)
        found = self._files(prefix.replace("/", _SLASH), "the files could not be listed")
        yield from sorted(key for name in found if (key := self.key_of(name)) is not None)

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """See `SupportsDiscardStale.discard_stale`. The store's clock says when a file was written to."""
        failed = "what was left behind could not be removed"
        removed = 0
        for name in self._files(PARTIAL, failed):
            if is_partial_below(prefix, name.removeprefix(PARTIAL)):
                try:
                    with self.errors(failed):
                        if self.stat(name).changed < before:
                            self.remove(name)
                            removed += 1
                except StorageError as failure:
                    # Another sweep, or its own writer, may have removed it meanwhile.
                    if not self.errors.is_missing(failure):
                        raise
        return removed

    def is_at(self, place: str) -> bool:
        """See `SupportsPlaces.is_at`."""
        return place == self.place

    def require_there(self) -> None:
        """See `SupportsPlaces.require_there`. The disk of a server that is not mounted has no such folder."""
        try:
            with self.errors(_NO_FOLDER):
                next(iter(self.names(PARTIAL)), None)
        except StorageError as failure:
            if not self.errors.is_missing(failure):
                raise
            raise StorageUnavailableError(
                "the folder of the storage does not exist; mount it, or create it"
            ) from failure

    def require_store(self, failed: str) -> None:
        """See `SmartOpenStorage.require_store`. A folder is made by the first write, so it may be missing."""

    def name_of(self, key: str) -> str:
        """See `SmartOpenStorage.name_of`."""
        check_key(key)
        if len(key) > _MAX_NAME:
            raise InvalidKeyError(f"a key of this storage has at most {_MAX_NAME} characters")
        return key.replace("/", _SLASH)

    def key_of(self, name: str) -> str | None:
        """See `SmartOpenStorage.key_of`."""
        key = name.replace(_SLASH, "/")
        return key if is_key(key) else None

    def _files(self, prefix: str, failed: str) -> Sequence[str]:
        try:
            with self.errors(failed):
                return list(self.names(prefix))
        except StorageError as failure:
            if not self.errors.is_missing(failure):
                raise
        return []  # nothing was written yet


class _RenamedTarget(ObjectTarget):
    """An object that is a file of another name until it is whole."""

    def __init__(self, storage: RenamingStorage[Any], name: str, content_type: str) -> None:
        super().__init__(storage, name, content_type)
        self._folder = storage
        self._partial = PARTIAL + partial_name(name.replace(_SLASH, "/"))

    def open(self) -> Any:
        try:
            return self._folder.open_stream(self._partial, "wb", self._content_type)
        except Exception as error:
            if not self.errors.means_missing(error):
                raise
            self._folder.make_folder()
            return self._folder.open_stream(self._partial, "wb", self._content_type)

    def complete(self, close: Callable[[], object], written: Written) -> None:
        close()
        # A driver may hide the answer to the closing, which may be that the disk is full.
        if self._folder.stat(self._partial).length != written.length:
            raise StorageError("the file could not be written: the storage has kept only a part of it")
        self._folder.rename(self._partial, self._name)

    def discard(self, stream: Any, close: Callable[[], object]) -> None:
        # A full disk may refuse the rest of the file, which the driver has kept.
        with suppress(Exception):
            close()
        self._folder.delete_named(self._partial)
