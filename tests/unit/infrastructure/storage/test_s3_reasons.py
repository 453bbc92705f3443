"""Every refusal of S3 has a sentence that is safe to show, and an advice for the operator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    IncompleteReadError,
    NoCredentialsError,
    ProxyConnectionError,
    UnauthorizedSSOTokenError,
)
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.errors import ConfigurationError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.s3 import reasons
from ticket_export.infrastructure.storage.s3.encryption import unconfirmed
from ticket_export.infrastructure.storage.s3.errors import is_denied, is_missing, is_refusal, remedy, s3_errors
from ticket_export.infrastructure.storage.s3.reasons import client_reason, connection_reason


def refusal(
    code: str, status: int = 400, *, operation: str = "PutObject", message: str = "", request_id: str = "", **told: str
) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": request_id}
    response = {"Error": {"Code": code, "Message": message, **told}, "ResponseMetadata": metadata}
    return ClientError(response, operation)  # type: ignore[arg-type]


def raised(error: Exception) -> StorageError:
    with pytest.raises(StorageError) as caught, s3_errors("failed"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "text", "advice"),
    [
        (refusal("RequestTimeTooSkewed", 403), "the clocks of the storage and of this machine differ", "synchronise"),
        (refusal("SignatureDoesNotMatch", 403, message="Signature expired: 1 < 2"), "the clocks", "synchronise"),
        (refusal("NoSuchBucket", 404), "the storage's bucket does not exist", "create the bucket"),
        (refusal("PermanentRedirect", 301), "is in another region, or at another endpoint", "TICKET_EXPORT_S3_REGION"),
        (refusal("301", 301), "is in another region", "TICKET_EXPORT_S3_REGION"),
        (refusal("AuthorizationHeaderMalformed", Region="eu-central-1"), "is in another region", "S3_REGION"),
        (refusal("AuthorizationHeaderMalformed"), "does not accept the credentials", "correct the credentials"),
        (refusal("InvalidAccessKeyId", 403), "does not accept the credentials", "correct the credentials"),
        (refusal("SignatureDoesNotMatch", 403), "does not accept the credentials", "correct the credentials"),
        (refusal("ExpiredToken"), "the credentials for the storage have expired", "renew"),
        (UnauthorizedSSOTokenError(), "the credentials for the storage have expired", "renew"),
        (NoCredentialsError(), "there are no credentials for the storage", "where boto3 finds them"),
        (refusal("KMS.DisabledException"), "cannot encrypt the file as it is asked to", "S3_KMS_KEY_ID"),
        (
            refusal("InvalidAccessKeyId", 403, message="Failed to retrieve the actual key, kms-keyid: x"),
            "cannot encrypt the file",
            "S3_KMS_KEY_ID",
        ),
        (refusal("NotImplemented", 501, message="KMS is not configured"), "cannot encrypt the file", "S3_ENCRYPTION"),
    ],
)
def test_refusal_has_its_own_sentence_and_does_not_pass(error: Exception, text: str, advice: str) -> None:
    found = raised(error)
    assert not isinstance(found, StorageUnavailableError)
    assert is_refusal(found)
    assert text in str(found)
    assert advice in remedy(found)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (refusal("SlowDown", 503), "the storage is busy; try again later"),
        (refusal("503", 503), "the storage is busy; try again later"),
        (refusal("RequestTimeout", 400), "the storage cannot be reached"),
        (refusal("InternalError", 500), "the storage failed; the log has the cause"),
        (refusal("BadDigest", 400), "the storage did not receive the file as it was sent"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "the storage sent an invalid response"),
        (refusal("404", 404), "the storage sent an invalid response"),
        (KeyError("Key"), "the storage sent an invalid response"),
        (ValueError("Invalid timestamp: yesterday"), "the storage sent an invalid response"),
        (refusal("502", 502), "the storage failed; the log has the cause"),
        (ConnectionResetError(), "the storage cannot be reached"),
        (ProxyConnectionError(proxy_url="http://secret"), "the proxy in front of the storage cannot be reached"),
        (CredentialRetrievalError(provider="a", error_msg="b"), "credentials for the storage could not be retrieved"),
    ],
)
def test_trouble_that_may_pass_leaves_the_storage_unavailable(error: Exception, text: str) -> None:
    found = raised(error)
    assert isinstance(found, StorageUnavailableError)
    assert not is_refusal(found)
    assert text in str(found)


@pytest.mark.parametrize(
    "error",
    [refusal("NoSuchUpload", 404), refusal("507", 507), refusal("", 400), refusal("400", 400), refusal("405", 405)],
)
def test_error_of_unknown_meaning_is_neither_a_refusal_nor_repeated(error: ClientError) -> None:
    found = raised(error)
    assert not isinstance(found, StorageUnavailableError)
    assert not is_refusal(found)


@pytest.mark.parametrize("code", ["", "400"])
def test_page_of_another_server_is_an_invalid_response(code: str) -> None:
    found = raised(refusal(code, 400))
    assert str(found) == "failed: the storage sent an invalid response"
    assert "TICKET_EXPORT_S3_ENDPOINT_URL" in remedy(found)


def test_error_of_the_library_stays_what_it_is() -> None:
    with pytest.raises(ConfigurationError), s3_errors("failed"):
        raise ConfigurationError("the profile is missing")


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("PutObject", "s3:PutObject"),
        ("CreateMultipartUpload", "s3:PutObject"),
        ("GetObject", "s3:GetObject or s3:ListBucket"),
        ("DeleteObject", "s3:DeleteObject"),
        ("ListObjectsV2", "s3:ListBucket"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("ListParts", "s3:ListMultipartUploadParts"),
        ("AssumeRole", "sts:AssumeRole"),
    ],
)
def test_missing_right_is_named(operation: str, right: str) -> None:
    found = raised(refusal("AccessDenied", 403, operation=operation))
    assert str(found) == f"failed: the storage refuses access: {right} is not allowed"
    assert remedy(found) == f"allow {right} to the credentials"
    assert is_denied(found)


def test_right_that_s3_names_itself_is_the_one_that_is_missing() -> None:
    message = "User: arn:aws:sts::1:role/x is not authorized to perform: kms:GenerateDataKey on resource: arn:secret"
    found = raised(refusal("AccessDenied", 403, message=message))
    assert str(found) == "failed: the storage refuses access: kms:GenerateDataKey is not allowed"


def test_refusal_of_a_gateway_names_no_right_of_s3() -> None:
    found = raised(refusal("403", 403))
    assert str(found) == "failed: the storage refuses access"
    assert not is_denied(found)


@pytest.mark.parametrize(
    ("error", "is_gone"),
    [
        (refusal("NoSuchKey", 404, operation="GetObject"), True),
        (refusal("404", 404, operation="HeadObject"), True),
        (refusal("404", 404, operation="DeleteObject", request_id="tx1"), True),
        # A web server at a wrong endpoint knows nothing of our files.
        (refusal("404", 404, operation="DeleteObject"), False),
        (refusal("404", 404, operation="GetObject"), False),
        (refusal("NoSuchBucket", 404, operation="DeleteObject"), False),
        (OSError("404"), False),
    ],
)
def test_only_s3_says_that_an_object_is_missing(error: Exception, is_gone: bool) -> None:
    assert is_missing(error) is is_gone


_TEXTS = {each.text for each in vars(reasons).values() if isinstance(each, reasons.S3Reason)}
_CODES = st.text() | st.sampled_from(sorted(reasons._BY_CODE))
_MESSAGES = st.text() | st.text().map(lambda text: f"not authorized to perform: {text}")


@given(code=_CODES, message=_MESSAGES, status=st.integers(min_value=100, max_value=599), operation=st.text())
def test_words_of_the_store_are_never_shown(code: str, message: str, status: int, operation: str) -> None:
    said = client_reason(refusal(code, status, operation=operation, message=message)).text
    right = re.fullmatch("the storage refuses access: [a-z0-9-]+:[A-Za-z]+ is not allowed", said)
    assert said in _TEXTS or right


def test_documents_list_the_sentences_of_refusals() -> None:
    page = (Path(__file__).parents[4] / "docs/how-to/store-files.md").read_text()
    table = page.partition("### If S3 refuses a request")[2].partition("\n## ")[0]
    listed = {row.split(" | ")[0][2:].replace("`", "") for row in table.splitlines() if row.startswith("| th")}
    right = {"the storage refuses access: s3:PutObject is not allowed"}
    assert listed - right - {str(unconfirmed({})).partition(": ")[2]} <= _TEXTS
    assert len(listed) > 10


def test_other_errors_of_boto3_are_safe() -> None:
    assert connection_reason(TypeError("secret")).text == "the storage failed; the log has the cause"
