"""Files below a folder that all web processes and workers can open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsPlaces,
)
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.errors import ConfigurationError, InvalidKeyError, ObjectNotFoundError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.partial_names import is_partial_below
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, check_start, is_segment
from ticket_export.infrastructure.storage.local.directories import SyncedFolders, opened_directory, prune_directories
from ticket_export.infrastructure.storage.local.folder_check import folder_problems
from ticket_export.infrastructure.storage.local.partial_file import PARTIAL, PartialFile
from ticket_export.infrastructure.storage.local.regular_files import open_file, require_file
from ticket_export.infrastructure.storage.os_errors import storage_errors
from ticket_export.settings import Settings


class LocalStorage(ExportStorage, SupportsCheck, SupportsDiscardStale, SupportsPlaces):
    """A store that keeps the object of key ``a/b`` as the file ``<root>/a/b``.

    The first write creates the root. New folders and files are private (modes 0700 and 0600); with `for_group`, the
    group of the root shares them (modes 0770 and 0640), whatever the umask is. The root may be a symbolic link. A link
    below it is never followed, even if it appears during a call; its key raises `InvalidKeyError`. A pipe, socket or
    device in the place of a file raises `StorageError` and stays. As in any folder, ``a`` and ``a/b`` cannot both be
    objects. Content types are not stored: the job's media item has them.
    """

    provider = "file"

    def __init__(self, root: Path, *, for_group: bool = False) -> None:
        self._root = root.absolute()
        self._for_group = for_group
        self._synced = SyncedFolders()

    @property
    def place(self) -> str:
        """See `ExportStorage.place`: the folder itself, not a link to it."""
        return _place_of(self._root)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> LocalStorage:
        """Return the storage at ``file:///an/absolute/folder``, percent-encoded as in RFC 8089.

        A relative folder is refused, since a worker and a web process rarely start in the same folder. Of the settings,
        only `file_access` has an effect.

        Raises:
            ConfigurationError: the URL is not such a URL.
        """
        folder = _folder_of(url)
        if folder is None:
            raise _no_local_storage()
        return cls(folder, for_group=settings.file_access == "group")

    def is_at(self, place: str) -> bool:
        """See `SupportsPlaces.is_at`."""
        folder = _folder_of(place)
        return folder is not None and _place_of(folder) == self.place

    def require_there(self) -> None:
        """See `SupportsPlaces.require_there`. A disk that is not mounted has no such folder."""
        if not self._root.is_dir():
            raise StorageUnavailableError("the folder of the storage does not exist; mount it, or create it")

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. An error of the block comes out unchanged."""
        check_key(key)
        *folders, _ = names = key.split("/")
        with (
            storage_errors("the file could not be written"),
            suppress(FileNotFoundError),
            opened_directory(self._root, folders, for_group=self._for_group) as directory,
        ):
            # Refuse at the start what publishing would refuse at the end.
            require_file(directory, names)
        partial = PartialFile(self._root, key, self._synced, for_group=self._for_group)
        try:
            yield partial
            partial.publish(names)
        finally:
            partial.discard()

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`."""
        check_key(key)
        check_start(start)
        *folders, _ = names = key.split("/")
        with storage_errors("the file could not be read"):
            try:
                with opened_directory(self._root, folders) as directory:
                    stream = open_file(directory, names, start)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise ObjectNotFoundError("the file is not in the storage any more") from error
        with stream:
            yield stream

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`. Folders that become empty are removed too."""
        check_key(key)
        *folders, name = names = key.split("/")
        with storage_errors("the file could not be deleted"):
            nothing = suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError)
            with nothing, opened_directory(self._root, folders) as directory:
                with nothing:
                    require_file(directory, names)
                    os.unlink(name, dir_fd=directory)
                # Also for a file that is deleted already: perhaps a moment ago, by a process that was killed.
                os.fsync(directory)
            prune_directories(self._root, folders)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Only one folder at a time is in memory."""
        check_prefix(prefix)
        with storage_errors("the files could not be listed"):
            yield from self._keys_below((), prefix)

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """Remove the unpublished files of killed writers of keys below `prefix`; returns the number of files.

        A file is stale if its last write was before `before` (aware UTC). Choose a time longer ago than an export may
        pause: a writer whose file was removed fails with `StorageError`.
        """
        removed = 0
        with (
            storage_errors("what was left behind could not be removed"),
            suppress(FileNotFoundError),
            opened_directory(self._root, [PARTIAL]) as directory,
            os.scandir(directory) as entries,
        ):
            for entry in entries:
                with suppress(FileNotFoundError):
                    if not is_partial_below(prefix, entry.name):
                        continue
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mtime < before.timestamp() and not stat.S_ISDIR(status.st_mode):
                        os.unlink(entry.name, dir_fd=directory)
                        removed += 1
        return removed

    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        """See `SupportsCheck.problems`."""
        return folder_problems(self._root, for_group=self._for_group)

    def _keys_below(self, folders: tuple[str, ...], prefix: str) -> Iterator[str]:
        for name in self._sorted_names(folders):
            below = "/".join((*folders, name))
            if name.endswith("/"):
                if below.startswith(prefix) or prefix.startswith(below):
                    yield from self._keys_below((*folders, name.removesuffix("/")), prefix)
            elif below.startswith(prefix):
                yield below

    def _sorted_names(self, folders: Sequence[str]) -> Sequence[str]:
        # A folder sorts with its slash: "a-b" comes before "a/b", as in a list of whole keys.
        try:
            with opened_directory(self._root, folders) as directory, os.scandir(directory) as entries:
                known = [entry for entry in entries if is_segment(entry.name)]
                below = [f"{entry.name}/" for entry in known if entry.is_dir(follow_symlinks=False)]
                files = [entry.name for entry in known if entry.is_file(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError, InvalidKeyError):
            return []  # not created yet, or pruned or replaced by a link in the meantime
        return sorted(below + files)


def _place_of(folder: Path) -> str:
    # Path.resolve raises an error for a link to itself, on some versions of Python.
    return Path(os.path.realpath(folder)).as_uri()


def _folder_of(url: str) -> Path | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    folder = url2pathname(parts.path)
    is_local = parts.scheme == "file" and parts.netloc.lower() in {"", "localhost"} and folder.startswith("/")
    is_plain = not (parts.query or parts.fragment or "\0" in folder)
    return Path(folder) if is_local and is_plain else None


def _no_local_storage() -> ConfigurationError:
    # Not with the URL: that of another storage may hold a password.
    return ConfigurationError(
        "the storage URL is not a local storage; use file:///an/absolute/folder, with %23 for # and %3F for ?"
    )
