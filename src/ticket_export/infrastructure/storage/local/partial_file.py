"""A file that is being written: invisible until it is complete, and removed if it never is."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.errors import StorageError
from ticket_export.infrastructure.private_files import PRIVATE_FILE
from ticket_export.infrastructure.storage.bases.partial_names import partial_name
from ticket_export.infrastructure.storage.local.directories import (
    SyncedFolders,
    make_root,
    opened_directories,
    opened_directory,
)
from ticket_export.infrastructure.storage.local.group_access import GROUP_FILE, group_of, open_to_group
from ticket_export.infrastructure.storage.os_errors import storage_errors

#: The folder of the temporary files. No key can name it, since no segment of a key begins with a dot. It is inside the
#: root, because a rename is atomic only within one file system.
PARTIAL: Final = ".partial"
# How often other processes may remove the folder between its creation and its use.
_ATTEMPTS = 100
_T = TypeVar("_T")
_NOT_WRITTEN = "the file could not be written"
_REPLACED = f"{_NOT_WRITTEN}: another file has replaced its temporary file"
# Bytes after which the kernel begins to write to the disk.
_WRITE_BACK = 8 * 1024 * 1024


class PartialFile(ObjectWriter):
    """The bytes of one object under a temporary name, until they are published or discarded.

    Every method except `discard` raises `StorageError` if the file system fails.
    """

    def __init__(self, root: Path, key: str, synced: SyncedFolders, *, for_group: bool = False) -> None:
        self._root = root
        self._synced = synced
        self._folder = (PARTIAL,)
        self._for_group = for_group
        self._name = partial_name(key)
        with storage_errors(_NOT_WRITTEN):
            make_root(root, for_group=for_group)
            self._file = os.fdopen(_again_while_missing(self._create), "wb")
        self._unwritten = 0
        self._is_published = False

    def write(self, data: bytes, /) -> None:
        """Append `data`."""
        with storage_errors(_NOT_WRITTEN):
            self._file.write(data)
            self._unwritten += len(data)
            if self._unwritten >= _WRITE_BACK:
                self._begin_write_back()

    def publish(self, names: Sequence[str]) -> None:
        """Rename the complete file to `names` below the root, atomically and durably; it replaces an existing file.

        The contents reach the disk before the name, so that a loss of power cannot leave a name with half a file.
        """
        with storage_errors(_NOT_WRITTEN):
            self._file.flush()
            os.fsync(self._file.fileno())
            # Open until it has its name: a closed and removed file's number may become the number of another file.
            self._move(names, os.fstat(self._file.fileno()))
        self._is_published = True

    def discard(self) -> None:
        """Remove the temporary name; after `publish` there is none.

        This never raises an error of the file system, because another error is already being raised. At worst a stale
        file stays; nobody can read it, and the sweep removes it.
        """
        with contextlib.suppress(OSError):
            self._file.close()
        if self._is_published:
            return
        with contextlib.suppress(OSError), opened_directory(self._root, self._folder) as directory:
            os.unlink(self._name, dir_fd=directory)

    def _create(self) -> int:
        with opened_directory(self._root, self._folder, make=True, for_group=self._for_group) as directory:
            # O_EXCL: never an existing file, nor the target of a link.
            created = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE, dir_fd=directory)
            if self._for_group:
                try:
                    open_to_group(created, GROUP_FILE, group=group_of(directory))
                except BaseException:
                    os.close(created)
                    with contextlib.suppress(OSError):
                        os.unlink(self._name, dir_fd=directory)
                    raise
        return created

    def _begin_write_back(self) -> None:
        # The kernel begins to write these bytes in the background, or publishing would wait for the whole file. Their
        # pages stay in the page cache, for the download that often follows.
        size, self._unwritten = self._unwritten, 0
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                begin = os.fstat(self._file.fileno()).st_size - size
                os.posix_fadvise(self._file.fileno(), max(0, begin), 0, os.POSIX_FADV_DONTNEED)

    def _move(self, names: Sequence[str], written: os.stat_result) -> None:
        *folders, name = names

        def rename() -> None:
            # Without this check, another file or a link of that name would be published as the export.
            if not os.path.samestat(written, os.stat(self._name, dir_fd=source, follow_symlinks=False)):
                raise StorageError(_REPLACED)
            # Nothing slow between these two: the new folders are synced when they are in use.
            with opened_directories(
                self._root, folders, make=True, for_group=self._for_group, on_new=self._synced.forget
            ) as opened:
                os.replace(self._name, name, src_dir_fd=source, dst_dir_fd=opened[-1])
                self._settle(opened, names, written)

        with opened_directory(self._root, self._folder) as source:
            _again_while_missing(rename)

    def _settle(self, opened: Sequence[int], names: Sequence[str], written: os.stat_result) -> None:
        *folders, name = names
        target = opened[-1]
        try:
            with contextlib.suppress(FileNotFoundError):
                published = os.stat(name, dir_fd=target, follow_symlinks=False)
                # Another writer of the same key may have published its own file, which has no second name.
                if not os.path.samestat(written, published) and not _is_plain(published):
                    raise StorageError(_REPLACED)
            self._file.close()
            self._synced.sync(opened, folders)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=target)
            raise


def _again_while_missing(use: Callable[[], _T]) -> _T:
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(FileNotFoundError):
            return use()
    return use()


def _is_plain(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1
