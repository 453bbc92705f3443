"""moto's S3 that a test can stop and start again: its objects are in this process, and outlast its connections."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import pytest

from tests.s3_fixtures import ENVIRONMENT
from tests.stores.served_store import PATIENCE, free_port
from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.settings import Settings
from ticket_export.storage import ExportStorage

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from werkzeug.serving import BaseWSGIServer

_PREFIX = "desk/of-ours"


class MotoServer:
    """See `StoreServer`. It needs no folder."""

    def __init__(self, folder: Path | None = None, port: int | None = None) -> None:
        from tests.s3_server import FaultyS3

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.port = free_port() if port is None else port
        self._s3 = FaultyS3()
        self._server: BaseWSGIServer | None = None
        self._connections = set[socket.socket]()
        self._changing = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """See `StoreServer.start`. It answers at once."""
        from werkzeug.serving import make_server

        from tests.s3_server import Handler

        connections, changing = self._connections, self._changing

        class Tracked(Handler):
            def setup(self) -> None:
                super().setup()
                with changing:
                    connections.add(self.connection)

            def finish(self) -> None:
                with changing:
                    connections.discard(self.connection)
                with suppress(OSError):
                    super().finish()

        assert self._server is None
        self._server = make_server("127.0.0.1", self.port, self._s3, threaded=True, request_handler=Tracked)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """See `StoreServer.stop`."""
        self.kill()

    def kill(self) -> None:
        """See `StoreServer.kill`. A request that has arrived may still take effect, and nobody gets its answer."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            with self._changing:
                for each in self._connections:
                    with suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)

    def new_place(self) -> MotoPlace:
        """See `StoreServer.new_place`."""
        from tests.s3_back_door import back_door

        name = f"bucket-{uuid4()}"
        client = back_door(self.url)
        client.create_bucket(Bucket=name)
        return MotoPlace(name, client, self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class MotoPlace:
    """See `Place`: a bucket; other objects may lie beside its prefix. `client` reaches it without the library."""

    def __init__(self, bucket: str, client: S3Client, server: MotoServer) -> None:
        self.bucket = bucket
        self.client = client
        self.url = f"s3://{bucket}/{_PREFIX}"
        self._server = server

    def environment(self, port: int | None = None) -> dict[str, str]:
        """See `Place.environment`."""
        endpoint = f"http://127.0.0.1:{port or self._server.port}"
        return {
            **ENVIRONMENT,
            "TICKET_EXPORT_STORAGE_URL": self.url,
            "TICKET_EXPORT_S3_ENDPOINT_URL": endpoint,
        }

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> ExportStorage:
        """See `Place.storage`."""
        with pytest.MonkeyPatch.context() as patch:
            set_variables(patch, variables := self.environment(port))
            settings = Settings(
                _env_file=None,
                storage_url=self.url,
                s3_endpoint_url=variables["TICKET_EXPORT_S3_ENDPOINT_URL"],
                storage_patience_seconds=patience.total_seconds(),
            )
            return open_storage(settings)

    def put(self, key: str, data: bytes) -> None:
        """See `Place.put`."""
        self.client.put_object(Bucket=self.bucket, Key=f"{_PREFIX}/{key}", Body=data)

    def get(self, key: str) -> bytes | None:
        """See `Place.get`."""
        if key not in self.names():
            return None
        return self.client.get_object(Bucket=self.bucket, Key=f"{_PREFIX}/{key}")["Body"].read()

    def names(self) -> list[str]:
        """See `Place.names`."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{_PREFIX}/")
        return [found["Key"].removeprefix(f"{_PREFIX}/") for page in pages for found in page.get("Contents", [])]


def set_variables(patch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    """Set them, and remove those that would lead boto3 elsewhere."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        patch.delenv(name, raising=False)
    for name, value in variables.items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


@pytest.fixture
def moto_place(moto_server: MotoServer) -> MotoPlace:
    """An empty bucket that a test can cut off and that other processes can reach."""
    return moto_server.new_place()
