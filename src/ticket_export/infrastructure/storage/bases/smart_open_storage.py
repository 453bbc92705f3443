"""The base of every storage that smart-open can open."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from threading import RLock
from typing import Any, BinaryIO, ClassVar, Final, Generic, TypeVar, cast

from ticket_export.application.actor import Actor
from ticket_export.application.file.export_file import KEY_PREFIX
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.errors import ObjectNotFoundError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.driver_errors import DriverErrors
from ticket_export.infrastructure.storage.bases.guarded_reader import NOT_READ, GuardedReader
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.bases.smart_open_streams import open_stream
from ticket_export.infrastructure.storage.bases.stream_upload import StreamUpload, Target, Written
from ticket_export.infrastructure.storage.bases.upload import Upload, uploading
from ticket_export.infrastructure.storage.keys import check_prefix, check_start

C = TypeVar("C")

#: The bytes of a part: what a driver should send in one request. Two parts are in memory, and what the driver copies.
PART_BYTES: Final = 12 * 1024 * 1024
_READ_BUFFER: Final = 256 * 1024


class SmartOpenStorage(ExportStorage, SupportsCheck, Generic[C]):
    """A store whose objects smart-open opens. Threads may share it, if they may share the client.

    A storage of your own names its errors, and says how its store opens, removes and lists objects by their *names*: a
    name is the key behind the prefix of the URL. These methods may raise any error of the driver::

        class MyStorage(SmartOpenStorage[Client]):
            provider = "my"
            missing = (NotFoundError,)
            refused = (ForbiddenError,)
            trouble = (ConnectionError, ServerError)

            @classmethod
            def from_url(cls, url, settings): ...
            def transport_params(self, content_type): ...
            def remove(self, name): ...
            def names(self, prefix): ...

    The base does the rest of `ExportStorage`: it checks keys, sends parts while the next ones are filled, publishes a
    whole object or nothing, turns errors into `StorageError`, and reads from any byte on. A stream of smart-open
    publishes when it is closed, so a store must replace an object at that moment, all at once. For a store that shows
    a file while it is written, use `RenamingStorage`.
    """

    #: The scheme of the URLs. An attribute, for type checkers that refuse one in the place of the port's property.
    provider: str
    #: The driver's errors for an object, a bucket or a container that does not exist, if they lack the HTTP status 404.
    missing: ClassVar[tuple[type[Exception], ...]] = ()
    #: Its errors for credentials that are wrong, or have too few rights.
    refused: ClassVar[tuple[type[Exception], ...]] = ()
    #: Its other errors that may pass: the store is away, busy, or failed. An HTTP status in the error decides more
    #: exactly. Every further error of the driver becomes a `StorageError` too, but the export is not tried again.
    trouble: ClassVar[tuple[type[Exception], ...]] = ()
    part_bytes: ClassVar[int] = PART_BYTES

    def __init__(
        self, location: StoreLocation, client: Callable[[], C], *, patience: timedelta = timedelta(minutes=1)
    ) -> None:
        """`client` makes the driver's client. It is called once in each process: a fork must not share connections.

        `patience` is for the driver's own tries: how long a call may take while the store is away.
        """
        self.location = location
        self.patience = patience
        self.errors = DriverErrors(self.missing, self.refused, self.trouble)
        self._connect = client
        self._clients: dict[int, C] = {}
        self._connecting: dict[int, RLock] = {}

    @property
    def client(self) -> C:
        """The client of this process."""
        process = os.getpid()
        if process not in self._clients:
            # One of its own for each process: at a fork, another thread may have held it.
            with self._connecting.setdefault(process, RLock()):
                if process not in self._clients:
                    self._clients[process] = self._connect()
        return self._clients[process]

    # What an author gives

    def uri(self, name: str) -> str:
        """Return smart-open's URI of the object. Override it where that is not the storage URL and the name."""
        return f"{self.location.scheme}://{self.location.store}/{name}"

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete the object; it may be missing, with one of the errors in `missing` or without."""

    @abstractmethod
    def names(self, prefix: str) -> Iterable[str]:
        """Return the names of the objects that begin with `prefix`, in order, and page by page if they may be many."""

    def transport_params(self, content_type: str | None) -> Mapping[str, object]:
        """Return smart-open's parameters for this store; `content_type` is None for reading."""
        return {"client": self.client}

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> Any:
        """Open the object, ``"rb"`` or ``"wb"``. Override it for a stream that smart-open does not open."""
        return open_stream(self.uri(name), mode, self.transport_params(content_type))

    # What the library calls

    @property
    def place(self) -> str:
        """See `ExportStorage.place`. Override it where two stores may have the same names and no ``?endpoint=``."""
        return self.location.place(self.location.options.get("endpoint"))

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        """See `ExportStorage.open_writer`. An error of the block comes out unchanged."""
        with uploading(self.upload(self.name_of(key), content_type)) as writer:
            yield writer

    def upload(self, name: str, content_type: str) -> Upload:
        """Return the upload of an object. Override it where the store needs more than a stream."""
        target = ObjectTarget(self, name, content_type)
        return StreamUpload(target, part_bytes=self.part_bytes, patience=self.patience)

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        """See `ExportStorage.open_reader`. Reading may raise `StorageError` too."""
        name = self.name_of(key)
        check_start(start)
        stream = io.BufferedReader(self.raw_reader(name, start), _READ_BUFFER)
        try:
            yield cast("BinaryIO", stream)
        except BaseException:
            # An error of the block comes out unchanged, also if the store is away.
            with suppress(StorageError):
                stream.close()
            raise
        stream.close()

    def raw_reader(self, name: str, start: int) -> io.RawIOBase:
        """Return the object from its byte `start` on. Override it where the store needs more than a stream.

        Raises:
            ObjectNotFoundError: there is no such object.
            StorageError: the store failed.
        """
        try:
            with self.errors(NOT_READ), ExitStack() as opened:
                stream = self.open_stream(name, "rb")
                opened.callback(stream.close)
                if start:
                    # A driver may fail beyond the end.
                    stream.seek(min(start, self.length(name, stream)))
                opened.pop_all()
        except StorageError as failure:
            if not self.errors.is_missing(failure):
                raise
            self.require_store(NOT_READ)
            raise ObjectNotFoundError("the file is not in the storage any more") from failure.__cause__
        return GuardedReader(stream, self.errors)

    def length(self, name: str, stream: Any) -> int:
        """Return how many bytes the object has that `stream` reads."""
        stream.seek(0, io.SEEK_END)
        return int(stream.tell())

    def delete(self, key: str) -> None:
        """See `ExportStorage.delete`."""
        self.delete_named(self.name_of(key))

    def delete_named(self, name: str) -> None:
        """Delete the object of that name; it may be missing.

        Raises:
            StorageError: the store failed.
        """
        failed = "the file could not be deleted"
        try:
            with self.errors(failed):
                self.remove(name)
        except StorageError as failure:
            if not self.errors.is_missing(failure):
                raise
            self.require_store(failed)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ExportStorage.list`. Names that are not keys of the library are ignored."""
        check_prefix(prefix)
        with self.errors("the files could not be listed"):
            for name in self.names(self.location.prefix + prefix):
                if (key := self.key_of(name)) is not None:
                    yield key

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: a store that cannot be listed."""
        try:
            next(self.list(KEY_PREFIX), None)
        except StorageError as failure:
            yield error(
                "storage",
                f"{self.place}: {failure}{self.errors.named_cause(failure)}",
                self.errors.remedy(failure),
                may_pass=isinstance(failure, StorageUnavailableError),
            )

    def name_of(self, key: str) -> str:
        """Return the name of the object `key`.

        Raises:
            InvalidKeyError: `key` is not valid, or too long below the prefix.
        """
        return self.location.name(key)

    def key_of(self, name: str) -> str | None:
        """Return the key of the object of that name; None if the library cannot have made it."""
        return self.location.key(name)

    def require_store(self, failed: str) -> None:
        """Refuse to call an object missing if it is the bucket or container that is missing.

        Raises:
            StorageError: the store cannot be listed; the text begins with `failed`.
        """
        with self.errors(failed):
            next(iter(self.names(self.location.prefix + KEY_PREFIX)), None)


class ObjectTarget(Target):
    """An object that its stream publishes when it is closed."""

    def __init__(self, storage: SmartOpenStorage[Any], name: str, content_type: str) -> None:
        self._storage = storage
        self._name = name
        self._content_type = content_type

    @property
    def errors(self) -> DriverErrors:
        return self._storage.errors

    def open(self) -> Any:
        return self._storage.open_stream(self._name, "wb", self._content_type)

    def complete(self, close: Callable[[], object], written: Written) -> None:
        close()

    def discard(self, stream: Any, close: Callable[[], object]) -> None:
        # Without it, the bytes stay in the store until it forgets them. Closing would publish them.
        if hasattr(stream, "terminate"):
            stream.terminate()

    def contains(self, written: Written) -> bool:
        found = Written()
        with self._storage.raw_reader(self._name, 0) as stream:
            while data := stream.read(_READ_BUFFER):
                found = found.and_then(data)
                if found.length > written.length:
                    break
        return found == written

    def remove(self) -> None:
        self._storage.delete_named(self._name)

    def require_store(self, failed: str) -> None:
        self._storage.require_store(failed)
