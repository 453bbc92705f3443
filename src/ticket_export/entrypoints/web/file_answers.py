"""The answer to a request for the file of an export: the whole file, a part of it, a link, or nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, Final
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.file.download import Download
from ticket_export.application.use_cases.open_download import FoundFile, OpenDownload
from ticket_export.entrypoints.web.conditions import (
    UnsatisfiableRangeError,
    fails_match,
    is_unchanged,
    wanted_range,
)
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse
from ticket_export.entrypoints.web.problems import NO_SUCH_RANGE, PRECONDITION, Refusal
from ticket_export.errors import StorageError

# Bytes of a block.
_BLOCK: Final = 1 << 18
# Middleware of hosts and proxies compresses what has no encoding, and then length, ranges and digest are wrong.
_CACHING: Final = {"Cache-Control": "private, no-store, no-transform"}
_BYTES: Final = {
    **_CACHING,
    "Accept-Ranges": "bytes",
    "Content-Encoding": "identity",
}


class PartOfFile:
    """The first `length` bytes of an open file, in blocks.

    The first block is read at once. So the answer to a file that cannot be read is a status, and only an answer that
    has begun must be cut.
    """

    def __init__(self, file: BinaryIO, length: int) -> None:
        """Take over the file.

        Raises:
            StorageError: the file cannot be read, and is closed.
        """
        self._file = file
        self._missing = length
        try:
            self._block = self._read()
        except BaseException:
            file.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks; their end, or an error, closes the file.

        Raises:
            StorageError: the file cannot be read to its end. The sender then cuts the connection, since the client
                takes an answer that ends in order for the whole.
        """
        # Django closes nothing by ASGI after an error.
        with closing(self._file):
            while self._block:
                yield self._block
                self._block = self._read()

    def _read(self) -> bytes:
        size = min(_BLOCK, self._missing)
        block = self._file.read(size)
        if size and not block:
            raise StorageError("the file in the storage is shorter than the file that was written")
        self._missing -= len(block)
        return block

    def close(self) -> None:
        """Close the file; a second call has no effect."""
        self._file.close()


@attrs.frozen(kw_only=True)
class FileAnswers:
    """Answers requests for files. Only an answer with bytes, or with a link, is recorded as a download.

    Where downloads are links, the storage answers conditions and ranges, by a tag of its own. By RFC 9110, 13.2.1, an
    answer that redirects ignores them. So the answer is always the link, and `HEAD` has no tag.
    """

    open_download: OpenDownload

    def answer(self, request: WebRequest, actor: Actor, job_id: UUID) -> WebResponse | Refusal:
        """Return the answer, which the caller closes.

        Raises:
            The errors of `OpenDownload`.
        """
        found = self.open_download.find(actor, job_id)
        if self.open_download.is_link(found):
            return self._linked(request, actor, found)
        tag, length = found.etag, found.media_item.length
        if fails_match(request.headers, tag):
            return PRECONDITION
        if is_unchanged(request.headers, tag):
            return WebResponse(status=304, headers={**_CACHING, "ETag": f'"{tag}"'})
        if request.method == "HEAD":
            return WebResponse(status=200, headers=_headers(self.open_download.described(found)))
        try:
            wanted = wanted_range(request.headers, tag=tag, length=length)
        except UnsatisfiableRangeError:
            return attrs.evolve(NO_SUCH_RANGE, headers={"Content-Range": f"bytes */{length}"})
        part = f"bytes {wanted.start}-{wanted.end}/{length}" if wanted else None
        download = self.open_download.open(actor, found, with_link=False, part=part)
        if wanted is None:
            return WebResponse(status=200, headers=_headers(download), body=PartOfFile(download.open(), length))
        return WebResponse(
            status=206,
            headers=_headers(download) | {"Content-Range": str(part), "Content-Length": str(wanted.length)},
            body=PartOfFile(download.open(wanted.start), wanted.length),
        )

    def _linked(self, request: WebRequest, actor: Actor, found: FoundFile) -> WebResponse:
        if request.method == "HEAD":
            headers = self.open_download.described(found).headers
            return WebResponse(status=200, headers={name: text for name, text in headers.items() if name != "ETag"})
        link = self.open_download.open(actor, found).url
        return WebResponse(status=303, headers={"Location": str(link), "Content-Length": "0"})


def _headers(download: Download) -> dict[str, str]:
    return {**download.headers, **_BYTES}
