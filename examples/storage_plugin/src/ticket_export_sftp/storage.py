"""The storage itself: what `ticket_export.ExportStorage` promises, on an SFTP server."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from io import BufferedReader
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO

from ticket_export.errors import InvalidKeyError, ObjectNotFoundError
from ticket_export.ports import ExportStorage, SupportsDiscardStale
from ticket_export.storage import check_key, check_prefix, check_start
from ticket_export_sftp.address import SftpAddress
from ticket_export_sftp.connection import SftpConnection
from ticket_export_sftp.errors import storage_errors
from ticket_export_sftp.partial_file import PARTIAL, PartialFile
from ticket_export_sftp.read_stream import CHUNK, ReadStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from paramiko import SFTPAttributes

    from ticket_export import Settings
    from ticket_export.storage import ObjectWriter


# No key holds it.
_SLASH = "~"
_MAX_NAME = 255
# The part of a key in the temporary name of its file.
_SCOPE = 200


class SftpStorage(ExportStorage, SupportsDiscardStale):
    """Stores the object of key ``a/b`` as the file ``a~b``, all in one folder: there are none to make or to remove.

    So a key has 255 characters at most, the longest name of the common file systems; the library's have half as many.
    Content types are not kept: the library knows them.
    """

    provider = "sftp"

    def __init__(self, address: SftpAddress) -> None:
        self._root = address.root
        self._place = address.place
        self._connection = SftpConnection(address)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> SftpStorage:
        """The storage at ``sftp://user@host:port/absolute/path``; connects at the first use.

        Raises:
            ConfigurationError: the URL is no such thing, or its server is not known to this user.
        """
        address = SftpAddress.from_url(url)
        address.require_known_host()
        return cls(address)

    @property
    def place(self) -> str:
        """See `ExportStorage.place`. The folder of another user of the server may have the same path."""
        return self._place

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. What the block raises comes out unchanged."""
        path = self._path(key)
        partial = PartialFile(self._connection, self._root, key[:_SCOPE].replace("/", _SLASH))
        try:
            partial.open()
            yield partial
            partial.publish(path)
        finally:
            partial.discard()

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`."""
        path = self._path(key)
        check_start(start)
        with storage_errors("the file could not be read"):
            try:
                file = self._connection.open(path, "rb")
            except FileNotFoundError as error:
                raise ObjectNotFoundError("the file is not in the storage any more") from error
        with BufferedReader(ReadStream(file), CHUNK) as stream:
            if start:
                with storage_errors("the file could not be read"):
                    # Not beyond the end, where a server may fail.
                    file.seek(min(start, file.stat().st_size or 0))
            yield stream

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`."""
        path = self._path(key)
        failed = "the file could not be deleted"
        with storage_errors(failed), self._connection.session() as session, suppress(FileNotFoundError):
            session.remove(path)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Holds all names at once."""
        check_prefix(prefix)
        names = (entry.filename for entry in self._files("the files could not be listed"))
        keys = (name.replace(_SLASH, "/") for name in names)
        yield from sorted(key for key in keys if key.startswith(prefix) and _is_key(key))

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """See `SupportsDiscardStale.discard_stale`. The server's clock says when a file was written to."""
        failed = "what was left behind could not be removed"
        removed = 0
        for entry in self._files(failed):
            is_below = entry.filename.startswith(PARTIAL + prefix[:_SCOPE].replace("/", _SLASH))
            if is_below and (entry.st_mtime or 0) < before.timestamp():
                with storage_errors(failed), self._connection.session() as session, suppress(FileNotFoundError):
                    session.remove(f"{self._root}/{entry.filename}")
                    removed += 1
        return removed

    def _path(self, key: str) -> str:
        check_key(key)
        if len(key) > _MAX_NAME:
            raise InvalidKeyError(f"a key of this storage has at most {_MAX_NAME} characters")
        return f"{self._root}/{key.replace('/', _SLASH)}"

    def _files(self, failed: str) -> Sequence[SFTPAttributes]:
        with storage_errors(failed), self._connection.session() as session, suppress(FileNotFoundError):
            return [entry for entry in session.listdir_attr(self._root) if S_ISREG(entry.st_mode or 0)]
        return []  # nothing was written yet


def _is_key(key: str) -> bool:
    # Neither partial files are objects, nor what others have put there.
    try:
        check_key(key)
    except InvalidKeyError:
        return False
    return True
