"""Files below a folder that web process and workers all see."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ticket_export.errors import ConfigurationError, InvalidKeyError, ObjectNotFoundError
from ticket_export.infrastructure.storage.directories import prune_directories, sync_directories
from ticket_export.infrastructure.storage.guarded_reader import guarded
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, is_segment
from ticket_export.infrastructure.storage.os_errors import storage_errors
from ticket_export.infrastructure.storage.partial_file import PartialFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ticket_export.application.ports.export_storage import ObjectWriter
    from ticket_export.settings import Settings

# No key can name it: a key's segments do not begin with a dot. Inside the root, since a rename is
# atomic only within one file system.
_PARTIAL = ".partial"


class LocalStorage:
    """Stores the object of key ``a/b`` as the file ``<root>/a/b``.

    The root is made at the first write; what is made is for its owner only (0700, files 0600).
    The root may be a symbolic link; one below it is never followed. As with any folder, ``a`` and
    ``a/b`` cannot both be objects. Content types are not kept: the job's media item knows them.
    """

    provider = "file"

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._partial = self._root / _PARTIAL

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> LocalStorage:  # noqa: ARG003 - what every storage is given
        """The storage at ``file:///an/absolute/folder``, percent-encoded where RFC 8089 asks for it.

        A relative folder is refused, since worker and web process rarely start in the same one. No setting but the
        URL matters.

        Raises:
            ConfigurationError: the URL is no such thing.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            # No cause: its text may quote the URL.
            raise _no_local_storage() from None
        folder = url2pathname(parts.path)
        local = parts.scheme == "file" and parts.netloc in {"", "localhost"} and folder.startswith("/")
        if not local or parts.query or parts.fragment or "\0" in folder:
            raise _no_local_storage()
        return cls(Path(folder))

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. What the block raises comes out unchanged."""
        path = self._path(key)
        partial = PartialFile(self._partial, self._root)
        try:
            yield partial
            partial.publish(path)
        finally:
            partial.discard()

    @contextmanager
    def open_reader(self, key: str) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`."""
        path = self._path(key)
        with storage_errors("the file could not be read"):
            try:
                stream = path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise ObjectNotFoundError("the file is not in the storage any more") from error
        with guarded(stream) as reader:
            yield reader

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`. Folders that this empties go too."""
        path = self._path(key)
        with storage_errors("the file could not be deleted"):
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
                sync_directories(path.parent, self._root)
            prune_directories(path.parent, self._root)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Reads one folder at a time, so a long list is never held whole."""
        check_prefix(prefix)
        with storage_errors("the files could not be listed"):
            yield from self._keys_below(self._root, "", prefix)

    def discard_stale(self, before: datetime) -> int:
        """Remove what killed writers left behind and nobody can read; gives the number of files.

        Stale is what was last written to before `before` (aware UTC). Choose a moment longer ago than
        any export may pause: a writer whose file was removed fails with `StorageError`.
        """
        removed = 0
        with storage_errors("what was left behind could not be removed"), suppress(FileNotFoundError):
            for path in self._partial.iterdir():
                with suppress(FileNotFoundError):
                    if path.lstat().st_mtime < before.timestamp():
                        path.unlink()
                        removed += 1
        return removed

    def _path(self, key: str) -> Path:
        check_key(key)
        path = self._root / key
        with storage_errors("the file could not be found"):
            if any(each.is_symlink() for each in (path, *path.parents) if self._root in each.parents):
                raise InvalidKeyError(f"{key} would leave the storage: there is a symbolic link on the way")
        return path

    def _keys_below(self, folder: Path, key: str, prefix: str) -> Iterator[str]:
        for name in self._sorted_names(folder):
            below = key + name
            if name.endswith("/"):
                if below.startswith(prefix) or prefix.startswith(below):
                    yield from self._keys_below(folder / name, below, prefix)
            elif below.startswith(prefix):
                yield below

    def _sorted_names(self, folder: Path) -> Sequence[str]:
        # A folder sorts with its slash: "a-b" comes before "a/b", as it does among whole keys.
        try:
            with os.scandir(folder) as entries:
                known = [entry for entry in entries if is_segment(entry.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []  # not made yet, or pruned meanwhile
        folders = [f"{entry.name}/" for entry in known if entry.is_dir(follow_symlinks=False)]
        files = [entry.name for entry in known if entry.is_file(follow_symlinks=False)]
        return sorted(folders + files)


def _no_local_storage() -> ConfigurationError:
    # The URL of another storage may hold a key or a password, anywhere in it.
    return ConfigurationError(
        "the storage URL is no local storage; use file:///an/absolute/folder, with %23 for # and %3F for ?"
    )
