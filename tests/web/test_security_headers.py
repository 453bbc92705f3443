"""What each answer tells browsers and caches, whatever the outcome; docs/security.md names these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

import pytest

from tests.web.conftest import Desk
from ticket_export import Actor
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse

ROOT: Final = "/desk/exports"
HTML: Final = {"accept": "text/html"}
SAME_SITE: Final = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
STATIC: Final = ("/static/ticket-export.js", "/static/ticket-export.css")
MISSING: Final = "0f0b9c5e-5f2e-4d55-9f0e-1f5a3c0a7a11"


@pytest.fixture
def actor(desk: Desk) -> Actor:
    found = desk.container.user_directory().find_by_email("admin@example.test")
    assert found
    return found


def ask(
    desk: Desk,
    actor: Actor | None,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    method: str = "GET",
    body: str = "",
    query: str = "",
) -> WebResponse:
    request = WebRequest(
        method=method, path=path, root=ROOT, query=query, headers=headers or {}, body=body.encode(), host="desk.test"
    )
    answer = ExportsApi(desk.container).handle(request, actor)
    answer.close()
    return answer


def request_export(desk: Desk, actor: Actor) -> str:
    """The path of a new export, below the mount."""
    view = json.dumps({"columns": ["id"], "sortField": "id"})
    answer = ask(desk, actor, "/", {"content-type": "application/json"}, method="POST", body=view)
    assert answer.status == 202
    return answer.headers["Location"].removeprefix(ROOT)


def answers(desk: Desk, actor: Actor) -> Iterator[tuple[str, WebResponse]]:
    """Each route, with each kind of outcome, and what it is called in a failure."""
    path = request_export(desk, actor)
    desk.container.worker().drain()
    for route in ("/", "/new", "/columns", path, f"{path}/file", f"/{MISSING}", f"/{MISSING}/file", "/nothing/at/all"):
        for name, headers in (("json", {}), ("html", HTML)):
            yield f"{name} {route}", ask(desk, actor, route, headers)
            yield f"{name} {route} of a stranger", ask(desk, None, route, headers)
            yield f"{name} {route} deleted", ask(desk, actor, route, headers, method="DELETE")
    yield "part", ask(desk, actor, f"{path}/file", {"range": "bytes=0-1"})
    yield "no part", ask(desk, actor, f"{path}/file", {"range": "bytes=99999999-"})
    for name, headers in (("forged", {**SAME_SITE, "sec-fetch-site": "cross-site"}), ("form", SAME_SITE)):
        for route in ("/", "/new", f"{path}/cancel", f"{path}/retry"):
            yield f"{name} {route}", ask(desk, actor, route, {**HTML, **headers}, method="POST", body="view=%7B%7D")
    for route in ("/openapi.json", *STATIC):
        yield route, ask(desk, None, route)


def test_every_answer_has_a_policy_and_is_neither_sniffed_stored_nor_shared(desk: Desk, actor: Actor) -> None:
    found = dict(answers(desk, actor))
    assert {answer.status for answer in found.values()} >= {200, 206, 303, 401, 403, 404, 405, 416}
    for name, answer in found.items():
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        if answer.body or answer.status >= 400:
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; "), name
            assert "frame-ancestors 'none'" in policy, name
        if name in STATIC:
            assert headers["Cache-Control"] in {"no-cache", "public, max-age=31536000, immutable"}
        else:
            assert "no-store" in headers["Cache-Control"], name


def test_page_allows_only_its_own_site(desk: Desk, actor: Actor) -> None:
    for route in ("/", "/new", request_export(desk, actor), f"/{MISSING}"):
        headers = ask(desk, actor, route, HTML).headers
        directives = dict(each.split(" ", 1) for each in headers["Content-Security-Policy"].split("; "))
        assert directives.keys() >= {"default-src", "script-src", "style-src", "base-uri", "form-action"}
        assert set(directives.values()) == {"'none'", "'self'"}
        assert (directives["base-uri"], directives["default-src"]) == ("'none'", "'none'")
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_static_files_are_the_same_for_everybody(desk: Desk, actor: Actor) -> None:
    for route in STATIC:
        own, strangers = (ask(desk, who, route, {"accept-language": "de"}) for who in (actor, None))
        assert own == strangers
        assert own.status == 200
        assert isinstance(own.body, bytes)
        assert b"@example.test" not in own.body


def test_script_sends_no_messages_to_other_windows(desk: Desk) -> None:
    script = ask(desk, None, STATIC[0]).body
    assert isinstance(script, bytes)
    assert len(script) > 5_000
    assert not any(word in script for word in (b"postMessage", b'"message"', b"eval(", b"document.cookie"))


@pytest.mark.parametrize("name", ["next", "url", "redirect", "return_to", "view", "page"])
def test_no_parameter_becomes_a_redirect(desk: Desk, actor: Actor, name: str) -> None:
    path = request_export(desk, actor)
    elsewhere = urlencode({name: "https://example.com/\r\nSet-Cookie: a=b"})
    for route in ("/", f"{path}/cancel", f"{path}/retry", "/new", path, "/"):
        for method, body in (("GET", ""), ("POST", f"columns=id&order=id&{elsewhere}")):
            answer = ask(desk, actor, route, {**HTML, **SAME_SITE}, method=method, body=body, query=elsewhere)
            location = answer.headers.get("Location", f"{ROOT}/")
            assert location.startswith(f"{ROOT}/")
            assert location.isascii()
            assert "example.com" not in location
