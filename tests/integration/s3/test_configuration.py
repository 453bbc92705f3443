"""What an operator may say about S3, and what is said where it is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ticket_export import Settings
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.infrastructure.storage.s3.location import S3Location
from ticket_export.infrastructure.storage.s3.storage import S3Storage, encryption_of

_WITHOUT_BOTO3 = """
import sys
sys.modules["boto3"] = sys.modules["boto3.session"] = None
from ticket_export import Settings
from ticket_export.infrastructure.storage.registry import open_storage
open_storage(Settings(storage_url="s3://bucket/prefix"))
"""


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://my-bucket", "my-bucket", ""),
        ("s3://my-bucket/", "my-bucket", ""),
        ("s3://my.bucket/a/b", "my.bucket", "a/b/"),
        ("S3://my-bucket/a/", "my-bucket", "a/"),
    ],
)
def test_url_names_bucket_and_prefix(url: str, bucket: str, prefix: str) -> None:
    assert S3Location.parse(url) == S3Location(bucket, prefix)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///prefix",
        "s3:bucket",
        "s3://my-bucket:443/secret",
        "s3://key:secret@my-bucket/a",
        "s3://secret@my-bucket/a",
        "s3://my-bucket/a?secret",
        "s3://my-bucket/a#secret",
        "s3://my-bucket/a?",
        "s3://my-bucket/../secret",
        "s3://my-bucket//secret",
        "s3://my-bucket/secret//",
        "s3://my-bucket/secret%20",
        "s3://My_Secret/a",
        "s3://ab",
        "s3://my..secret",
        "s3://[secret/a",
        "https://my-bucket/secret",
    ],
)
def test_other_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"use s3://bucket") as caught:
        S3Storage.from_url(url, Settings())
    assert "secret" not in str(caught.value).lower()


@pytest.mark.parametrize(
    "endpoint",
    ["", "secret", "ftp://secret", "http://", "https://u:secret@host", "https://host?secret", "http://host:secret"],
)
def test_other_endpoint_is_refused_and_not_repeated(endpoint: str, s3_environment: None) -> None:
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_S3_ENDPOINT_URL") as caught:
        S3Storage.from_url("s3://my-bucket", Settings(s3_endpoint_url=endpoint))
    assert "secret" not in str(caught.value)


def test_profile_that_is_not_there_is_a_configuration_error(
    s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match="ProfileNotFound"):
        S3Storage.from_url("s3://my-bucket", Settings())


def test_region_goes_into_the_links(s3_environment: None) -> None:
    from datetime import timedelta

    storage = S3Storage.from_url("s3://my-bucket/desk", Settings(s3_region="eu-central-1"))
    url = storage.signed_url("a", file_name="a.csv", content_type="text/csv", expires_in=timedelta(minutes=1))
    assert url.startswith("https://my-bucket.s3.eu-central-1.amazonaws.com/desk/a?")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), {}),
        (Settings(s3_encryption="AES256"), {"ServerSideEncryption": "AES256"}),
        (Settings(s3_encryption="aws:kms"), {"ServerSideEncryption": "aws:kms"}),
    ],
)
def test_encryption_is_told_as_it_is_set(settings: Settings, told: dict[str, str]) -> None:
    assert encryption_of(settings) == told


@pytest.mark.parametrize("encryption", [None, "AES256"])
def test_key_that_would_not_be_used_is_refused(encryption: str | None) -> None:
    settings = Settings.model_validate({"s3_encryption": encryption, "s3_kms_key_id": "key"})
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_S3_ENCRYPTION=aws:kms"):
        encryption_of(settings)


def test_registry_opens_it(s3_environment: None) -> None:
    assert open_storage(Settings(storage_url="s3://my-bucket")).provider == "s3"


def test_without_boto3_the_extra_is_named() -> None:
    ran = subprocess.run([sys.executable, "-c", _WITHOUT_BOTO3], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "MissingExtraError: the S3 storage needs an optional dependency" in ran.stderr
    assert "pip install 'ticket-export[s3]'" in ran.stderr
