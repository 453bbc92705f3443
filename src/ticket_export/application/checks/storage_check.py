"""A storage, tried with one small object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import uuid4

from ticket_export.application.checks.guarded import guarded
from ticket_export.application.finding import Finding, error, has_error, warning
from ticket_export.application.ports.export_storage import ExportStorage, SupportsSignedUrl
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.run.bounded_calls import BoundedCalls
from ticket_export.errors import ObjectNotFoundError, StorageError, StorageUnavailableError

#: Seconds that the check may take.
PATIENCE: Final = 20.0
#: The last part of the object's key.
CHECK_NAME: Final = "check.txt"
_WHERE: Final = "storage"
_TRIES: Final = 2
_CONTENT_TYPE: Final = "text/plain"
_DATA: Final = b"ticket-export writes and deletes this object when it checks its setup.\n"
_MIDDLE: Final = len(_DATA) // 2


def storage_problems(
    storage: ExportStorage, *, prefix: str, url_lifetime: timedelta | None, patience: float = PATIENCE
) -> Iterator[Finding]:
    """Ask the storage for its own problems; if there are none, write, read, list and delete one small object.

    With `url_lifetime`, also sign a link to it. `prefix` is the prefix of the database's keys.
    """
    if url_lifetime is not None and not isinstance(storage, SupportsSignedUrl):
        yield error(
            _WHERE,
            f"TICKET_EXPORT_DOWNLOAD is signed-url, and the storage {storage.provider!a} cannot sign links",
            "set TICKET_EXPORT_DOWNLOAD=stream, or use a storage that signs links, such as s3://…",
        )
    trial = _Trial(storage, prefix, url_lifetime)
    # In a thread of its own, since a storage may hang.
    with BoundedCalls("check of the storage", patience=patience, grace=0) as calls:
        calls.make(trial.run)
        is_over = trial.is_over
    yield from tuple(trial.found)
    if not is_over:
        yield error(
            _WHERE,
            f"it has not answered within {patience:g} s; the check tries to {trial.step} there",
            "start the storage, or correct the network or TICKET_EXPORT_STORAGE_URL",
            may_pass=True,
        )


class _Trial:
    def __init__(self, storage: ExportStorage, prefix: str, url_lifetime: timedelta | None) -> None:
        self._storage = storage
        self._prefix = prefix
        self._url_lifetime = url_lifetime
        self._key = ""
        self.found: list[Finding] = []
        self.step = "look"
        self._is_gone = False
        self.is_over = False

    def run(self) -> None:
        storage = self._storage
        if isinstance(storage, SupportsCheck):
            self.found += guarded(_WHERE, lambda: storage.problems(()))
        before = list(self.found)
        tries = 0 if has_error(before) else _TRIES
        for _ in range(tries):
            self.found, self._is_gone = list(before), False
            self._try_object()
            if not self._is_gone:
                break
        self.is_over = True

    def _try_object(self) -> None:
        # The key of an export that does not exist: if this process is killed, a sweep deletes the object.
        self._key = f"{self._prefix}{uuid4()}/0/{CHECK_NAME}"
        if self._can("write an object", self._write):
            if self._can("read an object", self._read):
                self._can("read an object from its middle on", self._read_from_the_middle)
            self._can("sign a link to an object", self._sign)
            self._can("list objects", self._list)
            if self._can("delete an object", lambda: self._storage.delete(self._key)):
                self._can("delete an object", self._require_deleted)

    def _can(self, step: str, call: Callable[[], None]) -> bool:
        self.step = step
        try:
            call()
        except _WrongError as wrong:
            self._fail(str(wrong))
        except StorageError as raised:
            # The sweep of a worker may have deleted the object just now.
            self._is_gone |= isinstance(raised, ObjectNotFoundError)
            self._fail(str(raised).removesuffix("."), may_pass=True)
        except Exception as raised:  # noqa: BLE001 - a plugin may raise anything
            self._fail(f"it raises {type(raised).__name__}")
        else:
            return True
        return False

    def _fail(self, why: str, *, may_pass: bool = False) -> None:
        remedy = f"let this process {self.step} there, or correct TICKET_EXPORT_STORAGE_URL"
        self.found.append(error(_WHERE, f"this process cannot {self.step}: {why}", remedy, may_pass=may_pass))

    def _sign(self) -> None:
        signer = self._storage
        if self._url_lifetime is None or not isinstance(signer, SupportsSignedUrl):
            return
        try:
            signer.signed_url(
                self._key, file_name=CHECK_NAME, content_type=_CONTENT_TYPE, expires_in=self._url_lifetime
            )
        except StorageError as raised:
            may_pass = isinstance(raised, StorageUnavailableError)
            remedy = "use credentials that can sign, or set TICKET_EXPORT_DOWNLOAD=stream"
            self.found.append(error(_WHERE, str(raised).removesuffix("."), remedy, may_pass=may_pass))

    def _write(self) -> None:
        with self._storage.open_writer(self._key, _CONTENT_TYPE) as writer:
            writer.write(_DATA)

    def _read(self) -> None:
        with self._storage.open_reader(self._key) as reader:
            if reader.read() != _DATA:
                raise _WrongError("it returns other bytes than were written")

    def _read_from_the_middle(self) -> None:
        try:
            with self._storage.open_reader(self._key, _MIDDLE) as reader:
                is_right = reader.read() == _DATA[_MIDDLE:]
        except ObjectNotFoundError:
            self._is_gone = True
            return
        except StorageError:
            is_right = False
        if not is_right:
            # Not an error: it stops no export.
            self.found.append(
                warning(
                    _WHERE,
                    "it does not send an object from its middle on, so an interrupted download cannot continue",
                    "use a store, and a proxy before it, that supports ranges (RFC 9110, section 14)",
                )
            )

    def _list(self) -> None:
        if self._key not in self._storage.list(self._key):
            self._is_gone = True
            raise _WrongError("an object that was just written is missing in the list")

    def _require_deleted(self) -> None:
        with suppress(ObjectNotFoundError), self._storage.open_reader(self._key) as reader:
            reader.read()
            raise _WrongError("an object is still readable after it was deleted")


class _WrongError(Exception):
    """The storage answers, and the answer is wrong."""
