"""A file for a browser, and the headers that make it save the file under a safe name."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO

import attrs

from ticket_export.errors import StorageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Bytes of a block.
_BLOCK = 1 << 18

#: The longest name that common file systems allow.
MAX_NAME_LENGTH = 255

# Windows opens a device for these names, with any extension.
_DEVICE = r"\A(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|\Z)"
_UNSAFE = re.compile(rf"[^A-Za-z0-9._ -]|{_DEVICE}", re.ASCII | re.IGNORECASE)


def content_disposition(file_name: str) -> str:
    """Return the ``Content-Disposition`` of RFC 6266 that makes a browser save a file as `file_name`.

    The names that the library makes stay as they are. In another name, ``_`` replaces everything except ASCII letters,
    digits, ``.``, ``-``, ``_`` and the space, so that no name breaks the header or leaves the user's folder. A name
    that is too long loses its beginning.
    """
    return f'attachment; filename="{safe_name(file_name[-MAX_NAME_LENGTH:]) or "download"}"'


def safe_name(name: str) -> str:
    """Return the name with ``_`` in place of what a header or a file system may take for something else."""
    # A leading dot hides a file; Windows drops dots and spaces at the end.
    return _UNSAFE.sub("_", name.strip(". "))


class _Source(RawIOBase):
    """The bytes of a stream, which is open until this is closed. It must have `length` bytes."""

    def __init__(self, stream: AbstractContextManager[BinaryIO], *, length: int) -> None:
        self._missing = length
        self._resources = ExitStack()
        self._stream = self._resources.enter_context(stream)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read at most as many bytes as the buffer takes; return their number."""
        target = memoryview(buffer)
        data = self._stream.read(len(target))
        self._missing -= len(data)
        has_ended = not data and len(target) > 0
        # A server reads no more bytes than it has announced, so the end is looked for with the last of them.
        is_longer = self._missing < 0 or (self._missing == 0 and bool(data) and bool(self._stream.read(1)))
        if is_longer or (has_ended and self._missing > 0):
            # A proxy may have sent its own page, or an operator may have replaced the file.
            raise StorageError("the file in the storage does not have the length of the file that was written")
        target[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream; a second call has no effect."""
        try:
            self._resources.close()
        finally:
            super().close()


class _DownloadFile(BufferedReader):
    """A file object whose iteration yields blocks.

    A server sends each thing that an iteration yields apart, and a compressed file has no lines.
    """

    def __next__(self) -> bytes:
        block = self.read(_BLOCK)
        if not block:
            raise StopIteration
        return block


@attrs.frozen(kw_only=True)
class Download:
    """A file for the user; `length` is in bytes.

    `open` opens the file; `stream` is a context manager that opens it. Each use opens it again. `url` is a link to the
    storage if the settings ask for links and it can make them. Anyone who has the link can download the file for some
    minutes: redirect the browser to it, keep it out of the log, and do not open the file. `sha256` is the digest of the
    whole file in hexadecimal digits, if known. `reader` is the storage's: it takes the number of the byte to begin at.
    `etag` is the strong entity tag, without quotes: the bytes of two downloads with the same tag are the same.
    """

    file_name: str
    content_type: str
    length: int
    reader: Callable[[int], AbstractContextManager[BinaryIO]] = attrs.field(repr=False)
    url: str | None = attrs.field(default=None, repr=False)
    sha256: str | None = None
    etag: str | None = None

    @property
    def stream(self) -> AbstractContextManager[BinaryIO]:
        """A context manager that opens the whole file, for one use."""
        return self.reader(0)

    def open(self, start: int = 0) -> BinaryIO:
        """Open the file, and return it as a file object that cannot seek. Its iteration yields blocks, not lines.

        It has the bytes of the file from number `start` on, and none if the file is not longer than `start`. The bytes
        before `start` are not read from the storage.

        Its `close` returns the storage's resources, also after a part was read; a second call has no effect. A ``with``
        block, or the end of its last reference, closes it too. So it can be given to what closes a file after the
        response: Django's ``FileResponse``, Werkzeug's ``send_file`` and ``wrap_file``, a WSGI server's own wrapper.

        Raises:
            StorageError: the file cannot be read; `read` may raise it too. It does so if the file is not as long as
                `length` says.
            ValueError: `start` is negative.
        """
        return _DownloadFile(_Source(self.reader(start), length=max(0, self.length - start)))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response: type, name (RFC 6266), length, entity tag and digest (RFC 9530).

        They forbid shared caches to keep the response, and browsers to guess another type.
        """
        headers = {
            "Content-Type": self.content_type,
            "Content-Disposition": content_disposition(self.file_name),
            "Content-Length": str(self.length),
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if self.etag is not None:
            headers["ETag"] = f'"{self.etag}"'
        if self.sha256 is not None:
            headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(self.sha256)).decode()}:"
        return headers
