"""Without a key, the identity of the machine opens the container and signs links."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from azure.storage.blob import ContainerClient

from tests.integration.azure.identity import PERSON, TENANT, TlsAzurite, identity_endpoint
from tests.stores.azurite import ACCOUNT_KEY, VARIABLES
from ticket_export import Settings
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.azure import AzureStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, read, write

_CONTAINER = "exports"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsAzurite]:
    with TlsAzurite(tmp_path_factory.mktemp("azurite") / "data") as server:
        client = ContainerClient(server.url, _CONTAINER, ACCOUNT_KEY, connection_verify=str(server.authority))
        with client:
            client.create_container()
        yield server


@pytest.fixture
def url(server: TlsAzurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
    with identity_endpoint() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield f"azure://{_CONTAINER}/{uuid4()}?endpoint={server.url}"


def opened(url: str) -> AzureStorage:
    return AzureStorage.from_url(url, Settings(_env_file=None))


def test_identity_of_the_machine_opens_the_container(url: str) -> None:
    storage = opened(url)
    write(storage, KEY, b"by identity")
    assert read(storage, KEY) == b"by identity"
    assert list(storage.list("")) == [KEY]
    storage.delete(KEY)
    assert list(storage.list("")) == []
    assert storage.place == url


def test_identity_signs_links_with_a_key_that_azure_lends(url: str, server: TlsAzurite) -> None:
    storage = opened(url)
    write(storage, KEY, b"signed")
    link = storage.signed_url(KEY, file_name="Größe 1.csv", content_type=CONTENT_TYPE, expires_in=timedelta(seconds=90))
    signed = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
    assert (signed["skoid"], signed["sktid"], signed["sp"]) == (PERSON, TENANT, "r")
    # The key ends with the link, and begins early enough for a clock of Azure's that is behind.
    assert signed["ske"] == signed["se"]
    key_begins = datetime.strptime(signed["skt"], "%Y-%m-%dT%H:%M:%S%z")
    assert datetime.now(UTC) - key_begins > timedelta(minutes=4)
    left = datetime.strptime(signed["se"], "%Y-%m-%dT%H:%M:%S%z") - datetime.now(UTC)
    assert timedelta(seconds=30) < left <= timedelta(seconds=90)
    context = ssl.create_default_context(cafile=str(server.authority))
    with urllib.request.urlopen(link, timeout=30, context=context) as response:
        assert response.read() == b"signed"
        assert response.headers["Content-Type"] == CONTENT_TYPE
        assert response.headers["Content-Disposition"] == 'attachment; filename="Gr__e 1.csv"'
        assert response.headers["Cache-Control"] == "private, no-store"


def test_identity_signs_links_for_a_week(url: str) -> None:
    link = opened(url).signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=timedelta(days=30))
    ends = datetime.strptime(parse_qs(urlsplit(link).query)["ske"][0], "%Y-%m-%dT%H:%M:%S%z")
    assert timedelta(days=6, hours=23) < ends - datetime.now(UTC) <= timedelta(days=7)


def test_connection_string_of_another_account_is_not_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A key of one account must not be tried at another one, such as that of a former storage.
    other = "DefaultEndpointsProtocol=https;AccountName=another;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", other)
    storage = opened(url)
    assert list(storage.list("")) == []
    assert storage.place == url
    assert (
        opened(f"azure://{_CONTAINER}").place == f"azure://{_CONTAINER}?endpoint=https://another.blob.core.windows.net"
    )


def test_process_without_an_identity_is_refused_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    began_at = monotonic()
    with pytest.raises(StorageError, match="the storage refuses access") as caught:
        list(opened(url).list(""))
    assert not isinstance(caught.value, StorageUnavailableError)
    # The patience is a minute.
    assert monotonic() - began_at < 30
