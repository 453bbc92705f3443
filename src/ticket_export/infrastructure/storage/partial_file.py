"""A file on its way: invisible until it is whole, and gone if it never is."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING
from uuid import uuid4

from ticket_export.infrastructure.storage.directories import make_directories, make_root, sync_directories
from ticket_export.infrastructure.storage.os_errors import storage_errors

if TYPE_CHECKING:
    from pathlib import Path

_OWNER_ONLY = 0o600
# How often a folder may be pruned between being made and being used before it is no coincidence any more.
_ATTEMPTS = 100
_NOT_WRITTEN = "the file could not be written"
# Bytes after which the disk is told to begin.
_WRITE_BACK = 8 * 1024 * 1024


class PartialFile:
    """The bytes of one object under a temporary name of its own; takes them until it is published or discarded.

    Every method but `discard` raises `StorageError` where the file system fails it.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = root
        self._path = folder / uuid4().hex
        with storage_errors(_NOT_WRITTEN):
            make_root(root)
            make_directories(folder, root)
            # "x": never somebody else's file.
            self._file = self._path.open("xb")
        self._unwritten = 0
        try:
            with storage_errors(_NOT_WRITTEN):
                self._path.chmod(_OWNER_ONLY)
        except BaseException:
            self.discard()
            raise

    def write(self, data: bytes, /) -> None:
        """Append `data`."""
        with storage_errors(_NOT_WRITTEN):
            self._file.write(data)
            self._unwritten += len(data)
            if self._unwritten >= _WRITE_BACK:
                self._begin_write_back()

    def publish(self, path: Path) -> None:
        """Put the whole file at `path`, at once and to stay, in place of what was there.

        The contents reach the disk before the name does, so that a loss of power cannot leave a
        name with half a file behind it.
        """
        with storage_errors(_NOT_WRITTEN):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._move(path)
            try:
                sync_directories(path.parent, self._root)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def discard(self) -> None:
        """Remove whatever is left under the temporary name; after `publish` that is nothing.

        Never raises for what the file system does, since an error is already on its way then: at
        worst a stale file stays, which nobody can read and the sweep removes.
        """
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _begin_write_back(self) -> None:
        # The kernel begins to write at once, and waits for nothing; else publishing would wait for the whole file. What
        # is on the disk leaves the memory, where it would only push out what the database next door needs.
        self._unwritten = 0
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def _move(self, path: Path) -> None:
        losses = 0
        while True:
            try:
                # Nothing slow between these two: syncing the new folders can wait until they are in use.
                make_directories(path.parent, self._root)
                self._path.replace(path)
            except FileNotFoundError:
                # A delete pruned the folder between the two, or in the middle of the first.
                losses += 1
                if losses == _ATTEMPTS or not self._path.exists():
                    raise
            else:
                return
