"""The way to an S3 server that does not lead through the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: The key and the secret of the client.
BACK_DOOR: Final = ("back-door", "back-door")


def back_door(url: str) -> S3Client:
    """Return a client that knows nothing of this library, and has credentials of its own."""
    key, secret = BACK_DOOR
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        # Other stores than Amazon's keep newer checksums as a part of the object.
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
