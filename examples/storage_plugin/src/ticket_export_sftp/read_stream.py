"""An object's bytes, as they come."""

from __future__ import annotations

from contextlib import suppress
from io import RawIOBase
from typing import TYPE_CHECKING, Final

from ticket_export_sftp.connection import close_file
from ticket_export_sftp.errors import TROUBLES, storage_errors

if TYPE_CHECKING:
    from paramiko import SFTPFile
    from typing_extensions import Buffer

CHUNK: Final = 32 * 1024


class ReadStream(RawIOBase):
    """Raises `StorageError` where reading fails, at whichever byte."""

    def __init__(self, file: SFTPFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        with storage_errors("the file could not be read"):
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            with suppress(*TROUBLES):
                close_file(self._file)
        super().close()
