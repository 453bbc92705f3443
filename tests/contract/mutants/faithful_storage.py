"""A storage that keeps every promise, in as little as that takes: what the mutants are made from.

Its store is a folder that plays a server: objects are made of parts, and a call fails while the store is away. So
several processes can use it, and an HTTP server can serve its links.
"""

from __future__ import annotations

import hmac
import io
import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import time
from typing import BinaryIO, ClassVar, Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit
from uuid import uuid4

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import (
    ConfigurationError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
    TicketExportError,
)
from ticket_export.settings import Settings
from ticket_export.storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsPlaces,
    SupportsSignedUrl,
    check_key,
    check_prefix,
    check_start,
    content_disposition,
)

PART: Final = 1024 * 1024
#: The port of the server of links, for this process and its children.
LINK_PORT: Final = "TICKET_EXPORT_TEST_LINK_PORT"
#: A password that this storage does not need, and its mutants show.
PASSWORD: Final = "TICKET_EXPORT_FAITHFUL_PASSWORD"
_SECRET: Final = b"of the store"


class DriverError(Exception):
    """What the driver raises; its text is not for users."""


class NotFoundError(DriverError):
    """There is no such object."""


class Store:
    """The driver of a store in `folder`. An upload is a folder of parts until it is completed or aborted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.away = folder / "away"
        self.objects = folder / "objects"
        self.uploads = folder / "uploads"

    def begin(self, key: str) -> str:
        self._call()
        upload = f"{_file(key)}+{uuid4().hex}"
        (self.uploads / upload).mkdir(parents=True)
        return upload

    def put_part(self, upload: str, number: int, data: bytes) -> None:
        self._call()
        (self.uploads / upload / f"{number:06}").write_bytes(data)

    def complete(self, upload: str, key: str) -> None:
        self._call()
        parts = sorted((self.uploads / upload).iterdir())
        whole = self.folder / uuid4().hex
        with whole.open("wb") as file:
            for part in parts:
                file.write(part.read_bytes())
        self.objects.mkdir(parents=True, exist_ok=True)
        whole.replace(self.objects / _file(key))
        self.abort(upload)

    def abort(self, upload: str) -> None:
        self._call()
        shutil.rmtree(self.uploads / upload)

    def begun(self) -> dict[str, datetime]:
        """Return when each upload was last written to."""
        self._call()
        found = self.uploads.iterdir() if self.uploads.exists() else ()
        return {each.name: datetime.fromtimestamp(each.stat().st_mtime, UTC) for each in found}

    def put(self, key: str, data: bytes) -> None:
        self.objects.mkdir(parents=True, exist_ok=True)
        new = self.folder / uuid4().hex
        new.write_bytes(data)
        new.replace(self.objects / _file(key))

    def get(self, key: str, start: int = 0, length: int = -1, version: int | None = None) -> bytes:
        """Return bytes of an object; with `version`, only if it is still that one."""
        self._call()
        try:
            with (self.objects / _file(key)).open("rb") as file:
                if version not in {None, _version(os.fstat(file.fileno()))}:
                    raise DriverError("the object was replaced")
                file.seek(start)
                return file.read(length)
        except FileNotFoundError:
            raise NotFoundError(key) from None

    def look(self, key: str) -> tuple[int, int]:
        """Return the length of an object, and its version."""
        self._call()
        try:
            found = (self.objects / _file(key)).stat()
            return found.st_size, _version(found)
        except FileNotFoundError:
            raise NotFoundError(key) from None

    def delete(self, key: str) -> None:
        self._call()
        (self.objects / _file(key)).unlink(missing_ok=True)

    def names(self) -> list[str]:
        self._call()
        return [each.name.replace("~", "/") for each in self.objects.iterdir()] if self.objects.exists() else []

    def _call(self) -> None:
        if self.away.exists():
            raise DriverError(f"no route to {self.folder}, as root:secret")


class Upload(ObjectWriter, SupportsInterrupt):
    """The bytes of one object."""

    def __init__(self, storage: FaithfulStorage, key: str) -> None:
        self.storage = storage
        self.store = storage.store
        self.key = key
        self.is_interrupted = False
        self.parts = 0
        self.rest = bytearray()
        self.upload = self.begin()

    def begin(self) -> str:
        with self.storage.errors("the file could not be written"):
            return self.store.begin(self.key)

    def write(self, data: bytes, /) -> None:
        self.require()
        self.rest += data
        while len(self.rest) >= PART:
            self.send(bytes(self.rest[:PART]))
            del self.rest[:PART]

    def send(self, data: bytes) -> None:
        with self.storage.errors("the file could not be written"):
            self.store.put_part(self.upload, self.parts, data)
            self.parts += 1

    def require(self) -> None:
        if self.is_interrupted:
            raise StorageUnavailableError("the file could not be written: its upload was interrupted")

    def interrupt(self) -> None:
        self.is_interrupted = True

    def publish(self) -> None:
        self.require()
        self.send(bytes(self.rest))
        with self.storage.errors("the file could not be written"):
            self.store.complete(self.upload, self.key)

    def discard(self) -> None:
        with suppress(DriverError, FileNotFoundError):
            self.store.abort(self.upload)


class Reader(io.RawIOBase):
    def __init__(self, storage: FaithfulStorage, key: str, start: int, version: int) -> None:
        super().__init__()
        self.storage = storage
        self.key = key
        self.position = start
        self.version = version

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self.get(len(buffer))
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def get(self, length: int) -> bytes:
        with self.storage.errors("the file could not be read"):
            return self.storage.store.get(self.key, self.position, length, self.version)


class FaithfulStorage(ExportStorage, SupportsSignedUrl, SupportsDiscardStale, SupportsPlaces, SupportsCheck):
    """A mutant overrides one method of it, of its upload or of its reader."""

    provider = "faithful"
    upload: ClassVar[type[Upload]] = Upload
    reader: ClassVar[type[Reader]] = Reader

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        parts = urlsplit(url)
        if parts.netloc or parts.query or not parts.path.startswith("/"):
            raise ConfigurationError("the storage URL cannot be used; its form is faithful:///folder")
        return cls(Path(unquote(parts.path)))

    @property
    def place(self) -> str:
        return f"faithful://{quote(str(self.store.folder))}"

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        try:
            yield
        except TicketExportError:
            raise
        except NotFoundError as missing:
            raise ObjectNotFoundError("the file is not in the storage any more") from missing
        except DriverError as away:
            raise StorageUnavailableError(f"{failed}: the storage cannot be reached") from away
        except OSError as other:
            raise StorageError(f"{failed}: the storage failed; the log has the cause") from other

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        check_key(key)
        upload = self.upload(self, key)
        try:
            yield upload
            upload.publish()
        except BaseException:
            upload.discard()
            raise

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_key(key)
        check_start(start)
        with self.errors("the file could not be read"):
            length, version = self.store.look(key)
        yield io.BufferedReader(self.reader(self, key, min(start, length), version))

    def delete(self, key: str) -> None:
        check_key(key)
        with self.errors("the file could not be deleted"):
            self.store.delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        with self.errors("the files could not be listed"):
            yield from sorted(key for key in self.store.names() if key.startswith(prefix))

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        with self.errors("what was left behind could not be removed"):
            begun = self.store.begun()
            stale = [
                each for each in begun if self.is_before(begun[each], before) and self.is_below(each, _file(prefix))
            ]
            for upload in stale:
                self.store.abort(upload)
        return len(stale)

    def is_before(self, begun: datetime, before: datetime) -> bool:
        """Whether an upload is stale."""
        return begun < before

    def is_below(self, upload: str, start: str) -> bool:
        """Whether an upload is one of those whose names begin so."""
        return upload.startswith(start)

    def is_at(self, place: str) -> bool:
        return place == self.place

    def require_there(self) -> None:
        with self.errors("the storage could not be read"):
            self.store.names()

    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        try:
            self.require_there()
        except StorageError as failure:
            yield error("storage", str(failure), "start the storage", may_pass=True)

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        check_key(key)
        query = {
            "Content-Disposition": content_disposition(file_name),
            "Content-Type": content_type,
            "Cache-Control": "private, no-store",
            "expires": f"{time() + expires_in.total_seconds():.3f}",
            "scope": "object",
            "methods": "GET",
        }
        return signed(self.store.folder, *self.link(key, query))

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Return what is signed."""
        return key, query


