"""What Ceph's gateway answers, and what the library makes of it: encryption, rights, clocks, versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import botocore.auth
import pytest

from tests.ceph_gateway import KMS_KEY
from tests.integration.s3.scene import S3Scene
from tests.s3_fixtures import Bucket
from tests.unit.application.use_cases.help_desk import PREFIX
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.storage import S3Storage
from ticket_export.testing.storage import KEY, read, write

pytestmark = pytest.mark.stores


@pytest.fixture
def scene(ceph_bucket: Bucket) -> S3Scene:
    return S3Scene(ceph_bucket)


def use(scene: S3Scene, **settings: str) -> None:
    bucket = scene.bucket
    scene.desk.storage = S3Storage.from_url(bucket.url, bucket.settings(**settings))  # type: ignore[assignment]


def problems(storage: S3Storage) -> str:
    return "\n".join(map(str, storage.problems([])))


def test_file_that_ceph_silently_does_not_encrypt_fails_its_export_and_is_not_readable(scene: S3Scene) -> None:
    use(scene, s3_encryption="AES256")
    assert scene.run() == "failed"
    assert "did not confirm that it encrypts the file" in (scene.job.error_message or "")
    assert (scene.names(), scene.bucket.uploads()) == ([], [])


def test_file_that_ceph_encrypts_completes(scene: S3Scene) -> None:
    use(scene, s3_encryption="aws:kms", s3_kms_key_id=KMS_KEY)
    assert scene.run() == "completed"
    scene.claim_whole()
    for name in scene.names():
        found = scene.bucket.client.head_object(Bucket=scene.bucket.name, Key=name)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY)


@pytest.mark.parametrize("key_id", ["unknown", None])
def test_key_that_ceph_does_not_know_fails_the_export(scene: S3Scene, key_id: str | None) -> None:
    use(scene, s3_encryption="aws:kms", **({"s3_kms_key_id": key_id} if key_id else {}))
    assert scene.run() == "failed"
    assert "the storage cannot encrypt the file as it is asked to" in (scene.job.error_message or "")
    assert (scene.names(), scene.bucket.uploads()) == ([], [])


def deny(bucket: Bucket, action: str) -> None:
    everything = [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": [action], "Resource": everything}
    bucket.client.put_bucket_policy(
        Bucket=bucket.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("s3:PutObject", "write"),
        ("s3:GetObject", "read"),
        ("s3:DeleteObject", "delete"),
        ("s3:ListBucket", "list"),
    ],
)
def test_right_that_is_missing_is_named(ceph_bucket: Bucket, action: str, call: str) -> None:
    storage = ceph_bucket.storage()
    write(storage, KEY, b"before")
    deny(ceph_bucket, action)
    calls: dict[str, Callable[[], object]] = {
        "write": lambda: write(storage, KEY, b"after"),
        "read": lambda: read(storage, KEY),
        "delete": lambda: storage.delete(KEY),
        "list": lambda: list(storage.list("")),
    }
    with pytest.raises(StorageError, match=f"the storage refuses access: {action}.* is not allowed"):
        calls[call]()


def test_role_that_may_not_list_uploads_sweeps_and_is_warned_of(scene: S3Scene) -> None:
    scene.bucket.put(f"{PREFIX}{uuid4()}/1/tickets.csv", b"orphan")
    deny(scene.bucket, "s3:ListBucketMultipartUploads")
    scene.sweep_later()
    assert scene.names() == []
    assert "s3:ListBucketMultipartUploads is not allowed" in problems(scene.bucket.storage())


@pytest.mark.parametrize("minutes", [-20, 20])
def test_clock_that_is_wrong_is_named(ceph_bucket: Bucket, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: wrong.replace(tzinfo=None))
    with pytest.raises(StorageError, match="the clocks of the storage and of this machine differ too much"):
        write(ceph_bucket.storage(), KEY, b"late")


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_credentials_that_are_wrong_are_named(
    ceph_bucket: Bucket, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "wrong")
    storage = S3Storage.from_url(ceph_bucket.url, ceph_bucket.settings())
    with pytest.raises(StorageError, match="the storage does not accept the credentials"):
        write(storage, KEY, b"refused")


def test_bucket_that_does_not_exist_is_named(ceph_bucket: Bucket) -> None:
    storage = S3Storage.from_url(f"s3://bucket-{uuid4()}", ceph_bucket.settings())
    with pytest.raises(StorageError, match="the storage's bucket does not exist"):
        write(storage, KEY, b"nowhere")


def test_file_in_a_locked_bucket_is_deleted_and_stays_as_a_version_which_is_warned_of(ceph_bucket: Bucket) -> None:
    client, name = ceph_bucket.client, f"locked-{uuid4()}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket=name,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    storage = S3Storage.from_url(f"s3://{name}", ceph_bucket.settings())
    write(storage, KEY, b"personal data")
    storage.delete(KEY)
    assert list(storage.list("")) == []
    versions = client.list_object_versions(Bucket=name)["Versions"]
    assert [each["Key"] for each in versions] == [KEY]
    assert "when it is deleted, its version stays" in problems(storage)
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.delete_object(Bucket=name, Key=KEY, VersionId=versions[0]["VersionId"])
