"""The uploads that killed writers began in S3 and never completed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ticket_export.infrastructure.storage.s3.errors import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def abort_stale_uploads(client: S3Client, bucket: str, prefix: str, *, before: datetime) -> int:
    """Abort the uploads below `prefix` without a part since `before` (aware UTC), and return their number.

    A long upload is as recent as its newest part. Raises boto3's errors, also that of a missing right.
    """
    aborted = 0
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", []):
            # The parts are newer than the upload, so those of a recent upload need not be listed.
            if upload["Initiated"] < before:
                aborted += _abort_if_stale(client, bucket, upload["Key"], upload["UploadId"], before)
    return aborted


def _abort_if_stale(client: S3Client, bucket: str, name: str, upload_id: str, before: datetime) -> bool:
    try:
        pages = client.get_paginator("list_parts").paginate(Bucket=bucket, Key=name, UploadId=upload_id)
        if any(part["LastModified"] >= before for page in pages for part in page.get("Parts", [])):
            return False
        client.abort_multipart_upload(Bucket=bucket, Key=name, UploadId=upload_id)
    except ClientError as error:
        # Completed or aborted in the meantime.
        if error_code(error) == "NoSuchUpload":
            return False
        raise
    return True
