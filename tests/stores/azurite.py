"""Microsoft's emulator of Azure's blob storage, and an empty container of it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import uuid4

import pytest

from tests.programs import require_program
from tests.stores.served_store import PATIENCE, ServerProcess
from ticket_export.settings import Settings

if TYPE_CHECKING:
    # Every run of pytest imports this file, and most tests do without the driver, which takes long to import.
    from azure.storage.blob import ContainerClient

    from ticket_export.infrastructure.storage.azure import AzureStorage

_PREFIX: Final = "desk/of-ours"
ACCOUNT: Final = "devstoreaccount1"
#: Not a secret: "Use the Azurite emulator" of Microsoft's documentation has it.
ACCOUNT_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
#: What azure-storage-blob and azure-identity read.
VARIABLES: Final = (
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TOKEN_CREDENTIALS",
    "IDENTITY_ENDPOINT",
)


class AzuriteServer(ServerProcess):
    """See `StoreServer`. It listens when it is ready."""

    program: ClassVar[str] = "azurite-blob"

    def command(self) -> list[str]:
        """See `ServerProcess.command`."""
        return [
            require_program(self.program),
            *("--location", str(self.folder), "--blobHost", "127.0.0.1", "--blobPort", str(self.port)),
            *("--silent", "--disableTelemetry", "--skipApiVersionCheck"),
        ]

    def new_place(self) -> AzurePlace:
        """See `StoreServer.new_place`."""
        from azure.storage.blob import ContainerClient

        container = ContainerClient.from_connection_string(connection_string(self.port), f"container-{uuid4()}")
        container.create_container()
        return AzurePlace(container, self)


class AzurePlace:
    """See `Place`: a container; other blobs may lie beside its prefix. `client` reaches it without the library."""

    def __init__(self, client: ContainerClient, server: AzuriteServer) -> None:
        self.client = client
        self.url = f"azure://{client.container_name}/{_PREFIX}"
        self.port = server.port

    def environment(self, port: int | None = None) -> dict[str, str]:
        """See `Place.environment`."""
        return {
            "TICKET_EXPORT_STORAGE_URL": self.url,
            "AZURE_STORAGE_CONNECTION_STRING": connection_string(port or self.port),
        }

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> AzureStorage:
        """See `Place.storage`."""
        from ticket_export.infrastructure.storage.azure import AzureStorage

        with pytest.MonkeyPatch.context() as patch:
            for name in VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in self.environment(port).items():
                patch.setenv(name, value)
            settings = Settings(_env_file=None, storage_patience_seconds=patience.total_seconds())
            return AzureStorage.from_url(self.url, settings)

    def put(self, key: str, data: bytes) -> None:
        """See `Place.put`."""
        self.client.upload_blob(f"{_PREFIX}/{key}", data, overwrite=True)

    def get(self, key: str) -> bytes | None:
        """See `Place.get`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return self.client.download_blob(f"{_PREFIX}/{key}").readall()
        except ResourceNotFoundError:
            return None

    def names(self) -> list[str]:
        """See `Place.names`. Blobs that were begun, and have no content yet, are in it too."""
        found = self.client.list_blobs(f"{_PREFIX}/", include=["uncommittedblobs"])
        return [each.name.removeprefix(f"{_PREFIX}/") for each in found]


def connection_string(port: int) -> str:
    """Return the value of ``AZURE_STORAGE_CONNECTION_STRING`` for the emulator at a port."""
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};BlobEndpoint={endpoint};"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteServer]:
    with AzuriteServer(tmp_path_factory.mktemp("azurite") / "data") as server:
        yield server


@pytest.fixture
def azure_place(azurite: AzuriteServer) -> AzurePlace:
    """An empty container."""
    return azurite.new_place()
