"""The connection to S3: the one place that imports boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from ticket_export.errors import ConfigurationError, MissingExtraError

try:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session
except ImportError as error:
    raise MissingExtraError("s3", "the S3 storage") from error

if TYPE_CHECKING:
    from botocore.session import Session as BotocoreSession
    from mypy_boto3_s3.client import S3Client

# The store itself, and those that credentials may come from.
_SERVICES = frozenset({"oidc", "portal.sso", "s3", "sso", "sts"})


@attrs.frozen(kw_only=True)
class S3Patience:
    """How long one call may take: so many seconds to connect, or to send what fits into the socket; so many until the
    answer begins; and how often it is tried in all, with pauses of up to a second, then two, and so on, in between.

    The defaults let a call that nobody answers fail within about a minute.
    """  # noqa: D205 - one sentence

    connect_seconds: float = 5
    read_seconds: float = 18
    attempts: int = 3


def connect(*, endpoint_url: str | None, region: str | None, patience: S3Patience) -> S3Client:
    """A client for many threads; asks nobody anything yet.

    Credentials, and a region that is not given, are looked for where boto3 always does: environment, shared files,
    the role of the container or machine.

    Raises:
        ConfigurationError: the endpoint is no URL, or the shared files are not as they must be.
    """
    if endpoint_url is not None:
        _check_endpoint(endpoint_url)
    config = Config(
        # Version 4 also signs links to objects that are encrypted with KMS, and is all that newer regions know.
        signature_version="s3v4",
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        tcp_keepalive=True,
        user_agent_extra="ticket-export",
    )
    if endpoint_url is None:
        # Otherwise boto3 signs links for the global host, which sends those who follow them to the bucket's region,
        # where the signature does not fit any more.
        config = config.merge(Config(s3={"addressing_style": "virtual"}))
    else:
        # boto3's newer checksums in headers and trailers are refused by many stores that are not Amazon's.
        config = config.merge(
            Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        )
    try:
        # A session of its own: boto3's default one is not made for threads.
        core = get_session()
        _forget_other_services(core)
        return Session(botocore_session=core).client("s3", endpoint_url=endpoint_url, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            "the S3 storage cannot be used: look at TICKET_EXPORT_S3_ENDPOINT_URL, TICKET_EXPORT_S3_REGION and boto3's "
            f"own settings ({type(error).__name__})"
        ) from error


def _forget_other_services(core: BotocoreSession) -> None:
    # botocore keeps where each of Amazon's services is in each region for as long as a client lives: 7 MB. The address
    # of a service that is not in the list it makes up by the same pattern.
    endpoints, _ = core.get_component("data_loader").load_data_with_path("endpoints")
    for partition in endpoints["partitions"]:
        services = partition["services"]
        for name in services.keys() - _SERVICES:
            del services[name]


def _check_endpoint(url: str) -> None:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_known = False
        parts = urlsplit("")
    if not is_known or parts.username is not None or parts.query or parts.fragment:
        # It may hold a password, and is not repeated.
        raise ConfigurationError(
            "TICKET_EXPORT_S3_ENDPOINT_URL is no endpoint; use https://host or https://host:port, without credentials"
        )
