"""Clients of the hosts: over HTTP, and in this process by WSGI and ASGI. None of them follows a redirect."""

from __future__ import annotations

import asyncio
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import closing
from http.client import HTTPConnection
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlencode, urlsplit
from wsgiref.validate import validator

import attrs

from tests.web.hosts.desk import HEADER

#: The users of the sample data, by their row of the design's table of rights.
ADMIN_WITH: Final = "admin@example.test"
ADMIN_WITHOUT: Final = "auditor@example.test"
STAFF_WITH: Final = "staff@example.test"
STAFF_WITHOUT: Final = "viewer@example.test"

HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"


@attrs.frozen
class Answer:
    """A response. The names of its headers are in lower case; of a repeated one, the values are joined."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __getitem__(self, name: str) -> str:
        return self.headers[name]


class Client(ABC):
    """Sends requests of a user, whom the hosts know by a header."""

    user: str | None = ADMIN_WITH
    root: str = "/exports"

    def get(self, path: str = "/", *, accept: str | None = None, **headers: str) -> Answer:
        return self.ask("GET", path, accept=accept, headers=headers)

    def post(self, path: str = "/", view: object = None, *, accept: str | None = None, **headers: str) -> Answer:
        """Send a view as JSON; without one, an empty body without a type."""
        body = b"" if view is None else json.dumps(view).encode()
        typed = {} if view is None else {"Content-Type": "application/json"}
        return self.ask("POST", path, accept=accept, headers=typed | headers, body=body)

    def submit(self, path: str = "/", fields: object = (), **headers: str) -> Answer:
        """Send a form as a browser does from a page of the same site."""
        sent = {"Content-Type": FORM, "Accept": HTML, "Sec-Fetch-Site": "same-origin"} | _spelled(headers)
        return self.ask("POST", path, headers=sent, body=urlencode(fields, doseq=True).encode())  # type: ignore[arg-type]

    def ask(
        self,
        method: str,
        path: str = "/",
        *,
        user: str | None = "",
        accept: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
    ) -> Answer:
        """Send a request below the root of the exports. `user` is "" for the client's own, None for nobody."""
        sent = _spelled(headers or {})
        if accept is not None:
            sent["Accept"] = accept
        if (named := self.user if user == "" else user) is not None:
            sent[HEADER] = named
        return self.send(method, self.root + path, sent, body)

    @abstractmethod
    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
        """Send a request as it is."""


class HttpClient(Client):
    """Asks a server, by a new connection each time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.address = urlsplit(url).netloc

    def connection(self) -> HTTPConnection:
        return HTTPConnection(self.address, timeout=60)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
        with closing(self.connection()) as connection:
            connection.request(method, target, body or None, dict(headers), encode_chunked=not isinstance(body, bytes))
            response = connection.getresponse()
            return Answer(response.status, _joined(response.getheaders()), response.read())


class WsgiClient(Client):
    """Calls a WSGI application, and checks that it keeps to PEP 3333."""

    def __init__(self, application: Callable[..., Iterable[bytes]], script_name: str = "") -> None:
        self.application = application
        self.script_name = script_name

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
        assert isinstance(body, bytes)
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": self.script_name,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "desk.example",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "desk.example",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, text in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, given: list[tuple[str, str]], exc_info: object = None) -> Callable[..., object]:
            started.append((status, given))
            return lambda _: None

        checked: Callable[..., Any] = validator(self.application)
        with closing(checked(environ, start_response)) as blocks:
            content = b"".join(blocks)
        status, given = started[-1]
        return Answer(int(status.split()[0]), _joined(given), content)


class AsgiClient(Client):
    """Calls an ASGI application."""

    def __init__(self, application: Callable[..., Any], root_path: str = "") -> None:
        self.application = application
        self.root_path = root_path

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
        assert isinstance(body, bytes)
        path, _, query = target.partition("?")
        given = {"host": "desk.example", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": self.root_path,
            "headers": [(name.lower().encode(), text.encode("latin-1")) for name, text in given.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("desk.example", 80),
        }
        sent: list[MutableMapping[str, Any]] = []

        async def ask() -> None:
            waiting: list[dict[str, object]] = [{"type": "http.request", "body": body, "more_body": False}]

            async def receive() -> dict[str, object]:
                if waiting:
                    return waiting.pop()
                # Nothing more comes, and the client stays.
                return await asyncio.Future()

            async def send(message: MutableMapping[str, Any]) -> None:
                sent.append(message)

            await asyncio.wait_for(self.application(scope, receive, send), 60)

        asyncio.run(ask())
        start, *rest = sent
        named = [(name.decode(), text.decode("latin-1")) for name, text in start["headers"]]
        return Answer(start["status"], _joined(named), b"".join(each.get("body", b"") for each in rest))


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """Names may be Python's: ``If_None_Match``."""
    return {name.replace("_", "-"): text for name, text in headers.items()}


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, text in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined
