"""Where finished files are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol, runtime_checkable


class ObjectWriter(Protocol):
    """Takes the bytes of one object, from one thread at a time, which need not be the one that opened it."""

    @abstractmethod
    def write(self, data: bytes, /) -> object:
        """Append `data`."""


class ExportStorage(Protocol):
    """A store of objects under keys such as ``exports/<job id>/<attempt>/<file name>``.

    Every method raises `StorageError` where the store fails it, `InvalidKeyError` for a key that is
    malformed or would leave the store's root.
    """

    @property
    @abstractmethod
    def provider(self) -> str:
        """The store's name in ``MediaItems.FileStorageProvider``."""

    @abstractmethod
    def open_writer(self, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        """Write an object: readable, whole, after the block; if the block raises, nothing is readable."""

    @abstractmethod
    def open_reader(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Read an object.

        Where `fileno` of the reader returns the descriptor of a regular file, that file is the object, byte for byte,
        so that it can be copied within the kernel. A reader that decodes its file has no descriptor.

        Raises:
            ObjectNotFoundError: none is readable under that key.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object; an absent one is fine."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """The keys of all readable objects that begin with `prefix`, in order."""


@runtime_checkable
class SupportsSignedUrl(Protocol):
    """A store that can hand out links of its own."""

    @abstractmethod
    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        """A link by which anyone can download the object, under `file_name`, until it expires."""


@runtime_checkable
class SupportsDiscardStale(Protocol):
    """A store in which a killed writer leaves something behind that nobody can read."""

    @abstractmethod
    def discard_stale(self, before: datetime) -> int:
        """Remove what was last written to before `before` (aware UTC); gives how many there were."""
