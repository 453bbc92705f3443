"""The writer of an object: it uploads parts while the next rows are read."""

from __future__ import annotations

import logging
from collections import deque
from enum import Enum, auto
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.infrastructure.storage.s3.upload import S3Upload

_log = logging.getLogger(__name__)

# Bytes that are passed to the thread at once, so that small blocks cost little.
_PIECE = 128 * 1024
# Seconds that an interrupted upload may take to end.
_GRACE = 2.0


class _Ending(Enum):
    PUBLISH = auto()
    DISCARD = auto()


class S3Writer(ObjectWriter, SupportsInterrupt):
    """The blocks of one object, which a thread of its own sends.

    At most `ahead` bytes and one more block wait for that thread; then `write` waits too. An error of the upload comes
    out of `write`, or of the end of the ``with`` block, which publishes. An error in the block drops the waiting bytes
    and discards the upload; only the current request is waited for. After `interrupt`, that request is waited for only
    a moment: the thread discards the upload, or deletes the object, when the response has come.
    """

    def __init__(self, upload: S3Upload, *, ahead: int) -> None:
        self._upload = upload
        self._ahead = ahead
        self._pieces: deque[bytes | bytearray] = deque()
        self._waiting = 0
        self._ending: _Ending | None = None
        self._error: BaseException | None = None
        self._is_over = self._is_left = False
        self._changed = Condition()
        # A daemon thread, so that a process can end while a store hangs.
        self._thread = Thread(target=self._run, name="upload of an export", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            # Interrupted, perhaps with the thread started: nothing else would end it.
            with self._changed:
                self._ending = _Ending.DISCARD
                self._changed.notify_all()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._end(_Ending.PUBLISH if exc is None else _Ending.DISCARD)
        except BaseException:
            # Interrupted: the object must not be readable after an error of the block's end.
            self._end(_Ending.DISCARD)
            self._upload.retract()
            raise
        if exc is None:
            self._require()

    def write(self, data: bytes, /) -> None:
        """Append `data`.

        Raises:
            StorageError: earlier data could not be written, or `interrupt` was called.
        """
        with self._changed:
            while self._waiting >= self._ahead:
                self._require()
                self._changed.wait()
            self._require()
            self._append(data)
            self._waiting += len(data)
            if self._waiting >= _PIECE:
                self._changed.notify_all()

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        with self._changed:
            self._upload.interrupt()
            self._pieces.clear()
            self._changed.notify_all()

    def _require(self) -> None:
        if self._error is not None:
            raise self._error
        if self._is_left or not self._is_over:
            self._upload.require()

    def _append(self, data: bytes) -> None:
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray) and len(last) < _PIECE:
            last += data
        else:
            # A large block is not copied.
            self._pieces.append(data if len(data) >= _PIECE else bytearray(data))

    def _end(self, ending: _Ending) -> None:
        with self._changed:
            self._ending = ending
            if ending is _Ending.DISCARD:
                self._pieces.clear()
            self._changed.notify_all()
            # Not only joined: after an interrupted join, Python 3.11 regards a thread as ended.
            self._changed.wait_for(lambda: self._is_over or self._upload.is_interrupted)
            self._is_left = not self._changed.wait_for(lambda: self._is_over, _GRACE)
        if self._is_left:
            _log.warning("an upload was left to its thread, which waits for a response of the storage")
        else:
            self._thread.join()

    def _run(self) -> None:
        try:
            try:
                while (piece := self._next()) is not None:
                    self._upload.write(piece)
                self._upload.require()
                if self._ending is _Ending.PUBLISH:
                    self._upload.publish()
            finally:
                if not self._upload.is_published:
                    self._upload.discard()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the writer
            with self._changed:
                self._error = error
                self._pieces.clear()
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            if self._is_left:
                self._upload.retract()

    def _next(self) -> bytes | bytearray | None:
        with self._changed:
            while self._waiting < _PIECE and self._ending is None:
                self._changed.wait()
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._waiting -= len(piece)
            self._changed.notify_all()
            return piece
