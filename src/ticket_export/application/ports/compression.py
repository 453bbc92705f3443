"""How a file is packed on its way into the storage."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Compressor(Protocol):
    """Packs the bytes of one file, piece by piece, from one thread at a time."""

    @abstractmethod
    def compress(self, data: bytes, /) -> bytes:
        """Take more of the file; gives what is packed so far and was not given before, often nothing."""

    @abstractmethod
    def flush(self) -> bytes:
        """The rest; nothing follows it."""


class Compression(Protocol):
    """A way to pack files, and what shows that a file is packed."""

    @property
    @abstractmethod
    def suffix(self) -> str:
        """What a file's name ends with after ``.csv``, such as ``.gz``."""

    @property
    @abstractmethod
    def content_type(self) -> str:
        """The media type of a packed file."""

    @abstractmethod
    def start(self) -> Compressor:
        """For one file. The same bytes are packed into the same bytes every time."""
