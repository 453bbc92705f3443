"""What is sent for a file, and what the audit log then says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk
from tests.unit.application.use_cases.watched_adapters import LinkingStorage
from ticket_export import Actor
from ticket_export.application.file.download import Download
from ticket_export.entrypoints.web.file_answers import FileAnswers, PartOfFile
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse
from ticket_export.entrypoints.web.openapi import openapi_document
from ticket_export.entrypoints.web.problems import Refusal
from ticket_export.errors import ExportExpiredError, ObjectNotFoundError, StorageError


@attrs.define
class Scene:
    """A completed export of an in-memory help desk, and an administrator who downloads it."""

    desk: HelpDesk
    admin: Actor
    job_id: UUID

    def answer(self, method: str = "GET", **headers: str) -> WebResponse | Refusal:
        request = WebRequest(
            method=method,
            path=f"/{self.job_id}/file",
            headers={name.replace("_", "-"): text for name, text in headers.items()},
        )
        answers = FileAnswers(open_download=self.desk.open_download)
        return answers.answer(request, self.admin, self.job_id)

    def sent(self, method: str = "GET", **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        """The status, the body and the headers of an answer that is no refusal."""
        answer = self.answer(method, **headers)
        assert isinstance(answer, WebResponse)
        body = b"".join(answer.blocks)
        answer.close()
        return answer.status, body, answer.headers

    def refused(self, **headers: str) -> Refusal:
        answer = self.answer(**headers)
        assert isinstance(answer, Refusal)
        return answer

    @property
    def data(self) -> bytes:
        return self.desk.file(self.job_id)

    @property
    def tag(self) -> str:
        return f'"{sha256(self.desk.media_item(self.job_id).object_key.encode()).hexdigest()[:32]}"'

    @property
    def details(self) -> list[str | None]:
        """What the audit log says of each download."""
        assert {entry.action for entry in self.desk.audit_log.entries} <= {"downloaded"}
        return [entry.detail for entry in self.desk.audit_log.entries]


def completed(desk: HelpDesk) -> Scene:
    desk.fill(20)
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.run_export(job_id)
    desk.audit_log.entries.clear()
    return Scene(desk, desk.user(admin=True), job_id)


@pytest.fixture
def scene() -> Scene:
    return completed(HelpDesk())


@pytest.fixture
def linked() -> Scene:
    desk = HelpDesk()
    desk.storage = LinkingStorage(desk)
    desk.url_lifetime = timedelta(minutes=5)
    return completed(desk)


def test_whole_file_is_sent_and_recorded(scene: Scene) -> None:
    status, body, headers = scene.sent()
    assert (status, body) == (200, scene.data)
    assert headers["ETag"] == scene.tag
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Length"] == str(len(scene.data))
    assert headers["Cache-Control"] == "private, no-store, no-transform"
    assert headers["Content-Encoding"] == "identity"
    assert "Content-Range" not in headers
    assert scene.details == [None]


def test_part_has_the_digest_of_the_whole_file_and_is_recorded_as_a_part(scene: Scene) -> None:
    length = len(scene.data)
    status, body, headers = scene.sent(range="bytes=5-9", if_range=scene.tag)
    assert (status, body) == (206, scene.data[5:10])
    assert headers["Content-Range"] == f"bytes 5-9/{length}"
    assert headers["Content-Length"] == "5"
    assert headers["ETag"] == scene.tag
    # RFC 9530, 3.1: of the representation, whatever part of it is sent.
    assert headers["Repr-Digest"] == f"sha-256=:{b64encode(sha256(scene.data).digest()).decode()}:"
    assert scene.details == [f"bytes 5-9/{length}"]


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=5-9", "if_range": '"another"'},
        {"range": "bytes=5-9", "if_range": "Sun, 29 Nov 2026 12:00:00 GMT"},
        {"range": "bytes=1000000-", "if_range": '"another"'},
        {"range": "bytes=0-1,5-9"},
        {"range": "rows=5-9"},
        {"if_match": "*"},
        {"if_none_match": '"another"'},
        # Without a date of the file, RFC 9110 has these ignored.
        {"if_modified_since": "Sun, 29 Nov 9999 12:00:00 GMT"},
        {"if_unmodified_since": "Sun, 29 Nov 1999 12:00:00 GMT"},
    ],
)
def test_whole_file_is_the_answer_to_what_asks_for_no_part(scene: Scene, headers: dict[str, str]) -> None:
    status, body, _ = scene.sent(**headers)
    assert (status, body) == (200, scene.data)


def test_range_beyond_the_file_says_how_long_it_is_and_is_no_download(scene: Scene) -> None:
    refusal = scene.refused(range=f"bytes={len(scene.data)}-")
    assert refusal.problem.status == 416
    assert refusal.headers["Content-Range"] == f"bytes */{len(scene.data)}"
    assert scene.details == []


def test_conditions_are_evaluated_in_the_order_of_the_standard(scene: Scene) -> None:
    beyond = f"bytes={len(scene.data)}-"
    # RFC 9110, 13.2.2: If-Match, If-None-Match, then the range.
    refused = scene.refused(if_match='"another"', if_none_match=scene.tag, range=beyond)
    assert refused.problem.status == 412
    status, body, headers = scene.sent(if_match=scene.tag, if_none_match=scene.tag, range=beyond)
    assert (status, body, headers["ETag"]) == (304, b"", scene.tag)
    assert scene.refused(if_match=scene.tag, if_none_match='"another"', range=beyond).problem.status == 416
    assert scene.details == []


@pytest.mark.parametrize("condition", ["*", "the tag", 'W/"x", the tag', "W/the tag"])
def test_unchanged_file_is_not_sent(scene: Scene, condition: str) -> None:
    for method in ("GET", "HEAD"):
        status, body, headers = scene.sent(method, if_none_match=condition.replace("the tag", scene.tag))
        assert (status, body) == (304, b"")
        assert not any(name.startswith("Content-") for name in headers)
        # RFC 9110, 15.4.5: as the answer with the file has it.
        assert headers["Cache-Control"] == scene.sent("HEAD")[2]["Cache-Control"]
    assert scene.details == []


@pytest.mark.parametrize("condition", ["W/the tag", '"another"', ""])
def test_if_match_wants_the_strong_tag(scene: Scene, condition: str) -> None:
    for method in ("GET", "HEAD"):
        answer = scene.answer(method, if_match=condition.replace("the tag", scene.tag))
        assert isinstance(answer, Refusal)
        assert answer.problem.status == 412
    assert scene.details == []


def test_head_has_the_headers_of_the_whole_file_and_is_no_download(scene: Scene) -> None:
    status, body, headers = scene.sent("HEAD", range="bytes=5-9")
    assert (status, body) == (200, b"")
    assert scene.details == []
    assert headers == scene.sent()[2]


def test_empty_file_is_sent_whole(scene: Scene) -> None:
    item = scene.desk.media_item(scene.job_id)
    scene.desk.database.committed.media_items[item.id] = attrs.evolve(item, length=0)
    scene.desk.storage.objects[item.object_key] = b""
    for headers in ({}, {"range": "bytes=-5"}):
        status, body, sent = scene.sent(**headers)
        assert (status, body, sent["Content-Length"]) == (200, b"", "0")
    assert scene.refused(range="bytes=0-").headers["Content-Range"] == "bytes */0"


def test_expired_export_has_no_answer_to_any_condition(scene: Scene) -> None:
    tag = scene.tag
    scene.desk.clock.set(NOW + timedelta(hours=72))
    for headers in ({}, {"if_none_match": tag}, {"if_match": '"another"'}, {"range": "bytes=1000000-"}):
        with pytest.raises(ExportExpiredError):
            scene.answer(**headers)
    assert scene.details == []


def test_file_that_vanished_is_noticed_before_the_answer_begins(scene: Scene) -> None:
    scene.desk.storage.objects.clear()
    for headers in ({}, {"range": "bytes=5-9"}):
        with pytest.raises(ObjectNotFoundError):
            scene.answer(**headers)


@pytest.mark.parametrize("wrong", ["shorter", "longer"])
def test_small_file_of_another_length_is_noticed_before_the_answer_begins(scene: Scene, wrong: str) -> None:
    item = scene.desk.media_item(scene.job_id)
    data = scene.desk.storage.objects[item.object_key]
    scene.desk.storage.objects[item.object_key] = data[:-1] if wrong == "shorter" else data + b"x"
    for headers in ({}, {"range": "bytes=5-"}):
        with pytest.raises(StorageError, match="length"):
            scene.answer(**headers)


def test_link_is_sent_whatever_the_conditions_and_recorded(linked: Scene) -> None:
    everything: list[dict[str, str]] = [
        {},
        {"if_none_match": "*"},
        # Of the storage, as a browser that resumes the download sends it.
        {"if_match": '"the tag of the storage"', "range": "bytes=5-"},
        {"if_range": '"the tag of the storage"', "range": "bytes=1000000-"},
    ]
    for headers in everything:
        status, body, sent = linked.sent(**headers)
        assert (status, body, sent["Content-Length"]) == (303, b"", "0")
        assert sent["Location"].startswith("https://files.example.test/")
        assert "ETag" not in sent
    assert linked.details == ["link for 300 s"] * len(everything)


def test_head_makes_no_link_and_has_no_tag_that_the_storage_would_not_know(linked: Scene) -> None:
    status, body, headers = linked.sent("HEAD", if_none_match="*")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(linked.data)))
    assert not {"Location", "ETag", "Accept-Ranges"} & set(headers)
    assert linked.details == []


@pytest.mark.parametrize("sender", ["scene", "linked"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("given", [{}, {"range": "bytes=0-0"}, {"if_none_match": "*"}])
def test_answer_has_the_headers_that_the_document_promises(
    request: pytest.FixtureRequest, sender: str, method: str, given: dict[str, str]
) -> None:
    scene: Scene = request.getfixturevalue(sender)
    status, _, headers = scene.sent(method, **given)
    operation = openapi_document("/exports")["paths"]["/{exportId}/file"][method.lower()]
    promised = operation["responses"][str(status)]["headers"]
    assert {name for name, each in promised.items() if each["required"]} <= set(headers)


def test_expired_export_has_no_link(linked: Scene) -> None:
    linked.desk.clock.set(NOW + timedelta(hours=72))
    for method in ("GET", "HEAD"):
        with pytest.raises(ExportExpiredError):
            linked.answer(method)
    assert linked.details == []


class Recorded(BytesIO):
    """A file that knows how much was read at once."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.sizes: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        self.sizes.append(size)
        return super().read(size)


def test_blocks_are_no_longer_than_a_quarter_of_a_mebibyte() -> None:
    file = Recorded(bytes(1_000_000))
    part = PartOfFile(file, 600_000)
    assert file.sizes == [262_144]
    assert [len(block) for block in part] == [262_144, 262_144, 75_712]
    assert sum(file.sizes) == 600_000


def test_file_whose_beginning_cannot_be_read_is_closed() -> None:
    file = BytesIO()
    with pytest.raises(StorageError, match="shorter"):
        PartOfFile(file, 4)
    assert file.closed


def test_part_that_the_file_does_not_have_is_an_error_and_not_a_shorter_part() -> None:
    part = PartOfFile(BytesIO(b"abc"), 4)
    blocks = iter(part)
    assert next(blocks) == b"abc"
    with pytest.raises(StorageError, match="shorter"):
        next(blocks)


def test_closing_a_part_closes_the_file() -> None:
    file = BytesIO(b"abc")
    part = PartOfFile(file, 3)
    part.close()
    part.close()
    assert file.closed


def test_download_of_nothing_reads_nothing() -> None:
    with Download(file_name="a", content_type="b", length=0, reader=lambda _: BytesIO()).open() as file:
        assert list(PartOfFile(file, 0)) == []
