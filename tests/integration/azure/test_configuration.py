"""The URL of an Azure storage and Azure's own variables."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from tests.stores.azurite import VARIABLES, AzurePlace, connection_string
from ticket_export import Settings
from ticket_export.errors import ConfigurationError, StorageError
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.infrastructure.storage.registry import open_storage

_URL = "azure://exports/desk"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def opened(url: str = _URL) -> AzureStorage:
    storage = open_storage(Settings(_env_file=None, storage_url=url))
    assert isinstance(storage, AzureStorage)
    return storage


def test_connection_string_names_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(10_000))
    assert opened().place == f"{_URL}?endpoint=http://127.0.0.1:10000/devstoreaccount1"


def test_account_is_that_of_the_variable_or_of_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "desk")
    assert opened().place == f"{_URL}?endpoint=https://desk.blob.core.windows.net"
    url = f"{_URL}?endpoint=https://other.blob.core.usgovcloudapi.net"
    assert opened(url).place == url


@pytest.mark.parametrize("spelling", ["https://desk.blob.core.windows.net/", "https://DESK.blob.core.windows.net:443"])
def test_spellings_of_one_endpoint_are_one_place(monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    key = "AccountName=desk;AccountKey=c2VjcmV0"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"DefaultEndpointsProtocol=https;{key}")
    storage = opened(f"{_URL}?endpoint={spelling}")
    assert storage.place == f"{_URL}?endpoint=https://desk.blob.core.windows.net"
    # It is the account of the connection string.
    assert storage.client.credential.account_key == "c2VjcmV0"


def test_storage_without_an_account_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT"):
        opened()


@pytest.mark.parametrize("text", ["secret", "AccountKey=secret", "AccountName=desk;AccountKey", ";;"])
def test_malformed_connection_string_is_refused_without_its_text(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    with pytest.raises(ConfigurationError, match="AZURE_STORAGE_CONNECTION_STRING") as caught:
        opened()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "azure://",
        "azure://Exports/desk",
        "azure://user:secret@exports/desk",
        "azure://exports/../desk",
        f"{_URL}?sig=secret",
        f"{_URL}?endpoint=desk.blob.core.windows.net",
        f"{_URL}?endpoint=https://user:secret@desk.blob.core.windows.net",
        f"{_URL}?endpoint=https://desk.blob.core.windows.net?sig=secret",
        f"{_URL}?endpoint=https://desk.blob.core.windows.net%3Fsig=secret",
        f"{_URL}?endpoint=ftp://desk.blob.core.windows.net",
    ],
)
def test_malformed_url_is_refused_without_its_text(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "desk")
    with pytest.raises(ConfigurationError, match="azure://container/prefix") as caught:
        opened(url)
    assert "secret" not in str(caught.value)


def test_container_that_does_not_exist_is_not_an_absent_file(azure_place: AzurePlace) -> None:
    storage = azure_place.storage(patience=timedelta(seconds=1))
    azure_place.client.delete_container()
    for call in (lambda: storage.delete("exports/a"), lambda: storage.open_reader("exports/a").__enter__()):
        with pytest.raises(StorageError, match="the storage's bucket, container or folder does not exist"):
            call()
    (found,) = storage.problems(())
    assert not found.may_pass
    assert found.what == (
        f"{storage.place}: the files could not be listed: the storage's bucket, container or folder does not exist "
        "(ResourceNotFoundError, HTTP 404)"
    )
    assert found.remedy == "create it, or correct TICKET_EXPORT_STORAGE_URL"


def test_wrong_key_is_a_refusal(azure_place: AzurePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    known = azure_place.environment()["AZURE_STORAGE_CONNECTION_STRING"]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", known.replace("AccountKey=E", "AccountKey=F"))
    storage = opened(azure_place.url)
    (found,) = storage.problems(())
    assert (found.what, found.may_pass) == (
        f"{storage.place}: the files could not be listed: the storage refuses access (HttpResponseError, HTTP 403)",
        False,
    )
    assert found.remedy.startswith("correct the credentials, ")


def test_name_that_no_container_can_have_is_told_with_the_answer(
    azure_place: AzurePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_place.environment()["AZURE_STORAGE_CONNECTION_STRING"])
    (found,) = opened("azure://of_ours/desk").problems(())
    assert found.what.startswith("azure://of_ours/desk?endpoint=http://127.0.0.1:")
    assert found.what.endswith(" (HttpResponseError, HTTP 400)")
    assert found.remedy == "correct TICKET_EXPORT_STORAGE_URL or the credentials"


def test_missing_driver_is_named_with_its_extra() -> None:
    program = """
import sys
sys.modules["azure.storage.blob"] = None
import ticket_export.infrastructure.storage.azure
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "MissingExtraError: the Azure storage needs an optional dependency" in ran.stderr
    assert "pip install 'ticket-export[azure]'" in ran.stderr


def test_identity_library_is_imported_only_where_an_identity_is_used() -> None:
    program = f"""
import os, sys
os.environ["AZURE_STORAGE_CONNECTION_STRING"] = "AccountName=desk;AccountKey=c2VjcmV0"
from ticket_export import Settings
from ticket_export.infrastructure.storage.azure import AzureStorage
AzureStorage.from_url({_URL!r}, Settings(_env_file=None)).client
print("azure.identity" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "False"
