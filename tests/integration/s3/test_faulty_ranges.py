"""Whatever S3 answers to a range: the right bytes, or a storage error that a user may read; never others or fewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import md5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.s3.faults import FAULTS, Disturbance
from tests.integration.s3.scene import claim_safe
from tests.s3_fixtures import Bucket
from tests.s3_server import Fault, S3Request, serve
from ticket_export.errors import ObjectNotFoundError, StorageError

_KEY = "exports/job/1/tickets.csv"
_DATA = b"".join(b"%07d," % number for number in range(100_000))
_START = 300_001
_LENGTH = len(_DATA)
_ENTITY_TAG = f'"{md5(_DATA, usedforsecurity=False).hexdigest()}"'


def read(bucket: Bucket, start: int) -> bytes:
    with bucket.storage(is_patient=False).open_reader(_KEY, start) as stream:
        return stream.read()


def answering(status: str, body: bytes, *headers: tuple[str, str], entity_tag: str = _ENTITY_TAG) -> Fault:
    return lambda request: request.answer(status, body, headers=[("ETag", entity_tag), *headers])


def part(first: int, stop: int, length: object = _LENGTH, entity_tag: str = _ENTITY_TAG) -> Fault:
    content_range = ("Content-Range", f"bytes {first}-{stop - 1}/{length}")
    return answering("206 Partial Content", _DATA[first:stop], content_range, entity_tag=entity_tag)


#: Answers of stores and gateways that do not do what was asked for, each of which the standard lets somebody give.
WRONG_RANGES = {
    "a page of a gateway": answering("200 OK", b"<html>log in first</html>"),
    "whole object": answering("200 OK", _DATA),
    "whole object as a part": part(0, _LENGTH),
    "from the block's beginning": part(262_144, _LENGTH),
    "one byte early": part(_START - 1, _LENGTH),
    "one byte late": part(_START + 1, _LENGTH),
    "one byte short": part(_START, _LENGTH - 1),
    "first block only": part(_START, _START + 65_536),
    "unknown length": part(_START, _LENGTH, "*"),
    "longer than it is": part(_START, _LENGTH, _LENGTH + 1),
    "endless number": part(_START, _LENGTH, "9" * 5000),
    "without a range": answering("206 Partial Content", _DATA[_START:]),
    "another unit": answering("206 Partial Content", _DATA[_START:], ("Content-Range", "rows 1-2/3")),
    "several parts": answering("206 Partial Content", b"--x\r\nContent-Range: bytes 300001-799999/800000\r\n\r\n"),
    "fewer bytes than announced": answering(
        "206 Partial Content", _DATA[_START:-1], ("Content-Range", f"bytes {_START}-{_LENGTH - 1}/{_LENGTH}")
    ),
}
#: Answers that there is no byte from the wanted one on.
NOTHING_MORE = {
    "whole empty object": answering("200 OK", b""),
    "empty object as Ceph sends it": answering("206 Partial Content", b"", ("Content-Range", "bytes */0")),
    "refused range": answering("416 Range Not Satisfiable", b"", ("Content-Range", "bytes */0")),
}


@pytest.fixture
def stored(bucket: Bucket) -> Bucket:
    bucket.put(_KEY, _DATA)
    return bucket


@pytest.mark.parametrize("wrong", WRONG_RANGES.values(), ids=WRONG_RANGES)
def test_range_that_is_not_the_wanted_one_is_an_error(stored: Bucket, wrong: Fault) -> None:
    stored.s3.fault = wrong
    with pytest.raises(StorageError) as caught:
        read(stored, _START)
    claim_safe(str(caught.value))


@pytest.mark.parametrize("start", [1, 1000])
@pytest.mark.parametrize("empty", NOTHING_MORE.values(), ids=NOTHING_MORE)
def test_empty_object_is_empty_from_any_byte_on(stored: Bucket, empty: Fault, start: int) -> None:
    stored.s3.fault = empty
    assert read(stored, start) == b""


@pytest.mark.parametrize("code", ["InvalidRange", "RequestedRangeNotSatisfiable", "416"])
@pytest.mark.parametrize("start", [_LENGTH, _LENGTH + 1])
def test_refused_range_beyond_the_end_is_empty(stored: Bucket, start: int, code: str) -> None:
    stored.s3.fault = lambda request: request.refuse("416 Requested Range Not Satisfiable", code)
    assert read(stored, start) == b""


def test_refused_range_of_a_request_that_has_none_is_an_error(stored: Bucket) -> None:
    stored.s3.fault = NOTHING_MORE["refused range"]
    with pytest.raises(StorageError) as caught:
        read(stored, 0)
    claim_safe(str(caught.value))


@pytest.mark.parametrize("start", [0, 1, _LENGTH])
def test_missing_object_is_not_found_from_any_byte_on(bucket: Bucket, start: int) -> None:
    with pytest.raises(ObjectNotFoundError):
        read(bucket, start)


@pytest.mark.parametrize("lasts", [False, True], ids=["passes", "stays"])
def test_range_gives_the_right_bytes_or_a_safe_error(stored: Bucket, lasts: bool) -> None:
    for fault, befalling in FAULTS.items():
        stored.s3.fault = Disturbance("GetObject", befalling, lasts=lasts)
        try:
            is_right = read(stored, _START) == _DATA[_START:]
        except StorageError as error:
            claim_safe(str(error))
        else:
            assert is_right, fault
            assert not lasts, fault


class Interrupted:
    """Cuts each of the first answers off behind so many bytes of it; `then` meets the others."""

    def __init__(self, lengths: Sequence[int], then: Fault = serve) -> None:
        self.requests = 0
        self._lengths = lengths
        self._then = then

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        self.requests += 1
        if self.requests > len(self._lengths):
            return self._then(request)
        return self._begun(request, self._lengths[self.requests - 1])

    def _begun(self, request: S3Request, length: int) -> Iterable[bytes]:
        whole = b"".join(request.serve())
        yield whole[:length]
        if length < len(whole):
            request.hang_up()


# A bucket serves all examples, which only read.
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(start=st.integers(0, _LENGTH + 2), lengths=st.lists(st.integers(0, _LENGTH), max_size=3))
def test_range_that_is_interrupted_anywhere_is_resumed_there(stored: Bucket, start: int, lengths: list[int]) -> None:
    stored.s3.fault = Interrupted(lengths)
    is_right = read(stored, start) == _DATA[start:]
    assert is_right


@pytest.mark.parametrize("wrong", [*WRONG_RANGES, *NOTHING_MORE])
def test_resumed_range_that_is_not_the_wanted_one_is_an_error(stored: Bucket, wrong: str) -> None:
    stored.s3.fault = interrupted = Interrupted([300_000], {**WRONG_RANGES, **NOTHING_MORE}[wrong])
    with pytest.raises(StorageError) as caught:
        read(stored, 1000)
    claim_safe(str(caught.value))
    assert interrupted.requests > 1


def test_download_that_is_interrupted_at_its_beginning_may_begin_again_without_ranges(stored: Bucket) -> None:
    stored.s3.fault = Interrupted([0], WRONG_RANGES["whole object"])
    is_right = read(stored, 0) == _DATA
    assert is_right


@pytest.mark.parametrize(("entity_tag", "is_read"), [(_ENTITY_TAG, True), ('"another"', False)])
def test_rest_of_another_object_is_not_taken_from_a_store_without_conditions(
    stored: Bucket, entity_tag: str, is_read: bool
) -> None:
    stored.s3.fault = Interrupted([300_000], part(300_000, _LENGTH, entity_tag=entity_tag))
    try:
        is_right = read(stored, 0) == _DATA
    except StorageError:
        is_right = False
    assert is_right == is_read
