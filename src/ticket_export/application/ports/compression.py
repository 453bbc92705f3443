"""How a file is packed on its way into the storage."""

from __future__ import annotations

from typing import Protocol


class Compressor(Protocol):
    """Packs the bytes of one file, piece by piece, from one thread at a time."""

    def compress(self, data: bytes, /) -> bytes:
        """Take more of the file; gives what is packed so far and was not given before, often nothing."""
        ...

    def flush(self) -> bytes:
        """The rest; nothing follows it."""
        ...


class Compression(Protocol):
    """A way to pack files, and what shows that a file is packed."""

    @property
    def suffix(self) -> str:
        """What a file's name ends with after ``.csv``, such as ``.gz``."""
        ...

    @property
    def content_type(self) -> str:
        """The media type of a packed file."""
        ...

    def start(self) -> Compressor:
        """For one file. The same bytes are packed into the same bytes every time."""
        ...
