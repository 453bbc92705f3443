"""The audit log has every answer that has bytes or a link, and no other; links lead to the storage, which resumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.s3_fixtures import Bucket
from tests.web.cut_client import Answer, Hanging, ask
from tests.web.download_scene import ADMIN, DownloadScene, StoredFile, download_scene
from tests.web.hosts.desk import HEADER
from tests.web.servers import FRAMEWORKS

TICKETS = 400


@pytest.fixture(scope="module", params=FRAMEWORKS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DownloadScene]:
    folder = tmp_path_factory.mktemp("desk")
    with download_scene(str(request.param), folder, None, tickets=TICKETS) as scene:
        yield scene


@pytest.fixture(params=FRAMEWORKS)
def linked(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket) -> Iterator[DownloadScene]:
    with download_scene(str(request.param), tmp_path, bucket, tickets=TICKETS, download="signed-url") as scene:
        yield scene


def answered(
    scene: DownloadScene,
    file: StoredFile,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    hanging: Hanging | None = None,
) -> Answer:
    return ask(scene.file_url(file.job_id), {HEADER: ADMIN, **headers}, method=method, hanging=hanging)


def test_answers_with_bytes_are_recorded_with_their_part(scene: DownloadScene) -> None:
    file = scene.complete(TICKETS, is_packed=False)
    length, beyond = len(file.data), {"Range": f"bytes={len(file.data)}-"}
    expected: list[tuple[str, Mapping[str, str], int, str | None]] = [
        ("GET", {}, 200, None),
        ("HEAD", {}, 200, "nothing"),
        ("GET", {"Range": "bytes=5-"}, 206, f"bytes 5-{length - 1}/{length}"),
        ("HEAD", {"Range": "bytes=5-"}, 200, "nothing"),
        ("GET", {"If-None-Match": file.tag}, 304, "nothing"),
        ("HEAD", {"If-None-Match": "*"}, 304, "nothing"),
        ("GET", {"If-Match": '"another"'}, 412, "nothing"),
        ("GET", beyond, 416, "nothing"),
        ("GET", {"Range": "bytes=-7", "If-Range": file.tag}, 206, f"bytes {length - 7}-{length - 1}/{length}"),
        ("GET", {"Range": "bytes=0-0,5-9"}, 200, None),
        ("GET", {**beyond, "If-Range": f"W/{file.tag}"}, 200, None),
        ("POST", {"Content-Length": "0"}, 405, "nothing"),
    ]
    for method, headers, status, _ in expected:
        assert answered(scene, file, headers, method=method).status == status, (method, headers)
    answered(scene, file, {"Range": "bytes=1-"}, hanging=Hanging(after=0, with_reset=True))
    cut = f"bytes 1-{length - 1}/{length}"
    assert scene.downloads(file.job_id) == [*[detail for *_, detail in expected if detail != "nothing"], cut]


def test_lists_over_several_lines_are_one_list(scene: DownloadScene) -> None:
    file = scene.complete(1, is_packed=False)
    # RFC 9110, 5.3.
    answer = answered(scene, file, {"If-None-Match": f'"another"\r\nIf-None-Match: {file.tag}'})
    assert answer.status == 304
    answer = answered(scene, file, {"Range": "bytes=0-1\r\nRange: bytes=5-9"})
    assert (answer.status, answer.body) == (200, file.data)


def test_link_leads_to_the_storage_which_resumes_until_the_export_expires(linked: DownloadScene) -> None:
    file = linked.complete(TICKETS, is_packed=True)
    head = answered(linked, file, {}, method="HEAD")
    assert (head.status, head.announced, head.digest) == (200, len(file.data), file.digest)
    assert "location" not in head.headers
    answer = answered(linked, file, {})
    link = answer.headers["location"]
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (303, b"", "no-store")
    begun = ask(link, {}, hanging=Hanging(after=1000, with_reset=True))
    assert (begun.status, begun.headers["cache-control"]) == (200, "private, no-store")
    assert "attachment" in begun.headers["content-disposition"]
    # As a browser resumes: it asks the library again, with the tag of the storage.
    resumed = {"Range": "bytes=1000-", "If-Match": begun.headers["etag"], "If-Range": begun.headers["etag"]}
    again = answered(linked, file, resumed)
    assert again.status == 303
    rest = ask(again.headers["location"], resumed)
    assert (rest.status, rest.start) == (206, 1000)
    assert sha256(begun.body + rest.body).digest() == head.digest
    assert linked.downloads(file.job_id) == ["link for 300 s"] * 2
    linked.expire(file)
    for method in ("GET", "HEAD"):
        expired = answered(linked, file, {}, method=method)
        assert (expired.status, "location" in expired.headers) == (410, False)
    assert len(linked.downloads(file.job_id)) == 2
