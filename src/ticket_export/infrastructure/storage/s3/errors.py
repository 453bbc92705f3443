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
    IncompleteReadError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ticket_export.application.run.shortage import shortage_of
from ticket_export.errors import StorageError, StorageUnavailableError

#: The errors of boto3's calls and of the bodies that they return.
S3_ERRORS = (BotoCoreError, ClientError, HTTPError, OSError, ResponseParserError)

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
_BUSY = "the storage is busy; try again later"
_REASONS = {
    _ABSENT: "NoSuchBucket PermanentRedirect",
    _REFUSED: "AccessDenied AccountProblem AllAccessDisabled ExpiredToken InvalidAccessKeyId "
    "InvalidToken RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired",
    "the storage is full": "QuotaExceeded QuotaExceededException XMinioStorageFull",
    _BUSY: "OperationAborted RequestLimitExceeded ServiceUnavailable SlowDown "
    "Throttling ThrottlingException TooManyRequests",
}
_BY_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes.split()}
_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: _REFUSED,
    HTTPStatus.FORBIDDEN: _REFUSED,
    HTTPStatus.TOO_MANY_REQUESTS: _BUSY,
    HTTPStatus.SERVICE_UNAVAILABLE: _BUSY,
    HTTPStatus.INSUFFICIENT_STORAGE: "the storage is full",
}
# Of the other statuses from 500 on, nothing will be different later.
_PASSING_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# Codes with other statuses: the request arrived too slowly, not whole or not as it was sent; or the store is busy.
_PASSING_CODES = frozenset(
    {
        "BadDigest",
        "BandwidthLimitExceeded",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "XAmzContentSHA256Mismatch",
    }
)


@contextmanager
def s3_errors(failed: str) -> Iterator[None]:
    """Raise `StorageError` for an error of boto3 in the block; its text begins with `failed`.

    It is a `StorageUnavailableError` if the same call may succeed later.

    boto3's error names bucket, key or host, so it is only the ``__cause__``.
    """
    try:
        yield
    except StorageError:
        raise
    except S3_ERRORS as error:
        kind = StorageUnavailableError if is_passing(error) else StorageError
        raise kind(f"{failed}: {_reason(error)}") from error
    except RecursionError as error:
        # botocore follows a redirect to itself until the stack ends.
        raise StorageError(f"{failed}: the storage redirects; check its endpoint and region") from error


def error_code(error: BaseException | None) -> str:
    """Return S3's name of the error, such as ``NoSuchKey``; empty for other errors."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_missing(error: BaseException) -> bool:
    """Whether the object does not exist; false for a missing bucket."""
    # A response to HEAD has no body, so its code is the status.
    return error_code(error) in {"NoSuchKey", "404", "NotFound"}


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed later: no connection, no response in time, a broken one, or a busy store.

    A refusal, a full store and a lack of this process's own resources are not passing.
    """
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error_code(error)
        return code in _PASSING_CODES or (status in _PASSING_STATUSES and _BY_CODE.get(code) in {None, _BUSY})
    if isinstance(error, SSLError):
        # A certificate that is not valid stays so. A connection can also be cut while its encryption is negotiated.
        return "EOF occurred" in str(error)
    is_of_the_network = isinstance(error, (*_UNREACHABLE, IncompleteReadError, ResponseParserError))
    return is_of_the_network and shortage_of(error) is None


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
    if isinstance(error, (IncompleteReadError, ResponseParserError)):
        return "the storage sent an invalid response"
    other = "the storage failed; the log has the cause"
    if not isinstance(error, ClientError):
        return other
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _BY_CODE.get(error_code(error)) or _BY_STATUS.get(status, other)
