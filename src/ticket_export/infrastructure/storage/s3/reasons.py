"""Why a call of S3 failed, in words that are safe to show, and what an operator can do."""

from __future__ import annotations

import re
import ssl
from http import HTTPStatus
from typing import Final

import attrs
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ticket_export.application.run.shortage import shortage_of

_CHECK_ALL: Final = (
    "correct TICKET_EXPORT_STORAGE_URL, TICKET_EXPORT_S3_ENDPOINT_URL, TICKET_EXPORT_S3_REGION or the credentials"
)
_CHECK_ENDPOINT: Final = "correct the scheme, host and port in TICKET_EXPORT_S3_ENDPOINT_URL"


@attrs.frozen
class S3Reason:
    """`text` is for users, `remedy` for operators.

    `may_pass` is True if the same call may succeed later, False if it fails until somebody changes the setup, and None
    if that is not known. `is_denied` is True if only this kind of call is refused.
    """

    text: str
    remedy: str = _CHECK_ALL
    may_pass: bool | None = attrs.field(default=False, kw_only=True)
    is_denied: bool = attrs.field(default=False, kw_only=True)


_OTHER_PLACE = S3Reason(
    "the storage's bucket is in another region, or at another endpoint",
    "correct TICKET_EXPORT_S3_REGION or TICKET_EXPORT_S3_ENDPOINT_URL",
)
_NO_BUCKET = S3Reason("the storage's bucket does not exist", f"create the bucket, or {_CHECK_ALL}")
_DENIED = S3Reason(
    "the storage refuses access", "give the credentials all rights that the library needs", is_denied=True
)
_WRONG_CREDENTIALS = S3Reason("the storage does not accept the credentials", "correct the credentials that boto3 finds")
_NO_CREDENTIALS = S3Reason("there are no credentials for the storage", "set credentials where boto3 finds them")
_EXPIRED = S3Reason("the credentials for the storage have expired", "renew the credentials that boto3 finds")
_NOT_RETRIEVED = S3Reason(
    "the credentials for the storage could not be retrieved", "correct the role or profile of boto3", may_pass=True
)
_SKEWED = S3Reason("the clocks of the storage and of this machine differ too much", "synchronise both clocks")
_NOT_ENCRYPTED = S3Reason(
    "the storage cannot encrypt the file as it is asked to",
    "correct TICKET_EXPORT_S3_ENCRYPTION and TICKET_EXPORT_S3_KMS_KEY_ID, or set up the key in the store",
)
_UNSUPPORTED = S3Reason(
    "the storage does not support this request",
    "unset TICKET_EXPORT_S3_ENCRYPTION, or use another store",
    is_denied=True,
)
_OTHER_TIME = S3Reason(
    "the storage's TLS certificate has expired, or is not valid yet",
    "renew the certificate, or correct the clock of this machine",
)
_UNTRUSTED = S3Reason(
    "this machine does not trust the storage's TLS certificate",
    "set AWS_CA_BUNDLE to the certificate of the authority that signed it",
)
_NO_TLS = S3Reason("the storage does not use TLS at its endpoint", _CHECK_ENDPOINT)
_NO_COMMON_TLS = S3Reason("this machine and the storage cannot agree on TLS", "correct the TLS settings of the store")
_OTHER_HOST = S3Reason("the storage's TLS certificate is for another host", _CHECK_ENDPOINT)
_NO_AUTHORITIES = S3Reason("the certificates that this machine trusts cannot be read", "correct AWS_CA_BUNDLE")
_FULL = S3Reason("the storage is full", "free some space there, or raise its quota", may_pass=None)
_BUSY = S3Reason("the storage is busy; try again later", "wait, or raise the limits of the storage", may_pass=True)
_AWAY = S3Reason("the storage cannot be reached", "start the storage, or correct the network", may_pass=True)
_NOT_S3 = S3Reason("the storage sent an invalid response", _CHECK_ENDPOINT, may_pass=None)
_DAMAGED = S3Reason(
    "the storage did not receive the file as it was sent", "look for a proxy that changes requests", may_pass=True
)
_FAILED = S3Reason("the storage failed; the log has the cause", may_pass=True)
_UNKNOWN = S3Reason("the storage failed; the log has the cause", may_pass=None)

