"""A file on its way: under a name that no key has until it is whole, and gone if it never is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from ticket_export import StorageError
from ticket_export.ports import ObjectWriter
from ticket_export_sftp.connection import close_file
from ticket_export_sftp.errors import TROUBLES, storage_errors

if TYPE_CHECKING:
    from paramiko import SFTPFile

    from ticket_export_sftp.connection import SftpConnection

#: How the names of partial files begin: as no key does.
PARTIAL: Final = ".partial-"
# Exports hold personal data.
_OWNERS_FOLDER: Final = 0o700
_OWNERS_FILE: Final = 0o600
_NOT_WRITTEN: Final = "the file could not be written"
# Bytes that are sent before an answer is waited for.
_BATCH: Final = 1024 * 1024


class PartialFile(ObjectWriter):
    """Takes the bytes of one object, from `open` until `publish` or `discard`."""

    def __init__(self, connection: SftpConnection, root: str, scope: str) -> None:
        self._connection = connection
        self._root = root
        self._path = f"{root}/{PARTIAL}{scope}{uuid4().hex}"
        self._file: SFTPFile | None = None
        self._batch = bytearray()
        self._written = 0
        self._published = False

    def open(self) -> None:
        """Begin the file; makes the folder where there is none yet."""
        with storage_errors(_NOT_WRITTEN):
            try:
                self._file = self._connection.open(self._path, "wb")
            except FileNotFoundError:
                # Another process may make the folder meanwhile. If nobody could, the next line says so.
                with suppress(OSError), self._connection.session() as session:
                    session.mkdir(self._root, _OWNERS_FOLDER)
                self._file = self._connection.open(self._path, "wb")
            self._file.chmod(_OWNERS_FILE)

    def write(self, data: bytes, /) -> None:
        """Append `data`."""
        self._batch += data
        if len(self._batch) >= _BATCH:
            self._send()

    def publish(self, path: str) -> None:
        """Put the whole file at `path`, in place of what was there."""
        self._send()
        with storage_errors(_NOT_WRITTEN):
            self._close()
            try:
                with self._connection.session() as session:
                    # paramiko hides the server's answer to the closing, which may be that the disk is full.
                    if session.lstat(self._path).st_size != self._written:
                        raise StorageError(f"{_NOT_WRITTEN}: the storage has kept a part of it only")
                    # The extension of OpenSSH; SFTP's own renaming refuses a name that is taken.
                    session.posix_rename(self._path, path)
            except TROUBLES:
                if not self._is_at(path):
                    raise
            self._published = True

    def discard(self) -> None:
        """Remove it unless it was published; raises nothing, since an error is on its way. A sweep comes later."""
        if self._published:
            return
        with suppress(*TROUBLES):
            self._close()
        with suppress(*TROUBLES), self._connection.session() as session:
            session.remove(self._path)

    def _send(self) -> None:
        with storage_errors(_NOT_WRITTEN):
            if not self._batch or self._file is None:
                return
            # One journey a batch. paramiko would never ask for the last answers of a pipelined file, among which may
            # be that the disk is full; the last byte goes alone, and waits for them all.
            self._file.set_pipelined(True)
            self._file.write(self._batch[:-1])
            self._file.set_pipelined(False)
            self._file.write(self._batch[-1:])
            self._written += len(self._batch)
            self._batch.clear()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            close_file(file)

    def _is_at(self, path: str) -> bool:
        # The connection may have ended between the renaming and the answer; nobody else knows the temporary name.
        try:
            with self._connection.session() as session:
                with suppress(FileNotFoundError):
                    session.lstat(self._path)
                    return False
                return session.lstat(path).st_size == self._written
        except TROUBLES:
            return False
