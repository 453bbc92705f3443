"""S3 keeps the contract of a storage: on moto's server over HTTP, and on Ceph's gateway."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.ceph_gateway import CephGateway
from tests.integration.s3.faults import cut_before
from tests.s3_fixtures import Bucket
from tests.s3_server import serve
from ticket_export.infrastructure.storage.s3.storage import S3Storage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, StorageContract, write


class S3StorageContract(StorageContract[S3Storage]):
    bucket: Bucket

    def storage_of(self, bucket: Bucket) -> Iterator[S3Storage]:
        self.bucket = bucket
        self.begun: list[tuple[str, str]] = []
        bucket.client.put_object(Bucket=bucket.name, Key="desk/of-others/exports/a", Body=b"not ours")
        bucket.client.put_object(Bucket=bucket.name, Key="desk/of-ours", Body=b"not ours")
        # Not a patient one, since tests wait for it while the store is away.
        yield bucket.storage(is_patient=False)
        # Whatever a test did: nothing beside the prefix, and no upload left.
        beside = [name for name in bucket.names() if not name.startswith(bucket.prefix)]
        assert beside == ["desk/of-others/exports/a", "desk/of-ours"]
        for name, upload_id in self.begun:
            with suppress(bucket.client.exceptions.NoSuchUpload):
                bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=name, UploadId=upload_id)
        assert bucket.uploads() == []

    def put_behind(self, storage: S3Storage, key: str, data: bytes) -> None:
        self.bucket.put(key, data)

    def get_behind(self, storage: S3Storage, key: str) -> bytes | None:
        return self.bucket.get(key)

    def begin_behind(self, storage: S3Storage, key: str) -> None:
        # Not the adapter's own writer, whose thread has begun nothing yet.
        client, bucket, name = self.bucket.client, self.bucket.name, f"{self.bucket.prefix}{key}"
        upload_id = client.create_multipart_upload(Bucket=bucket, Key=name)["UploadId"]
        client.upload_part(Bucket=bucket, Key=name, UploadId=upload_id, PartNumber=1, Body=b"half")
        self.begun.append((name, upload_id))

    def test_signed_url_says_type_and_safe_name_and_how_long_it_lives(self, storage: S3Storage) -> None:
        write(storage, KEY, b"signed")
        url = storage.signed_url(
            KEY, file_name="Größe 1.csv", content_type=CONTENT_TYPE, expires_in=timedelta(seconds=90, milliseconds=900)
        )
        with urllib.request.urlopen(url, timeout=30) as response:
            headers = response.headers
            assert (response.status, headers["Content-Type"], response.read()) == (200, CONTENT_TYPE, b"signed")
            assert headers["Content-Disposition"] == 'attachment; filename="Gr__e 1.csv"'
        # moto refuses no link, however old; S3 and Ceph go by this.
        signed = parse_qs(urlsplit(url).query)
        assert (signed["X-Amz-Expires"], signed["X-Amz-Algorithm"]) == (["90"], ["AWS4-HMAC-SHA256"])
        assert "test-secret" not in url

    @pytest.mark.parametrize(
        ("expires_in", "seconds"),
        [(timedelta(milliseconds=1), "1"), (timedelta(seconds=-5), "1"), (timedelta(days=30), "604800")],
    )
    def test_signed_url_lives_as_long_as_s3_allows(
        self, storage: S3Storage, expires_in: timedelta, seconds: str
    ) -> None:
        url = storage.signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=expires_in)
        assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == [seconds]


@pytest.mark.once_flaky
class TestS3Storage(S3StorageContract):
    checks_links = False  # moto refuses no link

    @contextmanager
    def away_behind(self, storage: S3Storage) -> Iterator[None]:
        self.bucket.s3.fault = cut_before
        try:
            yield
        finally:
            self.bucket.s3.fault = serve

    @pytest.fixture
    def storage(self, bucket: Bucket) -> Iterator[S3Storage]:
        yield from self.storage_of(bucket)


@pytest.mark.stores
class TestS3StorageOnCeph(S3StorageContract):
    @pytest.fixture
    def storage(self, ceph_bucket: Bucket, ceph_gateway: CephGateway) -> Iterator[S3Storage]:
        self.gateway = ceph_gateway
        yield from self.storage_of(ceph_bucket)

    @contextmanager
    def away_behind(self, storage: S3Storage) -> Iterator[None]:
        self.gateway.stop()
        try:
            yield
        finally:
            self.gateway.start()

    @pytest.mark.parametrize("change", ["expires", "key"])
    def test_signed_url_that_was_changed_is_refused(self, storage: S3Storage, change: str) -> None:
        write(storage, KEY, b"signed")
        write(storage, f"{KEY}.other", b"signed too")
        url = storage.signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=timedelta(seconds=90))
        changed = (
            url.replace("X-Amz-Expires=90", "X-Amz-Expires=9000")
            if change == "expires"
            else url.replace(KEY, f"{KEY}.other")
        )
        assert changed != url
        assert status_of(changed) == HTTPStatus.FORBIDDEN

    def test_signed_url_is_refused_when_its_time_is_over(self, storage: S3Storage) -> None:
        write(storage, KEY, b"signed")
        url = storage.signed_url(KEY, file_name="a.csv", content_type=CONTENT_TYPE, expires_in=timedelta(seconds=1))
        deadline = monotonic() + 60
        while (status := status_of(url)) == HTTPStatus.OK:
            assert monotonic() < deadline
            sleep(0.1)
        assert status == HTTPStatus.FORBIDDEN


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return int(response.status)
    except HTTPError as refused:
        with refused:
            return refused.code
