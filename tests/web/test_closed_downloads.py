"""Downloads on real servers: the file is closed however the sending ends, and nothing blocks an event loop."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.request import urlopen

import attrs
import psutil
import pytest

from tests.web.clients import ADMIN_WITH, HttpClient
from tests.web.conftest import Desk, make_desk
from tests.web.hosts.desk import HEADER
from tests.web.hosts.watched_storage import BREAK, HOLD, StorageWatch
from tests.web.servers import running

SERVERS = ("fastapi", "flask", "django", "django-asgi")
TICKETS = 3_000
# Bytes of a body without an end; far more than the library reads.
SENT = 1 << 26


@attrs.frozen
class Exported:
    """A desk with one export of a megabyte."""

    desk: Desk
    path: str
    length: int


@attrs.frozen
class Site:
    client: HttpClient
    process: subprocess.Popen[bytes]
    watch: StorageWatch
    exported: Exported

    @property
    def file(self) -> str:
        return f"{self.exported.path}/file"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.client.address.partition(":")
        return host, int(port)

    @property
    def request(self) -> bytes:
        head = f"GET /exports{self.file} HTTP/1.1\r\nHost: {self.client.address}\r\n{HEADER}: {ADMIN_WITH}\r\n\r\n"
        return head.encode()

    def begun(self) -> tuple[socket.socket, HTTPResponse]:
        """A download whose headers have come; the server holds the rest."""
        raw = socket.create_connection(self.address, timeout=60)
        raw.sendall(self.request)
        response = HTTPResponse(raw, method="GET")
        response.begin()
        assert response.status == 200
        return raw, response


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder: Path = tmp_path_factory.mktemp("desk")
    desk = make_desk(folder, TICKETS)
    admin = desk.container.user_directory().find_by_email(ADMIN_WITH)
    assert admin is not None
    columns = [each.name for each in desk.container.get_choices()(admin).columns]
    job_id = desk.container.request_export()(admin, {"columns": columns}).id
    desk.container.worker().drain()
    length = desk.container.get_export()(admin, job_id).length
    assert length is not None
    assert length > 1_000_000
    return Exported(desk, f"/{job_id}", length)


@pytest.fixture(scope="module", params=SERVERS)
def site(
    request: pytest.FixtureRequest, exported: Exported, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    watch = StorageWatch(tmp_path_factory.mktemp("watch"))
    environment = {**exported.desk.environment, "DESK_WATCH": os.fspath(watch.folder), "DESK_GZIP": "1"}
    with running(request.param, environment) as (url, process):
        yield Site(HttpClient(url), process, watch, exported)


def until(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_whole_download_closes_its_file(site: Site) -> None:
    before = site.watch.count("opened")
    answer = site.client.get(site.file)
    assert len(answer.body) == site.exported.length
    assert site.watch.count("opened") > before
    assert until(lambda: site.watch.open_files == 0)


def test_part_head_and_unchanged_close_their_files(site: Site) -> None:
    tag = site.client.ask("HEAD", site.file)["etag"]
    assert site.client.get(site.file, Range="bytes=5-600000").status == 206
    assert site.client.get(site.file, If_None_Match=tag).status == 304
    assert site.client.get(site.file, Range="bytes=99999999-").status == 416
    assert until(lambda: site.watch.open_files == 0)


def test_client_that_goes_away_closes_the_file(site: Site) -> None:
    held = site.watch.count("held")
    with site.watch.doing(HOLD):
        raw, response = site.begun()
        assert response.read(1_000)
        assert until(lambda: site.watch.count("held") > held)
        assert site.watch.open_files == 1
        response.close()
        raw.close()
    assert until(lambda: site.watch.open_files == 0)


def test_storage_that_fails_in_the_middle_ends_the_connection(site: Site) -> None:
    with site.watch.doing(BREAK):
        raw, response = site.begun()
        with closing(raw), closing(response), pytest.raises((IncompleteRead, ConnectionError)):
            response.read()
    assert until(lambda: site.watch.open_files == 0)


def test_waiting_for_a_storage_delays_no_other_request(site: Site) -> None:
    held = site.watch.count("held")
    with site.watch.doing(HOLD):
        downloads = [site.begun() for _ in range(3)]
        assert until(lambda: site.watch.count("held") == held + 3)
        for path in ("/", site.exported.path, "/columns", "/static/ticket-export.css"):
            assert site.client.get(path).status == 200
    for raw, response in downloads:
        with closing(raw), closing(response):
            assert len(response.read()) == site.exported.length
    assert until(lambda: site.watch.open_files == 0)


@pytest.mark.parametrize("site", ["fastapi"], indirect=True)
def test_hanging_storage_leaves_threads_to_the_routes_of_the_host(site: Site) -> None:
    held = site.watch.count("held")
    with ExitStack() as downloads, site.watch.doing(HOLD):
        for _ in range(45):
            raw = downloads.enter_context(socket.create_connection(site.address, timeout=60))
            raw.sendall(site.request)
        assert until(lambda: site.watch.count("held") == held + 40)
        with urlopen(f"{site.client.url}/tickets", timeout=20) as answer:
            assert answer.status == 200
    assert until(lambda: site.watch.open_files == 0)


def test_compressing_middleware_leaves_downloads_alone(site: Site) -> None:
    plain = site.client.get(site.file)
    for headers in ({}, {"Range": "bytes=0-9999"}):
        answer = site.client.get(site.file, Accept_Encoding="gzip, deflate, br, zstd", **headers)
        assert answer["content-length"] == str(len(answer.body))
        assert plain.body.startswith(answer.body)
        assert answer["etag"] == plain["etag"]
        assert answer["content-encoding"] == "identity"
        assert "no-transform" in answer["cache-control"]
    digest = sha256(plain.body).digest()
    assert plain["repr-digest"] == f"sha-256=:{b64encode(digest).decode()}:"


def test_compressed_status_page_is_still_sent_once(site: Site) -> None:
    for accept in ("text/html", "application/json"):
        answer = site.client.get(site.exported.path, accept=accept, Accept_Encoding="gzip")
        again = site.client.get(site.exported.path, accept=accept, Accept_Encoding="gzip", If_None_Match=answer["etag"])
        assert again.status == 304


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_endless_body_fills_no_memory(site: Site, media_type: str) -> None:
    # By ASGI, Django writes a whole body into a file before the library is asked.
    before = memory(site)
    with socket.create_connection(site.address, timeout=5) as raw:
        raw.sendall(
            f"POST /exports/ HTTP/1.1\r\nHost: {site.client.address}\r\n{HEADER}: {ADMIN_WITH}\r\n"
            f"Content-Type: {media_type}; boundary=x\r\nSec-Fetch-Site: same-origin\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        block = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
        try:
            for _ in range(SENT // len(block)):
                raw.sendall(block)
        except OSError:
            # The server has closed the connection, or reads no more.
            pass
    assert memory(site) - before < SENT // 2
    assert site.client.get("/").status == 200


def memory(site: Site) -> int:
    """Bytes that the processes of the server have in memory."""
    first = psutil.Process(site.process.pid)
    return sum(each.memory_info().rss for each in [first, *first.children(recursive=True)])


@pytest.mark.parametrize("server", SERVERS)
def test_server_that_is_told_to_stop_sends_the_download_it_has_begun(
    exported: Exported, tmp_path: Path, server: str
) -> None:
    watch = StorageWatch(tmp_path)
    with running(server, {**exported.desk.environment, "DESK_WATCH": os.fspath(tmp_path)}) as (url, process):
        site = Site(HttpClient(url), process, watch, exported)
        with watch.doing(HOLD):
            raw, response = site.begun()
            assert until(lambda: watch.count("held") == 1)
            process.terminate()
        with closing(raw), closing(response):
            assert len(response.read()) == exported.length
        assert until(lambda: watch.open_files == 0)
        process.wait(timeout=60)
