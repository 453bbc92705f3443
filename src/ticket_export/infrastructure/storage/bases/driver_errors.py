"""Errors of a store's driver as storage errors that are safe to show."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import pairwise
from socket import gaierror, herror
from ssl import SSLError
from typing import Final, cast

import attrs

from ticket_export.errors import StorageError, StorageUnavailableError, TicketExportError
from ticket_export.infrastructure.storage.os_errors import os_error

_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_FULL: Final = HTTPStatus.INSUFFICIENT_STORAGE
_STATUSES: Final = range(200, 600)
_URL: Final = "TICKET_EXPORT_STORAGE_URL"
# A secret of a URL, or of a connection string.
_SECRET: Final = re.compile(
    r"((?:sig|signature|accountkey|password|token)=)[^&\s;'\"<>]+"
    # Up to the last @. It never goes back, since a page of a gateway may be large.
    r"|(://[^\s/:@]*+:)(?:[^\s'\"<>@]{1,1000}+@)++",
    re.IGNORECASE,
)
# Their numbers are those of OpenSSL and of the resolver, some of which are those of other errors of the system.
_NUMBERED_OTHERWISE: Final = (SSLError, gaierror, herror)


class _ConcealedError(Exception):
    """In the place of an error whose text has a secret: the page of a gateway repeats the URL of a request."""

    def __init__(self, error: BaseException) -> None:
        self.kind = type(error)
        super().__init__(f"{self.kind.__name__}: {_SECRET.sub(_hidden, _text(error))}")
        self.status_code = _status(error)
        self.error_code = getattr(error, "error_code", None)


@attrs.frozen
class DriverErrors:
    """The errors of one driver: for what does not exist, for a refusal, and for a store that is in trouble.

    Only `trouble` may pass by itself. Where the error has an HTTP status (`status_code` or `code`, or that of its
    `response`), the status decides more exactly: 404 is what does not exist.
    """

    missing: tuple[type[Exception], ...] = ()
    refused: tuple[type[Exception], ...] = ()
    trouble: tuple[type[Exception], ...] = ()

    @contextmanager
    def __call__(self, failed: str) -> Iterator[None]:
        """Raise `StorageError` for every error of a block that calls only the driver; its text begins with `failed`.

        It is `StorageUnavailableError` if the same call may succeed later. The driver's error may name hosts, users
        and paths, so it is only the ``__cause__``. The log shows that one, and those behind it, so none of their texts
        has a secret of a URL.
        """
        try:
            yield
        except TicketExportError:
            raise
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            failure = self.storage_error(failed, error)
            raise failure from concealed(error)

    def is_missing(self, error: StorageError) -> bool:
        """Whether the driver said that something does not exist."""
        return error.__cause__ is not None and self.means_missing(error.__cause__)

    def is_lost(self, error: StorageError) -> bool:
        """Whether the store does not have any more what an upload has sent before."""
        if self.is_missing(error):
            return True
        cause = error.__cause__
        # Azure says it so: also if another writer of the blob was first. Google says that an upload is gone.
        is_gone = cause is not None and _status(cause) == HTTPStatus.GONE
        return is_gone or getattr(cause, "error_code", None) == "InvalidBlockList"

    def is_after_success(self, error: StorageError) -> bool:
        """Whether the store said that a call succeeded, and the driver does not believe it: a wrong checksum."""
        status = None if error.__cause__ is None else _status(error.__cause__)
        return status is not None and status < HTTPStatus.MULTIPLE_CHOICES

    def named_cause(self, error: StorageError) -> str:
        """Return what may be shown of the driver's error, to put behind the text: its type, and its HTTP status."""
        if (cause := error.__cause__) is None:
            return ""
        status = _status(cause)
        return f" ({_kind(cause).__name__}{'' if status is None else f', HTTP {status}'})"

    def remedy(self, error: StorageError) -> str:
        """Return what an operator can do."""
        if self.is_missing(error):
            return f"create it, or correct {_URL}"
        if isinstance(error, StorageUnavailableError):
            return f"start the storage, or correct the network or {_URL}"
        if error.__cause__ is not None and self._is_refused(error.__cause__):
            return f"correct the credentials, give them the rights that the library needs, or correct {_URL}"
        return f"correct {_URL} or the credentials"

    def storage_error(self, failed: str, error: Exception) -> StorageError:
        """Return the error to raise for one of the driver, without its cause."""
        if self.means_missing(error):
            return StorageError(f"{failed}: the storage's bucket, container or folder does not exist")
        if self._is_refused(error):
            return StorageError(f"{failed}: the storage refuses access")
        status = _status(error)
        if status in _BUSY:
            return StorageUnavailableError(f"{failed}: the storage is busy; try again later")
        if status == _FULL:
            return StorageError(f"{failed}: the storage is full")
        if status is not None:
            is_refused = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            is_final = is_refused and status != HTTPStatus.REQUEST_TIMEOUT
            error_type = StorageError if is_final else StorageUnavailableError
            return error_type(f"{failed}: the storage failed; the log has the cause")
        is_numbered = isinstance(error, OSError) and isinstance(error.errno, int)
        if is_numbered and not isinstance(error, _NUMBERED_OTHERWISE):
            return os_error(failed, cast("OSError", error))
        # An OSError too, but no trouble that passes: the stream lacks a method, such as `seek`.
        if isinstance(error, self.trouble) and not isinstance(error, io.UnsupportedOperation):
            return StorageUnavailableError(f"{failed}: the storage cannot be reached")
        return StorageError(f"{failed}: the storage failed; the log has the cause")

    def means_missing(self, error: BaseException) -> bool:
        """Whether an error of the driver says that something does not exist."""
        return issubclass(_kind(error), self.missing) or _status(error) == HTTPStatus.NOT_FOUND

    def _is_refused(self, error: BaseException) -> bool:
        return issubclass(_kind(error), self.refused) or _status(error) in _REFUSED


def concealed(error: Exception) -> Exception:
    """Return the error, or one in its place: neither its text nor that of an error behind it has a secret."""
    if _SECRET.search(_text(error)):
        return _ConcealedError(error)
    chain: list[BaseException] = [error]
    # An error may be its own cause.
    while (behind := _behind(chain[-1])) is not None and all(behind is not each for each in chain):
        chain.append(behind)
    if any(_SECRET.search(_text(each)) for each in chain[1:]):
        for made, cause in pairwise([error, *map(_ConcealedError, chain[1:])]):
            made.__cause__ = cause
    return error


def _hidden(secret: re.Match[str]) -> str:
    return f"{secret[1]}***" if secret[1] else f"{secret[2]}***@"


def _behind(error: BaseException) -> BaseException | None:
    return error.__cause__ if error.__suppress_context__ else error.__context__


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the error of a driver may have a mistake of its own
        return ""


def _kind(error: BaseException) -> type[BaseException]:
    return error.kind if isinstance(error, _ConcealedError) else type(error)


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    for owner, name in ((error, "status_code"), (error, "code"), (response, "status_code")):
        status = getattr(owner, name, None)
        # Other protocols have codes of their own, such as the numbers of SSH.
        if isinstance(status, int) and status in _STATUSES:
            return int(status)
    return None