def signed(folder: Path, key: str, query: dict[str, str]) -> str:
    """Return a link. Its signature is for one object, or with another scope for all of the store."""
    query = query | {"signature": _signature(str(folder), key, query)}
    return f"http://127.0.0.1:{os.environ[LINK_PORT]}/{quote(str(folder), safe='')}/{key}?{urlencode(query)}"


class LinkHandler(BaseHTTPRequestHandler):
    """Serves links: of those that are valid, with the headers that they name."""

    def do_PUT(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        folder, _, key = parts.path.removeprefix("/").partition("/")
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.command not in query["methods"]:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        Store(Path(unquote(folder))).put(key, data)
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        folder, _, key = parts.path.removeprefix("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        is_signed = query.pop("signature", "") == _signature(unquote(folder), key, query)
        try:
            data = Store(Path(unquote(folder))).get(key)
        except NotFoundError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        if not is_signed or float(query["expires"]) < time():
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        self.send_response(HTTPStatus.OK)
        for header in ("Content-Disposition", "Content-Type", "Cache-Control"):
            self.send_header(header, query[header])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _signature(folder: str, key: str, query: dict[str, str]) -> str:
    texts = [
        folder,
        "" if query["scope"] == "store" else key,
        *(
            query[name]
            for name in sorted(query)
            if name != "signature" and (name, query["scope"]) != ("expires", "time")
        ),
    ]
    return urlsafe_b64encode(hmac.digest(_SECRET, "\n".join(texts).encode(), "sha256")).decode()


def _version(found: os.stat_result) -> int:
    return hash((found.st_ino, found.st_mtime_ns))


def _file(key: str) -> str:
    return key.replace("/", "~")
