"""How objects get to S3: in which requests, with what, and what a writer that gives up leaves."""

from __future__ import annotations

import _thread
import gc
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from errno import ENOMEM
from mmap import mmap
from threading import Event
from time import monotonic

import pytest

from tests.integration.s3.faults import cut_before, never
from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request, serve
from ticket_export.errors import InvalidKeyError, StorageError
from ticket_export.infrastructure.storage.bases import daemon_threads, part_buffer, sending
from ticket_export.infrastructure.storage.s3.storage import PART_BYTES, S3Storage
from ticket_export.testing.storage import write

_KEY = "exports/a/1/tickets.csv"
_TYPE = "text/csv; charset=utf-8"
_PART = b"x" * PART_BYTES


@pytest.mark.parametrize("length", [0, 1, PART_BYTES])
def test_object_of_at_most_a_part_is_one_request(bucket: Bucket, length: int) -> None:
    bucket.s3.fault = requests = never()
    write(bucket.storage(), _KEY, b"x" * length)
    assert requests.seen == ["PutObject"]


@pytest.mark.parametrize("blocks", [[_PART, b"y"], [b"x" * (2 * PART_BYTES)], [b"x" * 100_000] * 60])
def test_larger_object_is_parts_of_the_least_size(bucket: Bucket, blocks: list[bytes]) -> None:
    bucket.s3.fault = requests = never()
    write(bucket.storage(), _KEY, *blocks)
    sent = ["CreateMultipartUpload", "UploadPart 1", "UploadPart 2", "CompleteMultipartUpload"]
    assert sorted(requests.seen) == sorted(sent)
    is_whole = bucket.get(_KEY) == b"".join(blocks)
    assert is_whole


@pytest.mark.parametrize("data", [b"small", _PART + b"large"])
def test_object_has_its_content_type_and_the_encryption_that_is_set(bucket: Bucket, data: bytes) -> None:
    settings = bucket.settings(s3_encryption="aws:kms", s3_kms_key_id="key-of-the-desk")
    write(S3Storage.from_url(bucket.url, settings), _KEY, data)
    found = bucket.client.head_object(Bucket=bucket.name, Key=bucket.prefix + _KEY)
    assert found["ContentType"] == _TYPE
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "key-of-the-desk")


def test_parts_are_uploaded_while_the_block_goes_on(bucket: Bucket) -> None:
    is_uploaded = Event()

    def tell(request: S3Request) -> Iterable[bytes]:
        answer = request.serve()
        if request.name == "UploadPart 1":
            is_uploaded.set()
        return answer

    bucket.s3.fault = tell
    with bucket.storage().open_writer(_KEY, _TYPE) as writer:
        writer.write(_PART + b"y")
        assert is_uploaded.wait(timeout=60)


def test_upload_is_begun_once_while_the_next_part_is_filled_and_its_refusal_is_not_tried_again(bucket: Bucket) -> None:
    is_held, may_go_on = Event(), Event()
    seen: list[str] = []

    def refuse(request: S3Request) -> Iterable[bytes]:
        seen.append(request.name)
        is_held.set()
        assert may_go_on.wait(60)
        return request.refuse("403 Forbidden", "AccessDenied")

    bucket.s3.fault = refuse
    with pytest.raises(StorageError, match="refuses access"), bucket.storage().open_writer(_KEY, _TYPE) as writer:
        writer.write(_PART + b"y")
        assert is_held.wait(60)
        # The second part waits for the upload too.
        writer.write(_PART)
        may_go_on.set()
        writer.write(_PART)
    assert seen == ["CreateMultipartUpload"]


def test_failed_block_drops_what_waits_instead_of_sending_it(bucket: Bucket) -> None:
    is_held, may_go_on = Event(), Event()
    seen: list[str] = []

    def hold(request: S3Request) -> Iterable[bytes]:
        seen.append(request.name)
        if request.name == "UploadPart 1":
            is_held.set()
            assert may_go_on.wait(60)
        return request.serve()

    bucket.s3.fault = hold
    with pytest.raises(ValueError, match="the block's own"), bucket.storage().open_writer(_KEY, _TYPE) as writer:
        writer.write(_PART + b"y")
        assert is_held.wait(60)
        for _ in range(3):
            writer.write(b"x" * 1_000_000)
        may_go_on.set()
        raise ValueError("the block's own")
    # A part may be under way already when the block fails, and no more.
    assert [name for name in seen if name != "UploadPart 2"] == [
        "CreateMultipartUpload",
        "UploadPart 1",
        "AbortMultipartUpload",
    ]
    assert (bucket.names(), bucket.uploads()) == ([], [])