# Codes of Amazon's list ("Error responses", REST API reference), of its services for credentials and keys, of MinIO
# and of Ceph. Other codes go by their status.
_BY_CODE = {
    code: reason
    for reason, codes in {
        _NO_BUCKET: "InvalidBucketName NoSuchBucket",
        _OTHER_PLACE: "IllegalLocationConstraintException InvalidRegion PermanentRedirect Redirect TemporaryRedirect",
        _DENIED: "AccessDenied AccessDeniedException AllAccessDisabled MethodNotAllowed UnauthorizedAccess",
        _WRONG_CREDENTIALS: "AccountProblem AuthorizationHeaderMalformed InvalidAccessKeyId InvalidClientTokenId "
        "InvalidIdentityToken InvalidSecurity InvalidSignatureException InvalidToken NotSignedUp "
        "SignatureDoesNotMatch UnrecognizedClientException",
        _EXPIRED: "ExpiredToken ExpiredTokenException TokenRefreshRequired UnauthorizedException",
        _SKEWED: "RequestExpired RequestInTheFuture RequestTimeTooSkewed",
        _NOT_ENCRYPTED: "InvalidEncryptionAlgorithmError KMS.DisabledException KMS.InvalidKeyUsageException "
        "KMS.InvalidStateException KMS.KMSInvalidStateException KMS.NotFoundException KMSNotConfigured",
        _UNSUPPORTED: "NotImplemented",
        _FULL: "QuotaExceeded QuotaExceededException XMinioStorageFull",
        _BUSY: "BandwidthLimitExceeded KMS.ThrottlingException OperationAborted PriorRequestNotComplete "
        "RequestLimitExceeded ServiceUnavailable SlowDown Throttling ThrottlingException TooManyRequests "
        "TooManyRequestsException",
        _AWAY: "RequestTimeout RequestTimeoutException",
        _DAMAGED: "BadDigest IncompleteBody XAmzContentSHA256Mismatch",
        _FAILED: "InternalError",
    }.items()
    for code in codes.split()
}
_BY_STATUS: dict[int, S3Reason] = {
    HTTPStatus.MOVED_PERMANENTLY: _OTHER_PLACE,
    HTTPStatus.FOUND: _OTHER_PLACE,
    HTTPStatus.TEMPORARY_REDIRECT: _OTHER_PLACE,
    HTTPStatus.PERMANENT_REDIRECT: _OTHER_PLACE,
    # Without a code of S3, it may be a gateway that refuses everything.
    HTTPStatus.UNAUTHORIZED: attrs.evolve(_DENIED, is_denied=False),
    HTTPStatus.FORBIDDEN: attrs.evolve(_DENIED, is_denied=False),
    HTTPStatus.REQUEST_TIMEOUT: _AWAY,
    HTTPStatus.TOO_MANY_REQUESTS: _BUSY,
    HTTPStatus.NOT_IMPLEMENTED: _UNSUPPORTED,
    HTTPStatus.SERVICE_UNAVAILABLE: _BUSY,
    HTTPStatus.INSUFFICIENT_STORAGE: _FULL,
}
# "Actions, resources, and condition keys for Amazon S3" of Amazon's service authorization reference. Without the right
# to list, S3 also refuses access to an object that does not exist.
_RIGHTS = {
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "AssumeRole": "sts:AssumeRole",
    "AssumeRoleWithWebIdentity": "sts:AssumeRoleWithWebIdentity",
    "CompleteMultipartUpload": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject or s3:ListBucket",
    "HeadObject": "s3:GetObject or s3:ListBucket",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectsV2": "s3:ListBucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "PutObject": "s3:PutObject",
    "UploadPart": "s3:PutObject",
}
# Amazon's S3 names the missing right itself, such as that to a key: "… is not authorized to perform: kms:Decrypt on …".
_RIGHT = re.compile(r"\bperform: ([a-z][a-z0-9-]{1,30}:[A-Za-z]{1,60})\b")
# The services for credentials say so of a clock that is wrong.
_SIGNED_AT_ANOTHER_TIME = re.compile("Signature (expired|not yet current)")
# Without a code of their own: no key service (MinIO), no key id, an unknown key (Ceph: InvalidAccessKeyId).
_OF_ENCRYPTION = re.compile(r"encryption|\bkms\b|retrieve the actual key", re.IGNORECASE)
_ALSO_OF_ENCRYPTION = frozenset({"InvalidAccessKeyId", "InvalidArgument", "InvalidRequest", "NotImplemented"})

