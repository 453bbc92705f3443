"""What an operator may say about S3, and what is said where it is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ticket_export import Settings
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.infrastructure.storage.s3.storage import S3Storage, encryption_of, location_of

_WITHOUT_BOTO3 = """
import sys
sys.modules["boto3"] = sys.modules["boto3.session"] = None
from ticket_export import Settings
from ticket_export.infrastructure.storage.bases.location import StoreLocation
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
    assert location_of(url) == StoreLocation("s3", bucket, prefix)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("endpoint=http://minio:9000", {"endpoint": "http://minio:9000"}),
        (
            "endpoint=http%3A%2F%2Fminio%3A9000&region=us-east-1",
            {"endpoint": "http://minio:9000", "region": "us-east-1"},
        ),
        ("profile=old%20one&endpoint=", {"profile": "old one", "endpoint": ""}),
    ],
)
def test_url_may_name_endpoint_region_and_profile(options: str, named: dict[str, str]) -> None:
    assert location_of(f"s3://my-bucket/a?{options}") == StoreLocation("s3", "my-bucket", "a/", named)


@pytest.mark.parametrize(
    ("url", "endpoint_url", "place"),
    [
        ("s3://my-bucket", None, "s3://my-bucket"),
        ("S3://my-bucket/a/", None, "s3://my-bucket/a"),
        ("s3://my-bucket/a", "HTTPS://MinIO.Example:443/", "s3://my-bucket/a?endpoint=https://minio.example"),
        ("s3://my-bucket?endpoint=http://minio:9000", None, "s3://my-bucket?endpoint=http://minio:9000"),
        ("s3://my-bucket?endpoint=http://one:80", "http://two", "s3://my-bucket?endpoint=http://one"),
        ("s3://my-bucket?endpoint=", "http://two", "s3://my-bucket"),
        ("s3://my-bucket?region=eu-central-1", "http://[::1]:9000", "s3://my-bucket?endpoint=http://[::1]:9000"),
        ("s3://my-bucket", "http://minio/Path&a=b", "s3://my-bucket?endpoint=http://minio/Path%26a%3Db"),
    ],
)
def test_place_is_the_same_for_every_spelling_of_the_store_and_another_one_for_another_endpoint(
    s3_environment: None, url: str, endpoint_url: str | None, place: str
) -> None:
    storage = S3Storage.from_url(url, Settings(s3_endpoint_url=endpoint_url))
    assert storage.place == place
    if endpoint_url is None or "?" in place:
        assert S3Storage.from_url(place, Settings(s3_endpoint_url=endpoint_url)).place == place


def test_place_shows_an_endpoint_of_boto3s_own_settings(s3_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    assert S3Storage.from_url("s3://my-bucket", Settings()).place == "s3://my-bucket?endpoint=http://minio:9000"


def test_empty_endpoint_is_amazons_whatever_boto3s_own_settings_say(
    s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    storage = S3Storage.from_url("s3://my-bucket?endpoint=&region=eu-west-1", Settings())
    assert storage.place == "s3://my-bucket"
    link = storage.signed_url("exports/a", file_name="a", content_type="b", expires_in=timedelta(minutes=1))
    assert link.startswith("https://my-bucket.s3.eu-west-1.amazonaws.com/")


def test_options_of_the_url_are_used(s3_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[old]\naws_access_key_id = key-of-old\naws_secret_access_key = x\n", "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    url = "s3://my-bucket/a?endpoint=http://minio:9000&region=eu-west-3&profile=old"
    storage = S3Storage.from_url(url, Settings(s3_endpoint_url="http://other", s3_region="us-east-1"))
    link = storage.signed_url("b", file_name="b.csv", content_type="text/csv", expires_in=timedelta(minutes=1))
    assert link.startswith("http://minio:9000/my-bucket/a/b?")
    assert "key-of-old%2F" in link
    assert "%2Feu-west-3%2F" in link


@pytest.mark.parametrize(
    "options", ["endpoint=secret", "endpoint=https://u:secret@host", "profile=secret", "endpoint=http://host:secret"]
)
def test_option_that_cannot_be_used_is_refused_and_not_repeated(s3_environment: None, options: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the storage URL") as caught:
        S3Storage.from_url(f"s3://my-bucket?{options}", Settings())
    assert "secret" not in str(caught.value)


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
        "s3://my-bucket/a?acl=secret",
        "s3://my-bucket/a?region=secret&region=secret",
        "s3://my-bucket/a?region=",
        "s3://my-bucket/a?region=secret/x",
        "s3://my-bucket/a?profile=",
        "s3://my-bucket/a?region=a&&secret",
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
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_BOTO3], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "MissingExtraError: the S3 storage needs an optional dependency" in ran.stderr
    assert "pip install 'ticket-export[s3]'" in ran.stderr
