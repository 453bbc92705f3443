"""The answer to a request for the file of an export: the whole file, a part of it, a link, or nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, Final
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.file.download import Download
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.entrypoints.web.conditions import (
    ByteRange,
    UnsatisfiableRangeError,
    fails_match,
    is_unchanged,
    wanted_range,
)
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse
from ticket_export.entrypoints.web.problems import NO_SUCH_RANGE, PRECONDITION, Refusal

# Bytes of a block.
_BLOCK: Final = 1 << 18
# Middleware of hosts and proxies compresses what has no encoding, and then length, ranges and digest are wrong.
_BYTES: Final = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store, no-transform",
    "Content-Encoding": "identity",
}


class PartOfFile:
    """The first `length` bytes of an open file, in blocks."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._missing = length

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks; their end, or an error, closes the file.

        Raises:
            StorageError: the file ends too early. The connection must then end before all bytes are sent.
        """
        # Django closes nothing by ASGI after an error.
        with closing(self._file):
            while self._missing > 0:
                block = self._file.read(min(_BLOCK, self._missing))
                if not block:
                    return
                self._missing -= len(block)
                yield block

    def close(self) -> None:
        """Close the file; a second call has no effect."""
        self._file.close()


@attrs.frozen(kw_only=True)
class FileAnswers:
    """Answers requests for files. Only an answer with bytes, or with a link, is recorded as a download."""

    open_download: OpenDownload

    def answer(self, request: WebRequest, actor: Actor, job_id: UUID) -> WebResponse | Refusal:
        """Return the answer, which the caller closes.

        Raises:
            The errors of `OpenDownload`.
        """
        found = self.open_download.find(actor, job_id)
        tag, length = found.etag, found.media_item.length
        if fails_match(request.headers, tag):
            return PRECONDITION
        if is_unchanged(request.headers, tag):
            return WebResponse(status=304, headers={"ETag": f'"{tag}"'})
        if request.method == "HEAD":
            return WebResponse(status=200, headers=self.open_download.described(found).headers | _BYTES)
        try:
            wanted = wanted_range(request.headers, tag=tag, length=length)
        except UnsatisfiableRangeError:
            return attrs.evolve(NO_SUCH_RANGE, headers={"Content-Range": f"bytes */{length}"})
        part = f"bytes {wanted.start}-{wanted.end}/{length}" if wanted else None
        download = self.open_download.open(actor, found, part=part)
        if download.url is not None:
            return WebResponse(status=303, headers={"Location": download.url, "Content-Length": "0"})
        return _sent(download, wanted, part)


def _sent(download: Download, wanted: ByteRange | None, part: str | None) -> WebResponse:
    headers = download.headers | _BYTES
    if wanted is None:
        return WebResponse(status=200, headers=headers, body=PartOfFile(download.open(), download.length))
    headers |= {"Content-Range": str(part), "Content-Length": str(wanted.length)}
    return WebResponse(status=206, headers=headers, body=PartOfFile(download.open(wanted.start), wanted.length))