def test_writer_that_could_not_abort_publishes_nothing_when_it_is_collected(bucket: Bucket) -> None:
    storage = bucket.storage(is_patient=False)
    with pytest.raises(KeyboardInterrupt), storage.open_writer(_KEY, _TYPE) as writer:
        writer.write(_PART + b"y")
        deadline = monotonic() + 60
        while not bucket.uploads():
            assert monotonic() < deadline
        bucket.s3.fault = cut_before
        raise KeyboardInterrupt
    bucket.s3.fault = requests = never()
    del writer
    gc.collect()
    assert requests.seen == []
    assert bucket.names() == []


def test_error_of_an_upload_comes_out_of_a_later_write(bucket: Bucket) -> None:
    bucket.s3.fault = cut_before
    with (
        pytest.raises(StorageError, match=r"^the file could not be written: the storage cannot be reached$"),
        bucket.storage(is_patient=False).open_writer(_KEY, _TYPE) as writer,
    ):
        for _ in range(1_000):
            writer.write(b"x" * 1_000_000)
        pytest.fail("a gigabyte was taken by nobody")


def test_key_that_is_too_long_below_the_prefix_is_refused(bucket: Bucket) -> None:
    key = "/".join(["x" * 200] * 5)
    with pytest.raises(InvalidKeyError):
        write(bucket.storage(), f"{key}/{'y' * 19}", b"")
    write(bucket.storage(), f"{key}/{'y' * 6}", b"")


def test_names_that_are_no_keys_are_not_listed(bucket: Bucket) -> None:
    for name in ("exports/.hidden", "exports/a b", "exports//b", "exports/folder/", "exports/ok"):
        bucket.put(name, b"")
    assert list(bucket.storage().list("exports/")) == ["exports/ok"]


def test_more_objects_than_a_page_holds_are_listed_in_order(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    keys = [f"exports/{number}" for number in range(10)]
    bucket.s3.fault = requests = never()
    for key in keys:
        bucket.put(key, b"")
    assert list(bucket.storage().list("exports/")) == keys
    assert requests.seen.count("ListObjectsV2") == 4


# Interrupted while it holds its own lock, the measurement of coverage would wait for it for ever.
@pytest.mark.no_cover
def test_interruption_while_it_is_published_leaves_nothing_readable(bucket: Bucket) -> None:
    def interrupt(request: S3Request) -> Iterable[bytes]:
        if request.name == "PutObject":
            _thread.interrupt_main()
        return request.serve()

    bucket.s3.fault = interrupt
    with pytest.raises(KeyboardInterrupt), bucket.storage().open_writer(_KEY, _TYPE) as writer:
        writer.write(b"small")
    bucket.s3.fault = serve
    assert bucket.names() == []


def test_upload_for_which_there_is_no_thread_fails_and_leaves_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Callable[[], None]] = []

    def call_in_daemon(call: Callable[[], None]) -> None:
        begun.append(call)
        if len(begun) > 2:
            raise RuntimeError("can't start new thread")
        daemon_threads.call_in_daemon(call)

    monkeypatch.setattr(sending, "call_in_daemon", call_in_daemon)
    with pytest.raises(RuntimeError, match="can't start"):
        write(bucket.storage(), _KEY, *[_PART] * 4)
    assert len(begun) > 2
    assert (bucket.uploads(), bucket.get(_KEY)) == ([], None)


def test_memory_that_is_not_to_be_had_fails_the_upload_and_leaves_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def scarce(descriptor: int, size: int) -> mmap:
        given.append(size)
        if len(given) == 2:
            raise OSError(ENOMEM, "Cannot allocate memory")
        return mmap(descriptor, size)

    monkeypatch.setattr(part_buffer, "mmap", scarce)
    with pytest.raises(StorageError, match="could not be written"):
        write(bucket.storage(), _KEY, *[_PART] * 3)
    gc.collect()
    assert (bucket.uploads(), bucket.get(_KEY)) == ([], None)


def test_uploads_of_other_programs_in_the_bucket_are_not_stale(bucket: Bucket) -> None:
    client, name = bucket.client, f"{bucket.prefix}backups/db.dump"
    upload = client.create_multipart_upload(Bucket=bucket.name, Key=name)["UploadId"]
    assert bucket.storage().discard_stale(datetime.now(UTC) + timedelta(days=1)) == 0
    client.abort_multipart_upload(Bucket=bucket.name, Key=name, UploadId=upload)


@pytest.mark.parametrize("data", [b"small", _PART + b"large"])
def test_answer_of_somebody_else_is_no_success(bucket: Bucket, data: bytes) -> None:
    def welcome(request: S3Request) -> Iterable[bytes]:
        if request.name in {"PutObject", "CreateMultipartUpload"}:
            return request.answer("200 OK", b"")
        return request.serve()

    bucket.s3.fault = welcome
    with pytest.raises(StorageError, match="sent an invalid response"):
        write(bucket.storage(is_patient=False), _KEY, data)
    assert bucket.get(_KEY) is None
