"""Links to blobs that are signed with the key of the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import generate_container_sas

from tests.stores.azurite import ACCOUNT, ACCOUNT_KEY, AzurePlace
from ticket_export.application.checks.storage_check import storage_problems
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.settings import Settings
from ticket_export.testing.storage import CONTENT_TYPE, KEY


def asked(storage: AzureStorage, expires_in: timedelta) -> dict[str, str]:
    url = storage.signed_url(KEY, file_name="Größe 1.csv", content_type=CONTENT_TYPE, expires_in=expires_in)
    assert ACCOUNT_KEY not in url
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def test_link_may_only_read_one_blob_and_says_type_and_safe_name(azure_place: AzurePlace) -> None:
    parameters = asked(azure_place.storage(), timedelta(minutes=5))
    assert (parameters["sp"], parameters["sr"]) == ("r", "b")
    assert parameters["rsct"] == CONTENT_TYPE
    assert parameters["rscd"] == 'attachment; filename="Gr__e 1.csv"'
    assert parameters["rscc"] == "private, no-store"


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (timedelta(milliseconds=1), 1),
        (timedelta(seconds=-5), 1),
        (timedelta(seconds=90, milliseconds=900), 90),
        (timedelta(days=30), 604_800),
    ],
)
def test_link_lives_for_whole_seconds_up_to_a_week(
    azure_place: AzurePlace, expires_in: timedelta, seconds: int
) -> None:
    storage = azure_place.storage()
    before = datetime.now(UTC)
    ends = datetime.strptime(asked(storage, expires_in)["se"], "%Y-%m-%dT%H:%M:%S%z")
    # Azure's links end with a second.
    assert before + timedelta(seconds=seconds - 1) < ends <= datetime.now(UTC) + timedelta(seconds=seconds)


def test_connection_string_with_a_signature_for_a_key_opens_the_container_and_signs_no_links(
    azure_place: AzurePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{azure_place.port}/{ACCOUNT}"
    signature = generate_container_sas(
        ACCOUNT,
        azure_place.client.container_name,
        account_key=ACCOUNT_KEY,
        permission="rwdlc",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"BlobEndpoint={endpoint};SharedAccessSignature={signature}")
    storage = AzureStorage.from_url(azure_place.url, Settings(_env_file=None))
    assert storage.place == f"{azure_place.url}?endpoint={endpoint}"
    assert list(storage_problems(storage, prefix="exports/1/", url_lifetime=None)) == []
    # The signature must not come out in a link.
    with pytest.raises(StorageError) as caught:
        asked(storage, timedelta(minutes=5))
    assert str(caught.value) == "the link could not be made: the storage refuses access"
    (found,) = storage_problems(storage, prefix="exports/1/", url_lifetime=timedelta(minutes=5))
    assert str(caught.value) in found.what


def test_check_finds_nothing_where_the_account_has_a_key(azure_place: AzurePlace) -> None:
    found = storage_problems(azure_place.storage(), prefix="exports/1/", url_lifetime=timedelta(minutes=5))
    assert list(found) == []
    assert azure_place.names() == []
