"""The links to objects of Google Cloud Storage, by its published rules: the server of the tests looks at none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.stores.fake_gcs import ACCOUNT, GcsPlace, public_key
from ticket_export import Settings
from ticket_export.application.checks.storage_check import storage_problems
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, write

CANNOT_SIGN = "the link could not be made: the storage's credentials cannot sign links"


def link(storage: GcsStorage, expires_in: timedelta = timedelta(minutes=5)) -> str:
    return storage.signed_url(KEY, file_name="Größe 1.csv", content_type=CONTENT_TYPE, expires_in=expires_in)


def asked(url: str) -> Mapping[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def verify(url: str, key: RSAPublicKey) -> None:
    """Check the signature by "V4 signing process" of Google's documentation."""
    parts, parameters = urlsplit(url), dict(asked(url))
    signature = bytes.fromhex(parameters.pop("X-Goog-Signature"))
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(parameters.items()))
    request = "\n".join(["GET", parts.path, query, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"])
    scope = parameters["X-Goog-Credential"].removeprefix(f"{ACCOUNT}/")
    digest = hashlib.sha256(request.encode()).hexdigest()
    signed = "\n".join(["GOOG4-RSA-SHA256", parameters["X-Goog-Date"], scope, digest])
    key.verify(signature, signed.encode(), PKCS1v15(), SHA256())


def test_link_asks_for_type_and_safe_name_and_is_signed_with_the_key_of_the_account(gcs_place: GcsPlace) -> None:
    url = link(gcs_place.storage(), timedelta(seconds=90, milliseconds=900))
    parameters = asked(url)
    assert parameters["response-content-type"] == CONTENT_TYPE
    assert parameters["response-content-disposition"] == 'attachment; filename="Gr__e 1.csv"'
    assert parameters["X-Goog-Expires"] == "90"
    made_at = datetime.strptime(parameters["X-Goog-Date"], "%Y%m%dT%H%M%S%z")
    assert abs(datetime.now(UTC) - made_at) < timedelta(minutes=1)
    verify(url, public_key())
    assert urlsplit(url).path == f"/{gcs_place.bucket}/desk/of-ours/{KEY}"


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(timedelta(milliseconds=1), "1"), (timedelta(seconds=-5), "1"), (timedelta(days=30), "604800")],
)
def test_link_lives_as_long_as_google_allows(gcs_place: GcsPlace, expires_in: timedelta, seconds: str) -> None:
    assert asked(link(gcs_place.storage(), expires_in))["X-Goog-Expires"] == seconds


def test_object_says_itself_that_nobody_may_store_it(gcs_place: GcsPlace) -> None:
    # A link of Google's cannot ask for it.
    write(gcs_place.storage(), KEY, b"private")
    found = gcs_place.properties(KEY)
    assert (found["cacheControl"], found["contentType"]) == ("private, no-store", CONTENT_TYPE)


@pytest.fixture
def without_key(gcs_place: GcsPlace, monkeypatch: pytest.MonkeyPatch) -> GcsStorage:
    for name, value in gcs_place.environment().items():
        monkeypatch.setenv(name, value)
    return GcsStorage.from_url(gcs_place.url, Settings())


def test_credentials_without_a_key_say_that_they_cannot_sign(without_key: GcsStorage) -> None:
    with pytest.raises(StorageError) as caught:
        link(without_key)
    assert str(caught.value) == CANNOT_SIGN


def test_credentials_of_a_person_say_that_they_cannot_sign(
    gcs_place: GcsPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the program gcloud stores them.
    person = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    file = tmp_path / "application_default_credentials.json"
    file.write_text(json.dumps(person), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(StorageError) as caught:
        link(GcsStorage.from_url(gcs_place.url, Settings()))
    assert str(caught.value) == CANNOT_SIGN


def test_check_finds_credentials_that_cannot_sign(without_key: GcsStorage) -> None:
    lifetime = timedelta(minutes=5)
    (found,) = storage_problems(without_key, prefix="exports/1/", url_lifetime=lifetime)
    assert str(found) == (
        f"error: storage: {CANNOT_SIGN}; use credentials that can sign, or set TICKET_EXPORT_DOWNLOAD=stream"
    )
    assert not found.may_pass
    assert list(storage_problems(without_key, prefix="exports/1/", url_lifetime=None)) == []


def test_check_finds_nothing_where_the_credentials_can_sign(gcs_place: GcsPlace) -> None:
    assert list(storage_problems(gcs_place.storage(), prefix="exports/1/", url_lifetime=timedelta(minutes=5))) == []
