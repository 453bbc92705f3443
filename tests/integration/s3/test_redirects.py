"""A store that redirects to another region or endpoint: one sentence, after at most one question for the region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import pytest

from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.s3.storage import PART_BYTES, S3Storage
from ticket_export.testing.storage import write

_KEY = "exports/a/1/tickets.csv"


def read(storage: S3Storage) -> None:
    with storage.open_reader(_KEY) as reader:
        reader.read()


_CALLS: Mapping[str, Callable[[S3Storage], object]] = {
    "a small file": lambda storage: write(storage, _KEY, b"small"),
    "a large file": lambda storage: write(storage, _KEY, b"x" * PART_BYTES + b"large"),
    "a download": read,
    "a deletion": lambda storage: storage.delete(_KEY),
    "a list": lambda storage: list(storage.list("exports/")),
    "unfinished uploads": lambda storage: storage.discard_stale(datetime.now(UTC)),
}


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize(
    ("status", "code", "headers"),
    [
        ("301 Moved Permanently", "PermanentRedirect", []),
        ("301 Moved Permanently", "PermanentRedirect", [("x-amz-bucket-region", "eu-central-1")]),
        ("307 Temporary Redirect", "TemporaryRedirect", [("Location", "http://127.0.0.1:1/")]),
        ("302 Found", "", [("Location", "http://127.0.0.1:1/login")]),
        ("400 Bad Request", "AuthorizationHeaderMalformed", []),
    ],
    ids=["301", "301 with the region", "307", "302 of a gateway", "400"],
)
def test_redirect_is_a_refusal_with_its_own_sentence(
    bucket: Bucket, status: str, code: str, headers: list[tuple[str, str]], call: str
) -> None:
    seen: list[str] = []

    def redirect(request: S3Request) -> Iterable[bytes]:
        seen.append(request.name)
        error = f"<Error><Code>{code}</Code><Region>eu-central-1</Region></Error>" if code else "<html>"
        return request.answer(status, error.encode(), headers=headers)

    bucket.s3.fault = redirect
    with pytest.raises(StorageError, match="the storage's bucket is in another region, or at another endpoint") as got:
        _CALLS[call](bucket.storage(is_patient=False))
    assert not isinstance(got.value, StorageUnavailableError)
    assert len(seen) <= 4
