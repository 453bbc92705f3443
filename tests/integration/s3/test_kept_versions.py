"""A bucket that keeps deleted files: the check warns of it, if it may ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.s3_fixtures import Bucket, Clients
from tests.s3_server import S3Request
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.s3.storage import S3Storage
from ticket_export.testing.storage import write

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

_KEY = "exports/a/1/tickets.csv"
_VERSIONING = "has versioning: when a file is deleted, its version stays; suspend versioning, or add a lifecycle rule"


@pytest.fixture
def locked(bucket: Bucket) -> Iterator[str]:
    """The name of a bucket with object lock, and so with versioning."""
    name = f"locked-{uuid4()}"
    bucket.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    yield name
    bucket.client.delete_bucket(Bucket=name)


def problems(name: str, clients: Clients) -> list[str]:
    storage = S3Storage(StoreLocation("s3", name, "desk/"), lambda: clients.patient)
    return [str(found) for found in storage.problems([])]


def remove_versions(*, prefix: str | None = None, status: str = "Enabled") -> LifecycleRuleTypeDef:
    return {
        "Status": status,  # type: ignore[typeddict-item]
        "Filter": {} if prefix is None else {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }


def test_bucket_without_versions_is_well(bucket: Bucket, s3_clients: Clients) -> None:
    assert problems(bucket.name, s3_clients) == []


def test_bucket_with_versioning_is_warned_of(locked: str, s3_clients: Clients) -> None:
    (found,) = problems(locked, s3_clients)
    assert found.startswith("warning: storage: the bucket locked-")
    assert _VERSIONING in found


@pytest.mark.parametrize(
    "rule", [remove_versions(), remove_versions(prefix="desk/"), remove_versions(prefix="desk/exports/")]
)
def test_rule_that_removes_old_versions_silences_the_warning(
    bucket: Bucket, locked: str, s3_clients: Clients, rule: LifecycleRuleTypeDef
) -> None:
    bucket.client.put_bucket_lifecycle_configuration(Bucket=locked, LifecycleConfiguration={"Rules": [rule]})
    assert problems(locked, s3_clients) == []


@pytest.mark.parametrize("rule", [remove_versions(prefix="of-others/"), remove_versions(status="Disabled")])
def test_rule_for_other_files_does_not(
    bucket: Bucket, locked: str, s3_clients: Clients, rule: LifecycleRuleTypeDef
) -> None:
    bucket.client.put_bucket_lifecycle_configuration(Bucket=locked, LifecycleConfiguration={"Rules": [rule]})
    assert _VERSIONING in problems(locked, s3_clients)[0]


@pytest.mark.parametrize(("unit", "period"), [("Days", "30 days"), ("Years", "30 years")])
def test_bucket_that_locks_each_file_is_warned_of(
    bucket: Bucket, locked: str, s3_clients: Clients, unit: str, period: str
) -> None:
    retention = {"Mode": "COMPLIANCE", unit: 30}
    bucket.client.put_object_lock_configuration(
        Bucket=locked,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}},  # type: ignore[typeddict-item]
    )
    (found,) = problems(locked, s3_clients)
    assert f"keeps each file for {period}: when it is deleted, its version stays" in found


def test_questions_that_the_role_may_not_ask_are_left_out(bucket: Bucket, locked: str, s3_clients: Clients) -> None:
    def refuse(request: S3Request) -> Iterable[bytes]:
        return request.refuse("403 Forbidden", "AccessDenied") if request.name == "GET bucket" else request.serve()

    bucket.s3.fault = refuse
    assert problems(locked, s3_clients) == []


def test_missing_right_to_list_uploads_is_warned_of(bucket: Bucket, s3_clients: Clients) -> None:
    def refuse(request: S3Request) -> Iterable[bytes]:
        is_hit = request.name == "ListMultipartUploads"
        return request.refuse("403 Forbidden", "AccessDenied") if is_hit else request.serve()

    bucket.s3.fault = refuse
    (found,) = problems(bucket.name, s3_clients)
    assert "warning: storage: the bucket" in found
    assert "s3:ListBucketMultipartUploads is not allowed, so the sweep leaves the uploads of killed workers" in found


def test_deleted_file_stays_as_a_version_which_the_documents_say(bucket: Bucket) -> None:
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    storage, name = bucket.storage(), bucket.prefix + _KEY
    write(storage, _KEY, b"personal data")
    storage.delete(_KEY)
    assert bucket.names() == []
    kept = bucket.client.list_object_versions(Bucket=bucket.name, Prefix=name)
    version = kept["Versions"][0]["VersionId"]
    got = bucket.client.get_object(Bucket=bucket.name, Key=name, VersionId=version)["Body"].read()
    for each in (*kept["Versions"], *kept["DeleteMarkers"]):
        bucket.client.delete_object(Bucket=bucket.name, Key=name, VersionId=each["VersionId"])
    assert got == b"personal data"
