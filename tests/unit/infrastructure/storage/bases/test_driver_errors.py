"""Every error of a driver becomes a storage error that is safe to show; only those that may pass lose the attempt."""

from __future__ import annotations

import errno
import io
import socket
import ssl
import traceback
from http import HTTPStatus

import attrs
import pytest

from ticket_export.errors import ObjectNotFoundError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.driver_errors import DriverErrors


class Missing(Exception):
    pass


class Refused(Exception):
    pass


class Trouble(Exception):
    pass


class WithStatus(Trouble):
    """As Azure's."""

    def __init__(self, status: int) -> None:
        super().__init__("http://10.0.0.1/secret")
        self.status_code = status


class WithCode(Exception):
    """As Google's."""

    def __init__(self, status: int) -> None:
        super().__init__("http://10.0.0.1/secret")
        self.code = status


@attrs.frozen
class Response:
    status_code: int


class WithResponse(Exception):
    """As that of requests, of which Google's library lets some through."""

    def __init__(self, status: int) -> None:
        super().__init__("http://10.0.0.1/secret")
        self.response = Response(status)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise TypeError("secret")


_ERRORS = DriverErrors((Missing,), (Refused,), (Trouble, ConnectionError))
_PASSWORD = "hunter" * 2
_FAILED = "the storage failed; the log has the cause"


def raised(error: Exception) -> StorageError:
    with pytest.raises(StorageError) as caught, _ERRORS("the file could not be written"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "reason", "may_pass"),
    [
        (Missing("secret"), "the storage's bucket, container or folder does not exist", False),
        (WithStatus(404), "the storage's bucket, container or folder does not exist", False),
        (Refused("secret"), "the storage refuses access", False),
        (WithStatus(401), "the storage refuses access", False),
        (WithCode(HTTPStatus.FORBIDDEN), "the storage refuses access", False),
        (WithStatus(400), _FAILED, False),
        (WithCode(HTTPStatus.PRECONDITION_FAILED), _FAILED, False),
        (WithStatus(507), "the storage is full", False),
        (WithStatus(408), _FAILED, True),
        (WithStatus(429), "the storage is busy; try again later", True),
        (WithCode(HTTPStatus.SERVICE_UNAVAILABLE), "the storage is busy; try again later", True),
        (WithStatus(500), _FAILED, True),
        (WithResponse(502), _FAILED, True),
        (Trouble("secret"), "the storage cannot be reached", True),
        (ConnectionError("secret"), "the storage cannot be reached", True),
        (ConnectionResetError(errno.ECONNRESET, "secret"), "the storage cannot be reached", True),
        (OSError(errno.ENOSPC, "secret"), "the storage is full", False),
        (OSError(errno.EACCES, "secret"), "the storage refuses access", False),
        (BrokenPipeError(errno.EPIPE, "secret"), "the storage cannot be reached", True),
        (OSError("secret"), _FAILED, False),
        (OSError(["secret"], "no number"), _FAILED, False),
        (Unprintable(), _FAILED, False),
        (WithCode(1), _FAILED, False),  # such as that of a channel of SSH
        (RuntimeError("secret"), _FAILED, False),
        (KeyError("secret"), _FAILED, False),
    ],
)
def test_error_of_the_driver_says_what_is_wrong_and_nothing_of_its_own(
    error: Exception, reason: str, may_pass: bool
) -> None:
    failure = raised(error)
    assert str(failure) == f"the file could not be written: {reason}"
    assert type(failure) is (StorageUnavailableError if may_pass else StorageError)


@pytest.mark.parametrize(
    "error",
    [
        StorageError("own"),
        StorageUnavailableError("own"),
        ObjectNotFoundError("own"),
        KeyboardInterrupt(),
        SystemExit(),
    ],
)
def test_errors_of_the_library_and_of_the_process_stay_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, _ERRORS("failed"):
        raise error
    assert caught.value is error
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("error", "is_missing"), [(Missing(), True), (WithStatus(404), True), (Refused(), False), (WithStatus(403), False)]
)
def test_only_what_does_not_exist_is_missing(error: Exception, is_missing: bool) -> None:
    assert _ERRORS.is_missing(raised(error)) is is_missing
    assert not _ERRORS.is_missing(StorageError("without a cause"))


@pytest.mark.parametrize(
    ("error", "is_after_success"),
    [
        (WithCode(HTTPStatus.OK), True),
        (WithStatus(400), False),
        # A code of another protocol: paramiko's refusal of a channel.
        (WithStatus(1), False),
        (Trouble(), False),
    ],
)
def test_answer_that_the_driver_does_not_believe_is_known(error: Exception, is_after_success: bool) -> None:
    assert _ERRORS.is_after_success(raised(error)) is is_after_success
    assert not _ERRORS.is_after_success(StorageError("without a cause"))


@pytest.mark.parametrize(
    ("code", "is_lost"), [("InvalidBlockList", True), ("InvalidBlobOrBlock", False), (None, False)]
)
def test_upload_whose_blocks_the_store_does_not_have_is_lost(code: str | None, is_lost: bool) -> None:
    error = WithStatus(400)
    error.error_code = code  # type: ignore[attr-defined]
    assert _ERRORS.is_lost(raised(error)) is is_lost
    assert _ERRORS.is_lost(raised(Missing()))
    assert _ERRORS.is_lost(raised(WithCode(HTTPStatus.GONE)))
    assert not _ERRORS.is_lost(StorageError("without a cause"))


