"""The compression of a file on its way into the storage."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Compressor(Protocol):
    """Compresses the bytes of one file, piece by piece, from one thread at a time."""

    @abstractmethod
    def compress(self, data: bytes, /) -> bytes:
        """Add a piece of the file; return the next compressed bytes, often none."""

    @abstractmethod
    def flush(self) -> bytes:
        """End the file, and return the rest of the compressed bytes."""


class Compression(Protocol):
    """A way to compress files."""

    @property
    @abstractmethod
    def suffix(self) -> str:
        """The end of a file's name behind that of its format, such as ``.gz``; empty if it does not compress."""

    @property
    @abstractmethod
    def content_type(self) -> str:
        """The media type of a compressed file; a file that is not compressed has that of its format."""

    @abstractmethod
    def start(self) -> Compressor:
        """Return the compressor of one file. The same input always becomes the same output."""
