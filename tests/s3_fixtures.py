"""An S3 for each process of the tests, moto's and Ceph's, and a bucket of it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ticket_export import Settings

if TYPE_CHECKING:
    # Every run of pytest imports this file, and most tests do without boto3 and moto, which take a second to import.
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from mypy_boto3_s3.client import S3Client

    from tests.ceph_gateway import CephGateway
    from tests.s3_server import FaultyS3, S3Server
    from ticket_export.infrastructure.storage.s3.storage import S3Storage


class Clients:
    """What all tests share, since making a client takes its time."""

    def __init__(self, server: S3Server | CephGateway) -> None:
        from ticket_export.infrastructure.storage.s3.client import S3Patience, connect

        # A busy machine takes its time; `S3Request.answer_too_late` ends a call at once.
        seconds = {"connect_seconds": 60, "read_seconds": 60}
        self.back_door = server.client()
        self.patient = connect(endpoint_url=server.url, region=None, patience=S3Patience())
        self.trying_twice = connect(endpoint_url=server.url, region=None, patience=S3Patience(**seconds, attempts=2))
        _let_answers_be_late(self.trying_twice)

    def close(self) -> None:
        for client in (self.back_door, self.patient, self.trying_twice):
            client.close()


def _let_answers_be_late(client: S3Client) -> None:
    """Let botocore raise, for an answer with the header `TOO_LATE`, what it raises when its patience is over."""
    from botocore.exceptions import ReadTimeoutError

    from tests.s3_server import TOO_LATE

    session = client._endpoint.http_session  # type: ignore[attr-defined]
    send = session.send

    def send_and_look(request: AWSPreparedRequest) -> AWSResponse:
        answer: AWSResponse = send(request)
        if TOO_LATE in answer.headers:
            answer.raw.close()
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    session.send = send_and_look


class Bucket:
    """An empty bucket; `client` reaches it without the library."""

    def __init__(self, name: str, clients: Clients, server: S3Server | CephGateway) -> None:
        self.name = name
        self.client = clients.back_door
        self.endpoint_url = server.url
        self._server = server
        self._clients = clients

    @property
    def s3(self) -> FaultyS3:
        """What lets the requests fail; only moto's server has it."""
        from tests.s3_server import S3Server

        assert isinstance(self._server, S3Server)
        return self._server.s3

    @property
    def url(self) -> str:
        """The storage URL; other objects of the bucket lie beside its prefix."""
        return f"s3://{self.name}/desk/of-ours"

    @property
    def prefix(self) -> str:
        return "desk/of-ours/"

    def settings(self, **others: str) -> Settings:
        return Settings.model_validate({"storage_url": self.url, "s3_endpoint_url": self.endpoint_url, **others})

    def storage(self, *, is_patient: bool = True) -> S3Storage:
        """The library's; one that is not patient tries twice, and its answers may come too late."""
        from ticket_export.infrastructure.storage.bases.location import StoreLocation
        from ticket_export.infrastructure.storage.s3.storage import S3Storage

        client = self._clients.patient if is_patient else self._clients.trying_twice
        patience = timedelta(minutes=1) if is_patient else timedelta(0)
        location = StoreLocation("s3", self.name, self.prefix)
        return S3Storage(location, lambda: client, patience=patience)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=self.prefix + key, Body=data)

    def get(self, key: str) -> bytes | None:
        from botocore.exceptions import ClientError

        try:
            return self.client.get_object(Bucket=self.name, Key=self.prefix + key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def names(self) -> list[str]:
        """What is in the whole bucket, but for owner objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return [key for key in keys if not key.endswith("/owner.json")]

    def uploads(self) -> list[str]:
        """The names of what was begun and neither completed nor aborted."""
        return [each["Key"] for each in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    from tests.s3_server import S3Server

    with S3Server() as server:
        yield server


@pytest.fixture
def s3_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials, and nobody to ask for others."""
    _set(monkeypatch)


@pytest.fixture(scope="session")
def s3_clients(s3_server: S3Server) -> Iterator[Clients]:
    yield from _clients_of(s3_server)


@pytest.fixture
def bucket(s3_server: S3Server, s3_clients: Clients, s3_environment: None) -> Iterator[Bucket]:
    with s3_server.bucket(s3_clients.back_door) as name:
        yield Bucket(name, s3_clients, s3_server)


@pytest.fixture(scope="session")
def ceph_gateway() -> Iterator[CephGateway]:
    from tests.ceph_gateway import ceph_gateway

    with ceph_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="session")
def ceph_clients(ceph_gateway: CephGateway) -> Iterator[Clients]:
    yield from _clients_of(ceph_gateway)


@pytest.fixture
def ceph_bucket(ceph_gateway: CephGateway, ceph_clients: Clients, s3_environment: None) -> Bucket:
    """One that goes with the whole cluster."""
    name = f"bucket-{uuid4()}"
    ceph_clients.back_door.create_bucket(Bucket=name)
    return Bucket(name, ceph_clients, ceph_gateway)


def _clients_of(server: S3Server | CephGateway) -> Iterator[Clients]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        _set(monkeypatch)
        clients = Clients(server)
    yield clients
    clients.close()


def _set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


#: What boto3 finds: nobody's credentials, and nobody to ask for others.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test-key-id",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
