"""The storage of finished files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol, runtime_checkable


class ObjectWriter(Protocol):
    """Takes the bytes of one object, from one thread at a time, not always the thread that opened it."""

    @abstractmethod
    def write(self, data: bytes, /) -> object:
        """Append `data`."""


class ExportStorage(Protocol):
    """Stores objects under keys such as ``exports/<database id>/<job id>/<attempt>/<file name>``.

    Every method raises `StorageError` if the store fails, and `InvalidKeyError` for a key that is malformed or would
    leave the store's root.
    """

    @property
    @abstractmethod
    def provider(self) -> str:
        """The store's name in ``MediaItems.FileStorageProvider``: the scheme of `place`."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The URL of the store's root, such as ``s3://bucket/prefix``, in ``MediaItems.StoragePlace``.

        Two storages have the same place exactly if they have the same objects, whatever their other settings are. It
        has no credentials, and `open_storage` accepts it as a storage URL.
        """

    @abstractmethod
    def open_writer(self, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        """Write an object. It is readable, and whole, after the block; if the block raises, nothing is readable."""

    @abstractmethod
    def open_reader(self, key: str, start: int = 0) -> AbstractContextManager[BinaryIO]:
        """Read an object from its byte number `start` on, without reading what is before.

        At and beyond the end of the object the reader is empty, as a file is.

        Where `fileno` of the reader returns the descriptor of a regular file, that file is the object, byte for byte
        and whatever `start` is, so that it can be copied within the kernel. A reader that decodes its file has no
        descriptor.

        Raises:
            ObjectNotFoundError: no object is readable under that key.
            ValueError: `start` is negative.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object; a missing object is not an error."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """Return the keys of all readable objects that begin with `prefix`, in order."""


@runtime_checkable
class SupportsSignedUrl(Protocol):
    """A storage that can sign links to its objects."""

    @abstractmethod
    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        """Return a link by which anybody can download the object, as `file_name`, until it expires."""


@runtime_checkable
class SupportsPlaces(Protocol):
    """A storage that has several names, or that looks empty while it is away, such as a folder."""

    @abstractmethod
    def is_at(self, place: str) -> bool:
        """Return whether `place` names this store now. A folder may have been replaced by a link to it."""

    @abstractmethod
    def require_there(self) -> None:
        """Refuse to call a file absent while the store itself is absent.

        Raises:
            StorageError: the store does not exist, or cannot be opened.
        """


@runtime_checkable
class SupportsDiscardStale(Protocol):
    """A storage in which a killed writer leaves data that nobody can read."""

    @abstractmethod
    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        """Remove unfinished objects that were last written to before `before` (aware UTC); return their number.

        Only those whose key begins with `prefix`, which is empty or ends with ``/``.
        """
