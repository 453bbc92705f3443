"""Whatever befalls a download: the right bytes, or a storage error that a user may read; never fewer bytes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.integration.s3.faults import FAULTS, Disturbance
from tests.integration.s3.scene import RIGHT_BYTES, S3Scene, claim_safe
from tests.s3_server import S3Request
from ticket_export.errors import ObjectNotFoundError, StorageError

# Of the manifest, and of the file.
_REQUESTS = range(2)


def broken_off(request: S3Request) -> Iterable[bytes]:
    """The answer begins well, and ends early."""
    whole = b"".join(request.serve())
    yield whole[: len(whole) // 2]
    request.hang_up()


@pytest.fixture
def completed(scene: S3Scene) -> S3Scene:
    assert scene.run() == "completed"
    return scene


@pytest.mark.parametrize("lasts", [False, True], ids=["passes", "stays"])
@pytest.mark.parametrize("number", _REQUESTS, ids=["manifest", "file"])
def test_download_gives_the_right_bytes_or_a_safe_error(completed: S3Scene, number: int, lasts: bool) -> None:
    for fault, befalling in FAULTS.items():
        disturbance = completed.disturb(Disturbance("GetObject", befalling, lasts=lasts, skipped=number))
        try:
            is_right = completed.download() == RIGHT_BYTES
        except StorageError as error:
            claim_safe(str(error))
            assert number == 1 or lasts, f"{fault}: the manifest keeps somebody from the file"
        else:
            assert is_right, fault
            assert not lasts, fault
        assert disturbance.has_happened, fault
    completed.calm()
    is_right = completed.download() == RIGHT_BYTES
    assert is_right


def test_download_that_breaks_off_is_taken_up_where_it_was(completed: S3Scene) -> None:
    disturbance = completed.disturb(Disturbance("GetObject", broken_off, skipped=1))
    is_right = completed.download() == RIGHT_BYTES
    assert is_right
    assert disturbance.seen.count("GetObject") == 3


def test_download_that_breaks_off_again_and_again_without_getting_on_fails(completed: S3Scene) -> None:
    def nothing(request: S3Request) -> Iterable[bytes]:
        return request.answer("200 OK", b"", content_length=1000, headers=[("ETag", '"0"')])

    completed.disturb(Disturbance("GetObject", nothing, lasts=True, skipped=1))
    with pytest.raises(StorageError) as caught:
        completed.download()
    claim_safe(str(caught.value))


def test_download_of_an_object_that_was_replaced_meanwhile_fails(completed: S3Scene) -> None:
    item = completed.job.media_item
    assert item is not None
    with completed.desk.storage.open_reader(item.object_key) as stream:
        assert stream.read(100_000) == RIGHT_BYTES[:100_000]
        completed.bucket.put(item.object_key, b"y" * len(RIGHT_BYTES))
        completed.disturb(Disturbance("GetObject", FAULTS["cut before"]))
        stream.raw._body.close()  # type: ignore[attr-defined]
        with pytest.raises(StorageError):
            stream.read()


def test_object_that_is_gone_is_not_found(completed: S3Scene) -> None:
    item = completed.job.media_item
    assert item is not None
    completed.desk.storage.delete(item.object_key)
    with pytest.raises(ObjectNotFoundError):
        completed.download()


def test_page_of_a_gateway_is_not_taken_for_the_file(completed: S3Scene) -> None:
    completed.bucket.s3.fault = lambda request: request.answer("200 OK", b"<html>Please log in")
    item = completed.job.media_item
    assert item is not None
    with (
        pytest.raises(StorageError, match="the storage sent an invalid response"),
        completed.desk.storage.open_reader(item.object_key),
    ):
        pytest.fail("the page was taken for the file")
