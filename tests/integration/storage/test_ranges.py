"""From 1,000 random bytes on, each storage returns the right bytes, and reads nothing of what is before them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.storage.local.storage import LocalStorage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

KEY = "exports/job/1/tickets.csv"
#: More than one part of S3, and no two places with the same bytes.
DATA = b"".join(b"%08d," % number for number in range(600_000))
_OFFSETS = 1_000
_READ = 40


def claim_right_bytes_from_random_offsets(storage: ExportStorage, seen: Callable[[int], object]) -> None:
    """Read from random offsets of `DATA`, an object of the storage; call `seen` with each of them."""
    random = Random(20260301)
    for _ in range(_OFFSETS):
        start = random.randrange(len(DATA))
        with storage.open_reader(KEY, start) as stream:
            assert stream.read(_READ) == DATA[start : start + _READ]
        seen(start)


def test_object_in_memory_is_read_from_random_offsets() -> None:
    storage = InMemoryStorage()
    storage.objects[KEY] = DATA
    claim_right_bytes_from_random_offsets(storage, lambda start: None)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which counts the bytes that a thread reads")
def test_local_file_is_read_from_random_offsets_without_what_is_before(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (tmp_path / KEY).parent.mkdir(parents=True)
    (tmp_path / KEY).write_bytes(DATA)
    before = _bytes_read()
    claim_right_bytes_from_random_offsets(storage, lambda start: None)
    # Buffers, behind the offset.
    assert _bytes_read() - before < _OFFSETS * 32 * 1024


def _bytes_read() -> int:
    first, *_ = Path("/proc/thread-self/io").read_text().split("\n")
    return int(first.removeprefix("rchar: "))


class Ranges:
    """Serves, and remembers the first byte of each answer."""

    def __init__(self) -> None:
        self.first: list[int] = []

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        return request.serve_to(self._remembering(request.start_response))

    def _remembering(self, start_response: StartResponse) -> StartResponse:
        def respond(
            status: str, headers: list[tuple[str, str]], exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            found = {name.lower(): value for name, value in headers}.get("content-range", "bytes 0-")
            self.first.append(int(found.removeprefix("bytes ").partition("-")[0]))
            return start_response(status, headers)

        return respond


def test_s3_object_is_read_from_random_offsets_without_what_is_before(bucket: Bucket) -> None:
    bucket.put(KEY, DATA)
    bucket.s3.fault = ranges = Ranges()
    starts: list[int] = []
    claim_right_bytes_from_random_offsets(bucket.storage(), starts.append)
    # One request each, and its answer begins at the offset.
    assert ranges.first == starts
