"""What a bucket does with deleted files and unfinished uploads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from ticket_export.application.finding import Finding, warning
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.errors import is_denied, remedy, s3_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

_Answer = TypeVar("_Answer", bound=Mapping[str, object])


def bucket_problems(client: S3Client, bucket: str, prefix: str) -> Iterator[Finding]:
    """Return warnings about the objects below `prefix`.

    A question that the credentials may not ask, or that the store does not know, is left out.
    """
    try:
        with s3_errors("unfinished uploads cannot be listed"):
            client.list_multipart_uploads(Bucket=bucket, Prefix=prefix, MaxUploads=1)
    except StorageError as error:
        if is_denied(error):
            yield warning(
                "storage",
                f"the bucket {bucket}: {error}, so the sweep leaves the uploads of killed workers there",
                f"{remedy(error)}, or add a lifecycle rule with AbortIncompleteMultipartUpload",
            )
    yield from _kept_versions(client, bucket, prefix)


def _kept_versions(client: S3Client, bucket: str, prefix: str) -> Iterator[Finding]:
    locked = _answer(lambda: client.get_object_lock_configuration(Bucket=bucket))
    lock = locked["ObjectLockConfiguration"] if locked else {}
    retention = lock.get("Rule", {}).get("DefaultRetention", {})
    if retention:
        period = f"{retention['Years']} years" if retention.get("Years") else f"{retention.get('Days')} days"
        yield warning(
            "storage",
            f"object lock of the bucket {bucket} keeps each file for {period}: when it is deleted, its version stays",
            "use a bucket without object lock for exports, or keep this in mind for personal data",
        )
        return
    versioning = _answer(lambda: client.get_bucket_versioning(Bucket=bucket))
    if versioning is None or versioning.get("Status") != "Enabled":
        return
    rules = _answer(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket))
    if rules is None or not any(_removes_versions(rule, prefix) for rule in rules.get("Rules", [])):
        yield warning(
            "storage",
            f"the bucket {bucket} has versioning: when a file is deleted, its version stays",
            "suspend versioning, or add a lifecycle rule with NoncurrentVersionExpiration",
        )


def _answer(ask: Callable[[], _Answer]) -> _Answer | None:
    try:
        with s3_errors("the bucket cannot be checked"):
            return ask()
    except StorageError:
        return None


def _removes_versions(rule: LifecycleRuleOutputTypeDef, prefix: str) -> bool:
    chosen = rule.get("Filter", {})
    # A rule for tags or sizes does not match all files.
    is_for_all = chosen.keys() <= {"Prefix"}
    return (
        rule["Status"] == "Enabled"
        and "NoncurrentVersionExpiration" in rule
        and is_for_all
        and prefix.startswith(chosen.get("Prefix") or rule.get("Prefix") or "")
    )
