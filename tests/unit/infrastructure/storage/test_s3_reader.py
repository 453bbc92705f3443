"""Whatever a store answers to a range, and wherever it breaks off: the right bytes, or `StorageError`."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import attrs
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from hypothesis import example, given, settings
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.s3.reader import S3RawReader

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_DATA = bytes(range(200))
#: What replaces it.
_OTHER = _DATA[::-1]


@attrs.frozen
class Answer:
    """What a store, or a proxy before it, does with one request. It tells no lie about the body that it sends."""

    #: The bytes of the body, from before or behind the wanted one to before or at the end.
    shift: int = 0
    cut: int = 0
    is_partial: bool = True
    length: str = str(len(_DATA))
    has_range: bool = True
    has_content_length: bool = True
    entity_tag: str | None = "a"
    #: After so many bytes of the body the connection ends.
    breaks_at: int | None = None


_answers = st.builds(
    Answer,
    shift=st.sampled_from([0, 0, 0, -1, 1, -200]),
    cut=st.sampled_from([0, 0, 0, 1, 50]),
    is_partial=st.sampled_from([True, True, True, False]),
    length=st.sampled_from([str(len(_DATA))] * 3 + ["*", "0", "201", "9" * 30]),
    has_range=st.sampled_from([True, True, True, False]),
    has_content_length=st.booleans(),
    entity_tag=st.sampled_from(["a", "a", "a", "b", None]),
    breaks_at=st.none() | st.integers(0, 200),
)


class Breaking(BytesIO):
    """Ends with an error after so many bytes."""

    def __init__(self, data: bytes, breaks_at: int | None) -> None:
        super().__init__(data if breaks_at is None else data[:breaks_at])
        self._is_whole = breaks_at is None or breaks_at >= len(data)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and size and not self._is_whole:
            raise ProtocolError("Connection broken")
        return data


class Store:
    """Gives the answers one after the other, then right ones."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = iter(answers)
        self.bodies: list[BytesIO] = []

    def get_object(self, *, Bucket: str, Key: str, Range: str = "bytes=0-", IfMatch: str = "a") -> dict[str, Any]:  # noqa: N803
        answer = next(self._answers, Answer())
        position = int(Range.removeprefix("bytes=").removesuffix("-"))
        if position >= len(_DATA):
            metadata = {"HTTPStatusCode": 416}
            raise ClientError({"Error": {"Code": "InvalidRange"}, "ResponseMetadata": metadata}, "GetObject")  # type: ignore[typeddict-item]
        is_partial = answer.is_partial and Range != "bytes=0-"
        first = min(max(position + answer.shift, 0), len(_DATA) - 1) if is_partial else 0
        # A replacement matters only between two requests.
        entity_tag = "a" if answer.entity_tag == "b" and not self.bodies else answer.entity_tag
        whole = _OTHER if entity_tag == "b" else _DATA
        data = whole[first : max(len(_DATA) - answer.cut, first + 1)] if is_partial else whole
        raw = Breaking(data, answer.breaks_at)
        self.bodies.append(raw)
        headers = {"content-length": str(len(data))} if answer.has_content_length else {}
        found: dict[str, Any] = {
            "ResponseMetadata": {"HTTPStatusCode": 206 if is_partial else 200, "HTTPHeaders": headers},
            "Body": StreamingBody(raw, len(data) if answer.has_content_length else None),  # type: ignore[arg-type]
        }
        if entity_tag is not None:
            found["ETag"] = entity_tag
        if is_partial and answer.has_range:
            found["ContentRange"] = f"bytes {first}-{first + len(data) - 1}/{answer.length}"
        return found


@settings(max_examples=300)
@given(answers=st.lists(_answers, max_size=5), start=st.integers(0, 210), size=st.integers(1, 80))
@example(answers=[Answer(breaks_at=50), Answer(is_partial=False)], start=100, size=10)
@example(answers=[Answer(shift=-1)], start=100, size=10)
@example(answers=[Answer(cut=50)], start=100, size=10)
@example(answers=[Answer(breaks_at=50), Answer(entity_tag="b")], start=100, size=10)
def test_any_answers_give_the_right_bytes_or_a_storage_error(answers: list[Answer], start: int, size: int) -> None:
    store = Store(answers)
    reader = None
    read = b""
    try:
        reader = S3RawReader(cast("S3Client", store), "bucket", "name", start)
        while block := reader.read(size):
            read += block
    except StorageError:
        assert _DATA[start:].startswith(read)
    else:
        assert read == _DATA[start:]
    finally:
        if reader is not None:
            reader.close()
    assert all(body.closed for body in store.bodies)
