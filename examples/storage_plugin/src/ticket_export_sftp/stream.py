"""The bytes of one file."""

from __future__ import annotations

from io import SEEK_END, SEEK_SET
from typing import TYPE_CHECKING

from ticket_export_sftp.sessions import ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramiko import SFTPFile


class SftpStream:
    """What `RenamingStorage` needs of a stream. It sends many requests before it waits for their answers."""

    def __init__(self, file: SFTPFile, close: Callable[[], object]) -> None:
        self.close = close
        self.tell, self.seekable = file.tell, file.seekable
        self._file = file
        self._length = file.stat().st_size or 0

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        # paramiko seeks from 0 if it cannot learn the length.
        from_end = whence == SEEK_END
        self._file.seek(self._length + offset if from_end else offset, SEEK_SET if from_end else whence)
        return self._file.tell()

    def read(self, size: int) -> bytes:
        start = self._file.tell()
        with ending(self._file.sftp.get_channel().get_transport):
            return b"".join(self._file.readv([(start, max(0, min(size, self._length - start)))]))

    def write(self, data: memoryview) -> None:
        with ending(self._file.sftp.get_channel().get_transport):
            # paramiko never asks for the last answers of a pipelined file, of which one may be that the disk is full.
            # The last byte waits for all of them.
            self._file.set_pipelined(True)
            self._file.write(data[:-1])
            self._file.set_pipelined(False)
            self._file.write(data[-1:])