_TLS_TIME = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_TLS_HOST = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_OF_CERTIFICATE_FILES = frozenset({"ASN1", "PEM", "X509"})
_PLAIN_HTTP = frozenset({"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"})


def client_reason(error: ClientError) -> S3Reason:
    """Return why S3, or the service that credentials come from, refused a call."""
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), str(told.get("Message", ""))
    if _SIGNED_AT_ANOTHER_TIME.match(message):
        return _SKEWED
    if code == "AuthorizationHeaderMalformed" and "Region" in told:
        return _OTHER_PLACE
    if code in _ALSO_OF_ENCRYPTION and _OF_ENCRYPTION.search(message):
        return _NOT_ENCRYPTED
    if (known := _BY_CODE.get(code)) is not None:
        return _with_right(known, error.operation_name, message) if known is _DENIED else known
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _FAILED
    # If the body is not S3's, botocore takes the status for the code, or finds none in a page of XML.
    if code not in {"", str(status)}:
        return _UNKNOWN
    # A gateway says so while the store behind it restarts.
    return attrs.evolve(_NOT_S3, may_pass=True) if status == HTTPStatus.NOT_FOUND else _NOT_S3


def connection_reason(error: BaseException) -> S3Reason:
    """Return why a call got no response of S3."""
    if shortage_of(error) is not None:
        # This process lacks a resource, such as open files.
        return _UNKNOWN
    if isinstance(error, SSLError):
        return _tls_reason(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | NoAuthTokenError):
        return _NO_CREDENTIALS
    if isinstance(error, SSOTokenLoadError | UnauthorizedSSOTokenError):
        return _EXPIRED
    if isinstance(error, CredentialRetrievalError | SSOError | TokenRetrievalError):
        return _NOT_RETRIEVED
    if isinstance(error, ProxyConnectionError):
        return attrs.evolve(_AWAY, text="the proxy in front of the storage cannot be reached")
    if isinstance(error, ConnectionClosedError) and _endpoint(error).startswith("http:"):
        return attrs.evolve(_AWAY, remedy=f"{_AWAY.remedy}; if the store uses TLS, its endpoint begins with https://")
    if isinstance(error, ConnectionError | HTTPClientError | HTTPError | OSError):
        return _AWAY
    if isinstance(error, IncompleteReadError | KeyError | ResponseParserError | ValueError):
        return attrs.evolve(_NOT_S3, may_pass=True)
    return _UNKNOWN


def _with_right(denied: S3Reason, operation: str, message: str) -> S3Reason:
    named = _RIGHT.search(message)
    right = named[1] if named else _RIGHTS.get(operation)
    if right is None:
        return denied
    return attrs.evolve(
        denied, text=f"{denied.text}: {right} is not allowed", remedy=f"allow {right} to the credentials"
    )


def _tls_reason(error: SSLError) -> S3Reason:
    # botocore's error has urllib3's, which has that of the ssl module, of the file of trusted authorities, or of
    # urllib3's own comparison of the host.
    wrapped = _argument(error, "error")
    cause = wrapped.args[0] if isinstance(wrapped, BaseException) and wrapped.args else wrapped
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate_reason(cause.verify_code)
    if isinstance(cause, ValueError):
        return _OTHER_HOST
    if isinstance(cause, ssl.SSLError) and cause.library in _OF_CERTIFICATE_FILES:
        return _NO_AUTHORITIES
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return _AWAY
    if isinstance(cause, ssl.SSLError):
        if cause.reason in _PLAIN_HTTP:
            return _NO_TLS
        return _NO_COMMON_TLS
    if isinstance(cause, OSError):
        return _NO_AUTHORITIES
    return _AWAY


def _certificate_reason(verify_code: int) -> S3Reason:
    if verify_code in _TLS_TIME:
        return _OTHER_TIME
    if verify_code in _TLS_HOST:
        return _OTHER_HOST
    return _UNTRUSTED


def _endpoint(error: BotoCoreError) -> str:
    return str(_argument(error, "endpoint_url"))


def _argument(error: BotoCoreError, name: str) -> object:
    return error.kwargs.get(name)
