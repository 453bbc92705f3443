"""A small HTTP server with the routes and the pages that ticket-export.js uses."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import Event, Lock, Thread
from typing import Final
from urllib.parse import parse_qs, urlsplit

import attrs

from tests.web.browser.fake_pages import (
    LABELS,
    ROOT,
    STYLES,
    FakeExport,
    new_page,
    problem_page,
    status_page,
    ticket_list,
)

SCRIPT: Final = (
    resources.files("ticket_export") / "entrypoints" / "web" / "pages" / "static" / "ticket-export.js"
).read_bytes()
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types ticket-export"
)
FILE: Final = b"Number,Title\r\n1,A ticket\r\n"
_HTML: Final = "text/html; charset=utf-8"


@attrs.frozen
class SentForm:
    """A form that the browser sent."""

    path: str
    fields: dict[str, list[str]]
    accept: str


@attrs.define
class FakeDesk:
    """The state behind the server; a test changes it and looks at it."""

    url: str = ""
    view: str = '{"columns": ["id", "title"]}'
    exports: list[FakeExport] = attrs.field(factory=list)
    forms: list[SentForm] = attrs.field(factory=list)
    #: When a status page was asked for, by the clock of `time.monotonic`.
    polls: list[float] = attrs.field(factory=list)
    not_modified: int = 0
    downloads: int = 0
    #: The response to each poll or form, by its path's end, instead of the usual one.
    refusals: dict[str, tuple[int, str]] = attrs.field(factory=dict)
    #: While it is set, connections are cut before the response.
    is_down: Event = attrs.field(factory=Event)
    #: The response to a form waits until it is set.
    may_answer: Event = attrs.field(factory=Event)
    new_exports_begin_as: str = "running"
    #: Why no export can be cancelled, if none can.
    keeps_exports: str = ""
    #: What a proxy answers instead of each status page.
    gateway: str = ""
    has_zone: bool = False
    #: Where the file really is, if there is a signed link.
    signed_link: str = ""
    file_status: int = 200
    lock: Lock = attrs.field(factory=Lock)

    def create(self, state: str = "running", percent: int = 0) -> FakeExport:
        with self.lock:
            self.exports.append(FakeExport(len(self.exports) + 1, state, percent))
            return self.exports[-1]


@contextmanager
def running_desk() -> Iterator[FakeDesk]:
    """Serve a fake desk on a free port of 127.0.0.1."""
    desk = FakeDesk()
    desk.may_answer.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"desk": desk}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    desk.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield desk
    finally:
        desk.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join(60)


class _Handler(BaseHTTPRequestHandler):
    desk: FakeDesk
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        desk = self.desk
        match path.removeprefix(ROOT).strip("/").split("/"):
            case ["static", "ticket-export.js"]:
                self._answer(200, SCRIPT, "text/javascript")
            case ["static", "ticket-export.css"]:
                self._answer(200, STYLES, "text/css")
            case ["tickets"]:
                self._answer(200, ticket_list(desk.view))
            case ["signed"]:
                self._file()
            case _ if desk.is_down.is_set():
                self.close_connection = True
            case [""]:
                self._answer(200, problem_page("My exports"))
            case ["new"]:
                self._answer(200, new_page("{}", list(LABELS), list(LABELS), has_zone=desk.has_zone))
            case [number, "file"] if number.isdigit():
                self._file()
            case [number, *action] if number.isdigit():
                export = desk.exports[int(number) - 1]
                self._redirect(export.url) if action else self._status(export)
            case _:
                self._answer(404, problem_page("No such page"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        desk = self.desk
        if desk.is_down.is_set():
            self.close_connection = True
            return
        fields = parse_qs(body, keep_blank_values=True)
        desk.forms.append(SentForm(self.path, fields, self.headers["Accept"]))
        assert desk.may_answer.wait(60)
        step = self.path.removeprefix(ROOT).strip("/").rpartition("/")[2] or "request"
        if step in desk.refusals:
            self._answer(desk.refusals[step][0], problem_page(desk.refusals[step][1]))
        elif step == "new":
            self._answer(200, new_page(fields["view"][0], list(LABELS), list(LABELS), has_zone=desk.has_zone))
        elif step == "cancel":
            export = desk.exports[int(self.path.split("/")[2]) - 1]
            if desk.keeps_exports:
                self._answer(409, status_page(export, desk.keeps_exports))
                return
            export.state = "cancelled"
            self._redirect(export.url)
        elif step == "retry":
            self._redirect(desk.create().url)
        elif "columns" not in fields:
            self._answer(422, new_page(fields["view"][0], fields["order"], [], "Choose a column."))
        else:
            self._redirect(desk.create(desk.new_exports_begin_as).url)

    def _status(self, export: FakeExport) -> None:
        desk = self.desk
        desk.polls.append(time.monotonic())
        if desk.gateway:
            self._answer(502, desk.gateway)
            return
        if "status" in desk.refusals:
            self._answer(desk.refusals["status"][0], problem_page(desk.refusals["status"][1]))
            return
        page = status_page(export)
        etag = f'"{hashlib.sha256(page.encode()).hexdigest()}"'
        headers = {"ETag": etag, **({"Retry-After": export.retry_after} if export.retry_after else {})}
        if self.headers["If-None-Match"] == etag:
            desk.not_modified += 1
            self._answer(304, b"", headers=headers)
        else:
            self._answer(200, page, headers=headers)

    def _file(self) -> None:
        desk = self.desk
        if desk.signed_link and self.path != "/signed":
            self._redirect(desk.signed_link)
            return
        desk.downloads += 1
        if desk.file_status != 200:
            self._answer(desk.file_status, problem_page("The file is gone"))
        else:
            self._answer(200, FILE, "text/csv", {"Content-Disposition": 'attachment; filename="tickets.csv"'})

    def _redirect(self, where: str) -> None:
        self._answer(303, b"", headers={"Location": where})

    def _answer(self, status: int, body: str | bytes, kind: str = _HTML, headers: dict[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Content-Security-Policy": CSP,
            "Cache-Control": "no-store",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(data)
