"""Uploading beside writing: parts go out while the next rows are read."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Self

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.infrastructure.storage.s3.upload import S3Upload

# Bytes that are handed over at once, so that small blocks cost next to nothing.
_PIECE = 128 * 1024


class _Ending(Enum):
    PUBLISH = auto()
    DISCARD = auto()


class S3Writer(ObjectWriter):
    """Takes the blocks of one object, and sends them in a thread of its own.

    At most `ahead` bytes, and one block more, wait for that thread; then so does `write`. What goes wrong with the
    upload comes out of `write`, or of the ``with`` block's end, which publishes. An error in the block drops what
    waits, and discards the upload; at most the request that is under way is waited for.
    """

    def __init__(self, upload: S3Upload, *, ahead: int) -> None:
        self._upload = upload
        self._ahead = ahead
        self._pieces: deque[bytes | bytearray] = deque()
        self._waiting = 0
        self._ending: _Ending | None = None
        self._error: BaseException | None = None
        self._changed = Condition()
        self._ended = Event()
        # A daemon: a process that ends must not wait for a store that hangs.
        self._thread = Thread(target=self._run, name="upload of an export", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            # Interrupted, with the thread there or not: nobody would ever end it.
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
            # Interrupted: what the block's end raises for must not be readable.
            self._end(_Ending.DISCARD)
            self._upload.retract()
            raise
        if exc is None and self._error is not None:
            raise self._error

    def write(self, data: bytes, /) -> None:
        """Append `data`.

        Raises:
            StorageError: something before it could not be written.
        """
        with self._changed:
            while self._error is None and self._waiting >= self._ahead:
                self._changed.wait()
            if self._error is not None:
                raise self._error
            self._append(data)
            self._waiting += len(data)
            if self._waiting >= _PIECE:
                self._changed.notify_all()

    def _append(self, data: bytes) -> None:
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray) and len(last) < _PIECE:
            last += data
        else:
            # A large one is not copied.
            self._pieces.append(data if len(data) >= _PIECE else bytearray(data))

    def _end(self, ending: _Ending) -> None:
        with self._changed:
            self._ending = ending
            if ending is _Ending.DISCARD:
                self._pieces.clear()
            self._changed.notify_all()
        # Not only joined: Python 3.11 takes a thread for ended once a join of it was interrupted.
        self._ended.wait()
        self._thread.join()

    def _run(self) -> None:
        try:
            try:
                while (piece := self._next()) is not None:
                    self._upload.write(piece)
                if self._ending is _Ending.PUBLISH:
                    self._upload.publish()
            finally:
                if not self._upload.is_published:
                    self._upload.discard()
        except BaseException as error:  # noqa: BLE001 - raised again, in the thread of whoever writes
            with self._changed:
                self._error = error
                self._pieces.clear()
                self._changed.notify_all()
        finally:
            self._ended.set()

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
