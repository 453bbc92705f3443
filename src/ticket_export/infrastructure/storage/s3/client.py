"""The connection to S3; only this module imports boto3."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from ticket_export.errors import ConfigurationError, MissingExtraError

try:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session
except ImportError as error:
    raise MissingExtraError("s3", "the S3 storage") from error

from ticket_export.infrastructure.storage.s3.errors import is_passing

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from mypy_boto3_s3.client import S3Client

# The store itself, and the services that credentials may come from.
_SERVICES = frozenset({"oidc", "portal.sso", "s3", "sso", "sts"})
# No other part of the library writes.
_OPERATIONS_OF_UPLOADS = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "PutObject")


@attrs.frozen(kw_only=True)
class S3Patience:
    """The time limits of one call.

    `connect_seconds` limits connecting, and sending what fits into the socket; `read_seconds` limits the wait for the
    response to begin. A call has `attempts` in all, with short pauses between them. With the defaults, a call without
    a response fails within about a minute. The calls of an upload have one attempt: `S3Persistence` makes them again.
    """

    connect_seconds: float = 5
    read_seconds: float = 18
    attempts: int = 3


def connect(
    *,
    endpoint_url: str | None,
    region: str | None,
    patience: S3Patience,
    profile: str | None = None,
    is_amazons: bool = False,
) -> S3Client:
    """Return a client that threads may share; it does not connect yet.

    Without an endpoint it takes that of boto3's own settings, such as ``AWS_ENDPOINT_URL``, unless it must be Amazon's.

    boto3 finds the credentials, and the region if it is None, in its usual places: the environment, shared files, the
    role of the container or machine. With a `profile`, it takes that of the shared files.

    Raises:
        ConfigurationError: the endpoint is not a valid URL, or a shared file is not valid.
    """
    if endpoint_url is not None:
        _check_endpoint(endpoint_url)
    config = Config(
        # Version 4 also signs links to objects that are encrypted with KMS; newer regions accept no other version.
        signature_version="s3v4",
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        tcp_keepalive=True,
        user_agent_extra="ticket-export",
    )
    if endpoint_url is None:
        # Otherwise boto3 signs links for the global host, which redirects to the bucket's region, where the signature
        # is not valid.
        config = config.merge(Config(s3={"addressing_style": "virtual"}))
    else:
        # Many compatible stores refuse boto3's newer checksums in headers and trailers.
        config = config.merge(
            Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        )
    try:
        # A session of its own: boto3's default session is not safe for threads.
        session = get_session()
        if is_amazons:
            session.set_config_variable("ignore_configured_endpoint_urls", True)
        # The addresses of all services stay in memory as long as the client: 4 MB. Those of credentials are needed.
        for partition in session.get_component("data_loader").load_data("endpoints")["partitions"]:
            partition["services"] = {name: each for name, each in partition["services"].items() if name in _SERVICES}
        client = Session(botocore_session=session, profile_name=profile).client(
            "s3", endpoint_url=endpoint_url, region_name=region, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            "the S3 storage cannot be used: check TICKET_EXPORT_S3_ENDPOINT_URL, TICKET_EXPORT_S3_REGION, the options "
            f"of the storage URL and boto3's own settings ({type(error).__name__})"
        ) from error
    for operation in _OPERATIONS_OF_UPLOADS:
        client.meta.events.register(f"needs-retry.s3.{operation}", _raise_at_once)
    client.meta.events.register("needs-retry.s3.HeadBucket", _follow_no_further)
    return client


def _raise_at_once(
    *,
    response: tuple[AWSResponse, Any] | None,
    caught_exception: Exception | None,
    operation: OperationModel,
    **_others: object,
) -> None:
    # boto3 asks this before it tries again, with pauses that nothing can end. Other responses are boto3's affair, such
    # as a redirect to the bucket's region.
    if caught_exception is not None:
        raise caught_exception
    if response is not None and is_passing(error := ClientError(response[1], operation.name)):
        raise error


def _follow_no_further(
    *, response: tuple[AWSResponse, Any] | None, operation: OperationModel, **_others: object
) -> None:
    # boto3 makes this call after a redirect, to find the bucket's region. It would make it again if this is redirected
    # too, until the stack ends.
    if response is not None and response[0].status_code >= HTTPStatus.MULTIPLE_CHOICES:
        raise ClientError(response[1], operation.name)


def _check_endpoint(url: str) -> None:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_known = False
        parts = urlsplit("")
    if not is_known or parts.username is not None or parts.query or parts.fragment:
        # The URL may hold a password, so the message does not repeat it.
        raise ConfigurationError(
            "TICKET_EXPORT_S3_ENDPOINT_URL, or the endpoint of the storage URL, is not an endpoint; use https://host "
            "or https://host:port, no credentials"
        )
