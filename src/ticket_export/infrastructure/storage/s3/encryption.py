"""The encryption that S3 is asked for, and confirms."""

from __future__ import annotations

from collections.abc import Mapping

from ticket_export.errors import StorageError

# boto3's names, in requests and in responses.
_ALGORITHM, _KEY = "ServerSideEncryption", "SSEKMSKeyId"


class UnconfirmedEncryptionError(StorageError):
    """The store did not confirm that it encrypts the file as it was asked to."""


def unconfirmed(answer: Mapping[str, object]) -> UnconfirmedEncryptionError:
    """Return the error for a response of S3 that does not confirm the encryption."""
    error = UnconfirmedEncryptionError(
        "the file could not be written: the storage did not confirm that it encrypts the file"
    )
    # For the log.
    error.add_note(f"encryption in the response: {answer.get(_ALGORITHM)!r}, with the key {answer.get(_KEY)!r}")
    return error


def is_silent(answer: Mapping[str, object]) -> bool:
    """Whether a response of S3 does not say how the file is encrypted."""
    return not answer.get(_ALGORITHM)


def confirms(request: Mapping[str, object], answer: Mapping[str, object]) -> bool:
    """Whether a response of S3 confirms the encryption that it was asked for; true if it was not asked for any."""
    if _ALGORITHM not in request:
        return True
    return answer.get(_ALGORITHM) == request[_ALGORITHM] and _is_key(request.get(_KEY), answer.get(_KEY))


def _is_key(asked: object, told: object) -> bool:
    if asked is None:
        return True
    if not isinstance(asked, str) or not isinstance(told, str) or not told:
        return False
    # Amazon's S3 tells the key that an alias stands for.
    if asked.startswith("alias/") or ":alias/" in asked:
        return True
    # One of them may be the whole name (ARN), the other one only its end.
    shorter, longer = sorted((asked, told), key=len)
    return shorter == longer or longer.endswith((f"/{shorter}", f":{shorter}"))
