"""Errors of S3 as storage errors that are safe to show."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from botocore.exceptions import ClientError

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.driver_errors import DriverErrors
from ticket_export.infrastructure.storage.s3.reasons import S3Reason, client_reason, connection_reason


class S3Errors(DriverErrors):
    """The errors of boto3.

    It is `StorageUnavailableError` if the same call may succeed later: S3 cannot be reached, is busy, or failed itself.
    boto3's errors name bucket, key or host. Some are not its own: a response without a name that S3 always sends, or
    with a number that cannot be read, is a `KeyError` or a `ValueError`.
    """

    def storage_error(self, failed: str, error: Exception) -> StorageError:
        """See `DriverErrors.storage_error`."""
        reason = _reason(error)
        error_type = StorageUnavailableError if reason.may_pass else StorageError
        return error_type(f"{failed}: {reason.text}")

    def is_missing(self, error: StorageError) -> bool:
        """See `DriverErrors.is_missing`: only for an object."""
        return error.__cause__ is not None and is_missing(error.__cause__)


s3_errors: Final = S3Errors()


def invalid_response(failed: str) -> StorageUnavailableError:
    """Return the error for a response that is not S3's: a gateway has sent its own page, and nothing was done.

    Its text begins with `failed`.
    """
    return StorageUnavailableError(f"{failed}: the storage sent an invalid response")


def error_code(error: BaseException | None) -> str:
    """Return S3's name of the error, such as ``NoSuchKey``; empty for other errors."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_missing(error: BaseException) -> bool:
    """Whether the object does not exist; false for a missing bucket, and for the 404 of a server that is not S3."""
    if not isinstance(error, ClientError):
        return False
    code = error_code(error)
    if code in {"404", "NotFound"}:
        # Without a body, as always after HEAD, the code is the status. S3 and compatible stores number their responses.
        is_s3 = bool(error.response.get("ResponseMetadata", {}).get("RequestId"))
        return is_s3 or error.operation_name == "HeadObject"
    return code == "NoSuchKey"


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    return _reason(error).may_pass is True


def is_beyond_the_end(error: BaseException) -> bool:
    """Whether the object has no byte of the range that was asked for."""
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


def is_unreachable(error: StorageError) -> bool:
    """Whether there was no response, so that another call would fail too."""
    return isinstance(error, StorageUnavailableError) and not isinstance(error.__cause__, ClientError)


def is_refusal(error: StorageError) -> bool:
    """Whether S3 refused the call, and will refuse the next one, until somebody changes the setup."""
    return error.__cause__ is not None and _reason(error.__cause__).may_pass is False


def is_denied(error: StorageError) -> bool:
    """Whether the credentials do not have the right to this call, or the store does not know the call."""
    return error.__cause__ is not None and _reason(error.__cause__).is_denied


def was_refused(error: StorageError) -> bool:
    """Whether it is certain that the call has changed nothing, because its only request was refused or never sent.

    If boto3 has sent a request twice, the first one may have succeeded although its response was lost.
    """
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return is_refusal(error)
    if isinstance(error, StorageUnavailableError):
        return False
    metadata = cause.response.get("ResponseMetadata", {})
    return not metadata.get("RetryAttempts") and 400 <= metadata.get("HTTPStatusCode", 0) < 500


def remedy(error: StorageError) -> str:
    """Return what an operator can do."""
    return _reason(error.__cause__).remedy if error.__cause__ is not None else S3Reason("").remedy


def _reason(error: BaseException) -> S3Reason:
    return client_reason(error) if isinstance(error, ClientError) else connection_reason(error)
