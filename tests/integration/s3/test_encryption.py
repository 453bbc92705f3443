"""Encryption that S3 is asked for and does not confirm: the export fails, and nothing is readable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs
import pytest

from tests.integration.s3.scene import REQUESTS, S3Scene
from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request, serve
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.storage import PART_BYTES, S3Storage
from ticket_export.testing.storage import write

_KEY = "exports/a/1/tickets.csv"
_SMALL, _LARGE = b"small", b"x" * PART_BYTES + b"large"
_NAMES = {"ServerSideEncryption": "x-amz-server-side-encryption"}
_NAMES["SSEKMSKeyId"] = f"{_NAMES['ServerSideEncryption']}-aws-kms-key-id"
_AES = {"ServerSideEncryption": "AES256"}
_KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-of-the-desk"}
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "AES256": {"s3_encryption": "AES256"},
    "aws:kms": {"s3_encryption": "aws:kms", "s3_kms_key_id": "key-of-the-desk"},
}
_OTHER_ANSWERS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "AES256": {"nothing": {}, "another algorithm": _KMS},
    "aws:kms": {
        "nothing": {},
        "another algorithm": _AES,
        "no key": {"ServerSideEncryption": "aws:kms"},
        "another key": {**_KMS, "SSEKMSKeyId": "key-of-others"},
    },
}

Answers = Callable[[str], Mapping[str, str] | None]


@attrs.frozen
class Encryption:
    """What the store says of it: for each request, other headers than the server's, or None for those of the server."""

    answers: Answers

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        told = self.answers(request.name)
        if told is None:
            return request.serve()
        start = request.start_response

        def respond(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[..., object]:
            kept = [(name, value) for name, value in headers if name.lower() not in _NAMES.values()]
            return start(status, [*kept, *((_NAMES[name], value) for name, value in told.items())])

        return request.serve_to(respond)


def encrypted(bucket: Bucket, encryption: str) -> S3Storage:
    settings = bucket.settings(**_SETTINGS[encryption], storage_patience_seconds="0.1")
    return S3Storage.from_url(bucket.url, settings)


@pytest.mark.parametrize("data", [_SMALL, _LARGE], ids=["one request", "parts"])
@pytest.mark.parametrize(
    ("encryption", "told"), [(encryption, told) for encryption, others in _OTHER_ANSWERS.items() for told in others]
)
def test_file_whose_encryption_is_not_confirmed_is_an_error_and_not_readable(
    bucket: Bucket, encryption: str, told: str, data: bytes
) -> None:
    storage = encrypted(bucket, encryption)
    bucket.s3.fault = Encryption(lambda request: _OTHER_ANSWERS[encryption][told])
    with pytest.raises(StorageError, match=r"^the file could not be written: the storage did not confirm that it encr"):
        write(storage, _KEY, data)
    assert (bucket.names(), bucket.uploads()) == ([], [])


@pytest.mark.parametrize("encryption", _SETTINGS)
@pytest.mark.parametrize(
    "silent",
    [
        {"UploadPart 1", "UploadPart 2", "CompleteMultipartUpload"},
        {"UploadPart 1", "UploadPart 2"},
        {"CreateMultipartUpload", "CompleteMultipartUpload"},
    ],
    ids=["Ceph", "only the ends", "MinIO"],
)
def test_parts_are_confirmed_with_their_beginning_or_each_by_itself(
    bucket: Bucket, encryption: str, silent: set[str]
) -> None:
    asked = _AES if encryption == "AES256" else _KMS
    bucket.s3.fault = Encryption(lambda request: {} if request in silent else asked)
    write(encrypted(bucket, encryption), _KEY, _LARGE)
    assert bucket.get(_KEY) == _LARGE


@pytest.mark.parametrize("other", [{}, _KMS], ids=["nothing", "another algorithm"])
@pytest.mark.parametrize("part", ["UploadPart 1", "UploadPart 2"])
def test_one_part_that_is_not_confirmed_fails_the_file(bucket: Bucket, part: str, other: Mapping[str, str]) -> None:
    def answers(request: str) -> Mapping[str, str]:
        if request == part:
            return other
        return {} if request == "CreateMultipartUpload" else _AES

    bucket.s3.fault = Encryption(answers)
    with pytest.raises(StorageError, match="did not confirm"):
        write(encrypted(bucket, "AES256"), _KEY, _LARGE)
    assert (bucket.names(), bucket.uploads()) == ([], [])


def test_completion_that_names_another_encryption_removes_the_file(bucket: Bucket) -> None:
    bucket.s3.fault = Encryption(lambda request: _KMS if request == "CompleteMultipartUpload" else _AES)
    with pytest.raises(StorageError, match="did not confirm"):
        write(encrypted(bucket, "AES256"), _KEY, _LARGE)
    assert (bucket.names(), bucket.uploads()) == ([], [])


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_file_whose_response_is_lost_is_kept_only_if_it_is_found_encrypted(bucket: Bucket, is_encrypted: bool) -> None:
    says = Encryption(lambda request: _AES if is_encrypted else {})

    def lose(request: S3Request) -> Iterable[bytes]:
        if request.name == "PutObject":
            request.serve_silently()
            return request.hang_up()
        return says(request)

    bucket.s3.fault = lose
    storage = encrypted(bucket, "AES256")
    if is_encrypted:
        write(storage, _KEY, _SMALL)
    else:
        with pytest.raises(StorageError, match="did not confirm"):
            write(storage, _KEY, _SMALL)
    bucket.s3.fault = serve
    assert bucket.get(_KEY) == (_SMALL if is_encrypted else None)


@pytest.mark.parametrize("step", [step for step in REQUESTS if not step.startswith("Complete")])
def test_export_whose_encryption_is_not_confirmed_fails_and_leaves_nothing(scene: S3Scene, step: str) -> None:
    storage = encrypted(scene.bucket, "AES256")
    scene.desk.storage = storage  # type: ignore[assignment]
    scene.desk.ownership.require(storage)
    # A store of Ceph's kind confirms nothing; the manifest is the last request.
    scene.bucket.s3.fault = Encryption(lambda request: {} if request == step or "Upload" in step else None)
    assert scene.run() == "failed"
    assert scene.job.error_message is not None
    assert "did not confirm that it encrypts the file" in scene.job.error_message
    scene.claim_nothing_else_readable()
    assert scene.bucket.uploads() == []


def test_file_that_cannot_be_removed_is_left_to_the_sweep_and_the_log_says_so(
    bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    silent = Encryption(lambda request: {})

    def keep(request: S3Request) -> Iterable[bytes]:
        return request.refuse("403 Forbidden", "AccessDenied") if request.name == "DeleteObject" else silent(request)

    bucket.s3.fault = keep
    with pytest.raises(StorageError, match="did not confirm"):
        write(encrypted(bucket, "AES256"), _KEY, _SMALL)
    assert "an object that must not be readable was left to the sweep" in caplog.text