@pytest.mark.parametrize(
    "text",
    [
        "Content: <html>http://host/exports/a?se=2026&sig=secret%2Bsecret&sp=r was denied</html>",
        "https://host/a?X-Goog-Signature=secret",
        "https://host/a?X-Amz-Security-Token=secret",
        "AccountName=desk;AccountKey=secret==;EndpointSuffix=x",
        "no answer: 'dav://desk:secret@10.0.0.1:8080/exports?password=***'",
        "redis://:p@secret/secret@10.0.0.1?token=***",
    ],
)
def test_log_of_an_error_has_no_signature_of_a_url(text: str) -> None:
    error = WithStatus(404)
    error.args = (text,)
    error.error_code = "InvalidBlockList"  # type: ignore[attr-defined]
    with pytest.raises(StorageError) as caught, _ERRORS("the file could not be written"):
        raise error
    failure = caught.value
    shown = "".join(traceback.format_exception(failure))
    assert "secret" not in shown
    assert "WithStatus: " in shown
    assert "=***" in shown
    assert _ERRORS.named_cause(failure) == " (WithStatus, HTTP 404)"
    assert _ERRORS.is_missing(failure)
    assert _ERRORS.is_lost(failure)


@pytest.mark.parametrize(
    ("error", "named", "remedy"),
    [
        (Missing(), " (Missing)", "create it, or correct TICKET_EXPORT_STORAGE_URL"),
        (WithCode(404), " (WithCode, HTTP 404)", "create it, or correct TICKET_EXPORT_STORAGE_URL"),
        (Refused(), " (Refused)", "correct the credentials, give them the rights that the library needs, or correct "),
        (WithStatus(403), " (WithStatus, HTTP 403)", "correct the credentials, give them the rights "),
        (Trouble(), " (Trouble)", "start the storage, or correct the network or TICKET_EXPORT_STORAGE_URL"),
        (WithStatus(400), " (WithStatus, HTTP 400)", "correct TICKET_EXPORT_STORAGE_URL or the credentials"),
        (ValueError("secret"), " (ValueError)", "correct TICKET_EXPORT_STORAGE_URL or the credentials"),
    ],
)
def test_operator_is_told_the_kind_of_the_error_and_what_would_be_right(
    error: Exception, named: str, remedy: str
) -> None:
    failure = raised(error)
    assert _ERRORS.named_cause(failure) == named
    assert _ERRORS.remedy(failure).startswith(remedy)


def test_error_that_no_driver_has_raised_has_no_cause_to_name() -> None:
    assert _ERRORS.named_cause(StorageError("of the library")) == ""
    assert _ERRORS.remedy(StorageError("of the library")) == "correct TICKET_EXPORT_STORAGE_URL or the credentials"


def test_stream_that_lacks_a_method_is_no_trouble_that_passes() -> None:
    errors = DriverErrors(trouble=(OSError,))
    with pytest.raises(StorageError) as caught, errors("the file could not be read"):
        raise io.UnsupportedOperation("seek")
    assert not isinstance(caught.value, StorageUnavailableError)


@pytest.mark.parametrize("number", [ssl.SSL_ERROR_SSL, ssl.SSL_ERROR_EOF, ssl.SSL_ERROR_WANT_READ])
def test_numbers_of_tls_and_of_the_resolver_are_not_those_of_the_system(number: int) -> None:
    # That of a wrong certificate is that of a refusal, and so on.
    for error in (ssl.SSLError(number, "secret"), socket.gaierror(socket.EAI_AGAIN, "secret"), socket.herror(2, "no")):
        for trouble, error_type in (((OSError,), StorageUnavailableError), ((), StorageError)):
            with pytest.raises(StorageError) as caught, DriverErrors(trouble=trouble)("the file could not be read"):
                raise error
            assert type(caught.value) is error_type
            assert "refuses access" not in str(caught.value)


@pytest.mark.parametrize("is_said", [True, False])
def test_log_shows_no_secret_of_the_errors_behind_that_of_the_driver(is_said: bool) -> None:
    # As the authors of plugins do whose driver has one class for all errors.
    def call() -> None:
        try:
            try:
                raise OSError(f"https://host/a?sig={_PASSWORD}")
            except OSError:
                raise ValueError("in between")  # noqa: B904
        except ValueError as error:
            if is_said:
                raise Trouble("no answer") from error
            raise Trouble("no answer")  # noqa: B904

    with pytest.raises(StorageUnavailableError) as caught, _ERRORS("the file could not be written"):
        call()
    shown = "".join(traceback.format_exception(caught.value))
    assert _PASSWORD not in shown
    assert type(caught.value.__cause__) is Trouble
    for known in ("Trouble: no answer", "ValueError: in between", "OSError: https://host/a?sig=***"):
        assert known in shown


def test_error_that_is_its_own_cause_is_a_storage_error() -> None:
    error = Trouble("no answer")
    error.__cause__ = error
    with pytest.raises(StorageUnavailableError) as caught, _ERRORS("the file could not be read"):
        raise error
    assert caught.value.__cause__ is error


def test_error_whose_signature_is_hidden_is_still_what_does_not_exist() -> None:
    with pytest.raises(StorageError) as caught, _ERRORS("the file could not be read"):
        raise Missing("https://10.0.0.1/a?sig=secret")
    assert "secret" not in str(caught.value.__cause__)
    assert _ERRORS.is_missing(caught.value)
