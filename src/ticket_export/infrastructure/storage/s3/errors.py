"""Errors of S3 as storage errors that are safe to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from urllib3.exceptions import HTTPError

from ticket_export.errors import StorageError

#: The errors of boto3's calls and of the bodies that they return.
S3_ERRORS = (BotoCoreError, ClientError, HTTPError, OSError)

_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_UNREACHABLE = (ConnectionError, HTTPClientError, HTTPError, OSError)
# Codes of Amazon's list ("Error responses", REST API reference), of MinIO and of Ceph. Other codes go by their status.
_ABSENT, _REFUSED = "the storage does not exist", "the storage refuses access"
_REASONS = {
    _ABSENT: "NoSuchBucket PermanentRedirect",
    _REFUSED: "AccessDenied AccountProblem AllAccessDisabled ExpiredToken InvalidAccessKeyId "
    "InvalidToken RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired",
    "the storage is full": "QuotaExceeded QuotaExceededException XMinioStorageFull",
    "the storage is busy; try again later": "OperationAborted RequestLimitExceeded ServiceUnavailable SlowDown "
    "Throttling ThrottlingException TooManyRequests",
}
_BY_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes.split()}
_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: _REFUSED,
    HTTPStatus.FORBIDDEN: _REFUSED,
    HTTPStatus.TOO_MANY_REQUESTS: "the storage is busy; try again later",
    HTTPStatus.SERVICE_UNAVAILABLE: "the storage is busy; try again later",
    HTTPStatus.INSUFFICIENT_STORAGE: "the storage is full",
}


@contextmanager
def s3_errors(failed: str) -> Iterator[None]:
    """Raise `StorageError` for an error of boto3 in the block; its text begins with `failed`.

    boto3's error names bucket, key or host, so it is only the ``__cause__``.
    """
    try:
        yield
    except StorageError:
        raise
    except S3_ERRORS as error:
        raise StorageError(f"{failed}: {_reason(error)}") from error
    except RecursionError as error:
        # botocore follows a redirect to itself until the stack ends.
        raise StorageError(f"{failed}: the storage redirects; check its endpoint and region") from error


def error_code(error: BaseException) -> str:
    """Return S3's name of the error, such as ``NoSuchKey``; empty for other errors."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_missing(error: BaseException) -> bool:
    """Whether the object does not exist; false for a missing bucket."""
    # A response to HEAD has no body, so its code is the status.
    return error_code(error) in {"NoSuchKey", "404", "NotFound"}


def is_beyond_the_end(error: BaseException) -> bool:
    """Whether the object has no byte of the range that was asked for."""
    return isinstance(error, ClientError) and _status(error) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


def is_unreachable(error: StorageError) -> bool:
    """Whether there was no response, so that another call would fail too."""
    return isinstance(error.__cause__, _UNREACHABLE)


def is_refusal(error: StorageError) -> bool:
    """Whether S3 refused the call itself, as it will refuse the next one: no such bucket, or no right to it."""
    cause = error.__cause__
    return isinstance(cause, Exception) and _reason(cause) in {_ABSENT, _REFUSED}


def _reason(error: Exception) -> str:
    if isinstance(error, _NO_CREDENTIALS):
        return _REFUSED
    if isinstance(error, _UNREACHABLE):
        return "the storage cannot be reached"
    other = "the storage failed; the log has the cause"
    if not isinstance(error, ClientError):
        return other
    return _BY_CODE.get(error_code(error)) or _BY_STATUS.get(_status(error), other)


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
