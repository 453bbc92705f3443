"""The calls by which files are written, any one of which may fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import attrs
import pytest

_CALLS = ("open", "mkdir", "replace", "unlink", "rmdir", "fsync", "scandir", "stat", "fchmod", "fchown")
_STREAM_CALLS = ("write", "read", "flush", "close")


@attrs.define
class FailingCalls:
    """Lets the call number `fails_at`, counted from 0, raise the system's error `number`; None lets all succeed."""

    number: int = 0
    fails_at: int | None = None
    made: list[str] = attrs.field(factory=list)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Inside the block, calls are counted, and fail."""
        with pytest.MonkeyPatch.context() as patch:
            for name in _CALLS:
                patch.setattr(os, name, self._counted(name, getattr(os, name)))
            # Thousands of files need not outlive a power cut; test_durability.py has the real call.
            patch.setattr(os, "fsync", self._counted("fsync", lambda _descriptor: None))
            patch.setattr(os, "fdopen", self._opening(os.fdopen))
            yield

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: object, **kwargs: object) -> Any:
            self.made.append(name)
            if len(self.made) - 1 == self.fails_at:
                if name == "close":
                    # As the system does it: the file is closed all the same.
                    call(*args, **kwargs)
                raise OSError(self.number, os.strerror(self.number), "/srv/secret/exports")
            return call(*args, **kwargs)

        return counted

    def _opening(self, open_descriptor: Callable[..., BinaryIO]) -> Callable[..., object]:
        def opened(*args: object, **kwargs: object) -> object:
            return _Stream(open_descriptor(*args, **kwargs), self)

        return opened


class _Stream:
    def __init__(self, stream: BinaryIO, calls: FailingCalls) -> None:
        self._stream = stream
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._stream, name)
        return self._calls._counted(name, member) if name in _STREAM_CALLS else member

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._stream.close()
