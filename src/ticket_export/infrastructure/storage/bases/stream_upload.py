"""The upload of one object through a stream that smart-open has opened."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import attrs

from ticket_export.errors import ObjectNotFoundError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.driver_errors import DriverErrors
from ticket_export.infrastructure.storage.bases.part_buffer import PartBuffer
from ticket_export.infrastructure.storage.bases.sending import Sending
from ticket_export.infrastructure.storage.bases.upload import Upload

_log = logging.getLogger(__name__)

_NOT_WRITTEN = "the file could not be written"


@attrs.frozen
class Written:
    """The bytes that an upload has sent: how many, and their CRC-32."""

    length: int = 0
    crc: int = 0

    def and_then(self, data: bytes | memoryview) -> Written:
        """Return this with `data` behind it."""
        return Written(self.length + len(data), zlib.crc32(data, self.crc))


class Target(Protocol):
    """The object of an upload, in its store. The methods that reach the store raise the errors of its driver."""

    @property
    def errors(self) -> DriverErrors:
        """The errors of the driver."""

    def open(self) -> Any:
        """Return the stream for the bytes."""

    def complete(self, close: Callable[[], object], written: Written) -> None:
        """Make the object readable; `close` closes the stream."""

    def discard(self, stream: Any, close: Callable[[], object]) -> None:
        """Remove what the stream has stored, so that it is never readable."""

    def contains(self, written: Written) -> bool:
        """Whether the object can be read, and has exactly these bytes."""

    def remove(self) -> None:
        """Delete the object."""

    def require_store(self, failed: str) -> None:
        """Refuse to call an unfinished object lost if it is the bucket or container that is missing."""


class StreamUpload(Upload):
    """Sends parts of an object to a stream, one after the other, while the next part is filled.

    The streams of smart-open publish what was written when they are closed. Python closes a stream that nobody uses
    any more, also half-written ones: after an error, in an abandoned generator, at the end of the process. So the
    stream loses its `close` when it is opened, and only `publish` has it.
    """

    def __init__(self, target: Target, *, part_bytes: int, patience: timedelta | None = None) -> None:
        """`patience` limits the wait for `withdraw`."""
        self.sending = Sending(patience=patience)
        self._target = target
        self._buffer = PartBuffer(part_bytes)
        self._stream: Any = None
        self._close: Callable[[], object] = _nothing
        self._written = Written()
        self._is_away = self._is_published = False

    def write(self, data: bytes, /) -> None:
        """See `Upload.write`."""
        rest = memoryview(data)
        while len(rest) > self._buffer.room:
            room = self._buffer.room
            self._buffer.write(rest[:room])
            rest = rest[room:]
            self.sending.begin(partial(self._send, self._buffer.take()))
        self._buffer.write(rest)

    def publish(self) -> None:
        """See `Upload.publish`."""
        self.sending.begin(self._publish)
        self.sending.finish()

    def withdraw(self) -> None:
        """See `Upload.withdraw`."""
        self._buffer.close()
        try:
            with self._target.errors("the unfinished file could not be removed"):
                if self._is_published:
                    self._target.remove()
                # A store that cannot be reached, a driver would try to reach for a long time.
                elif self._stream is not None and not self._is_away:
                    self._target.discard(self._stream, self._close)
        except StorageError:
            _log.warning("what was written of an export was left to the storage", exc_info=True)

    def _publish(self) -> None:
        self._send(self._buffer.take())
        try:
            self._made(lambda: self._target.complete(self._close, self._written))
        except StorageError as failure:
            # A wrong checksum: what is readable now are other bytes.
            self._is_published = self._target.errors.is_after_success(failure)
            # If only the response was lost, the object is there. If it was interrupted, nothing waits for the answer.
            if self.sending.is_interrupted or not self._is_stored():
                raise
            _log.info("a file was published, although its response was lost")
        self._is_published = True

    def _is_stored(self) -> bool:
        try:
            with self._target.errors(_NOT_WRITTEN):
                return self._target.contains(self._written)
        except ObjectNotFoundError:
            return False
        except StorageError:
            _log.warning("it is not known whether a file was published", exc_info=True)
            return False

    def _send(self, part: PartBuffer) -> None:
        with part, part.view() as data, data[:-1] as most:
            last = memoryview(bytes(data[-1:]))
            self._written = self._written.and_then(data)
            self._made(partial(self._write, most))
        # The driver copies a part, and sends it when the last byte is there. The memory of this copy is free by then.
        self._made(partial(self._write, last))

    def _write(self, data: memoryview) -> None:
        if self._stream is None:
            self._stream, self._close = without_close(self._target.open())
        if data:
            self._stream.write(data)

    def _made(self, call: Callable[[], object]) -> None:
        try:
            with self._target.errors(_NOT_WRITTEN):
                call()
        except StorageUnavailableError:
            self._is_away = True
            raise
        except StorageError as failure:
            if self._stream is None or not self._target.errors.is_lost(failure):
                raise
            self._is_away = True
            self._target.require_store(_NOT_WRITTEN)
            # Such as a store that was restarted. Another attempt of the export begins from the start.
            raise StorageUnavailableError(f"{_NOT_WRITTEN}: the storage has lost the beginning of it") from failure


def without_close(opened: Any) -> tuple[Any, Callable[[], object]]:
    """Return a stream of smart-open whose `close` does nothing, and its own `close`.

    Only the second one publishes: Python, which closes a stream that nobody uses any more, does not.
    """
    # smart-open returns a proxy, and Python closes what is behind it.
    stream = getattr(opened, "__wrapped__", opened)
    close, stream.close = stream.close, _nothing
    return stream, close


def _nothing() -> None:
    pass
