"""Links to blobs that are signed with the key of the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stores.azurite import ACCOUNT_KEY, AzurePlace
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


def test_link_is_refused_where_the_connection_string_has_no_key(
    azure_place: AzurePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It has a signature, which must not come out in a link.
    endpoint = f"BlobEndpoint=http://127.0.0.1:{azure_place.port}/devstoreaccount1"
    signature = "sv=2024-11-04&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00:00:00Z&sig=c2VjcmV0"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"{endpoint};SharedAccessSignature={signature}")
    storage = AzureStorage.from_url(azure_place.url, Settings(_env_file=None))
    assert storage.place == f"{azure_place.url}?endpoint=http://127.0.0.1:{azure_place.port}/devstoreaccount1"
    with pytest.raises(StorageError, match="the link could not be made: the storage") as caught:
        asked(storage, timedelta(minutes=5))
    assert "c2VjcmV0" not in str(caught.value)
