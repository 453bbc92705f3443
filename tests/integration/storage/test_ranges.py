"""From 1,000 random bytes on, each storage returns the right bytes, and reads nothing of what is before them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.s3_fixtures import Bucket
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.storage.local.storage import LocalStorage

if TYPE_CHECKING:
    from ticket_export.infrastructure.storage.s3.storage import S3Storage

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


@pytest.mark.parametrize(
    "store", ["bucket", pytest.param("ceph_bucket", marks=pytest.mark.stores)], ids=["moto", "ceph"]
)
def test_s3_object_is_read_from_random_offsets_without_what_is_before(
    store: str, request: pytest.FixtureRequest
) -> None:
    bucket: Bucket = request.getfixturevalue(store)
    bucket.put(KEY, DATA)
    storage = bucket.storage()
    starts: list[int] = []
    with ranges_sent_to(storage) as sent:
        claim_right_bytes_from_random_offsets(storage, starts.append)
    # One answer each, which has the bytes from the offset on.
    assert sent == [f"bytes {start}-{len(DATA) - 1}/{len(DATA)}" for start in starts]


@contextmanager
def ranges_sent_to(storage: S3Storage) -> Iterator[list[str]]:
    """What the server says of each answer that it sends."""
    sent: list[str] = []

    def remember(parsed: dict[str, str], **_others: object) -> None:
        sent.append(parsed.get("ContentRange", "the whole object"))

    events = storage.client.meta.events
    events.register("after-call.s3.GetObject", remember)
    try:
        yield sent
    finally:
        events.unregister("after-call.s3.GetObject", remember)
