"""The headers that protect every answer of every route, in each binding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from tests.web.applications import BINDINGS, client_of
from tests.web.clients import ADMIN_WITH, FORM, HTML, STAFF_WITHOUT, Answer, Client
from tests.web.conftest import Desk, make_desk
from ticket_export import Actor

#: What a user types, and what must be in no address.
SECRET = "Sekret-4711"
VIEW = {
    "columns": ["id", "title"],
    "searchTerm": SECRET,
    "filters": [{"field": "title", "operator": "contains", "value": SECRET}],
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PATHS = (
    *("/", "/new", "/columns", "/openapi.json", "/?page=x", "/nope/nope/nope"),
    "/00000000-0000-4000-8000-000000000000",
)


@attrs.frozen
class Scene:
    desk: Desk
    client: Client
    actors: Mapping[str, Actor]

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """An answer of every route and status, with what was asked."""
        client = self.client
        made = client.post("/", VIEW)
        yield "request", made
        path = made["location"].removeprefix("/exports")
        yield "waiting file", client.get(f"{path}/file")
        yield "waiting", client.get(path)
        self.desk.container.worker().drain()
        form = {"view": json.dumps(VIEW)}
        yield "form", client.submit("/", form)
        yield "refused form", client.submit("/", {**form, "timeZone": SECRET})
        yield "cancel", client.post(f"{path}/cancel")
        yield "cancel form", client.submit(f"{path}/cancel")
        yield "retry", client.post(f"{path}/retry")
        yield "retry form", client.submit(f"{path}/retry")
        yield "mistake", client.post("/", {"columns": [SECRET]})
        for accept in ("application/json", HTML):
            for below in (*PATHS, path, f"{path}/file"):
                answer = client.get(below, accept=accept)
                yield f"{below} {accept}", answer
                if "etag" in answer.headers:
                    yield f"unchanged {below}", client.get(below, accept=accept, If_None_Match=answer["etag"])
                yield f"HEAD {below}", client.ask("HEAD", below, accept=accept)
            yield "nobody", client.ask("GET", "/", user=None, accept=accept)
            yield "forbidden", client.ask("POST", f"{path}/retry", user=STAFF_WITHOUT, accept=accept)
            yield "method", client.ask("DELETE", "/", accept=accept)
            yield "forged", client.ask("POST", accept=accept, headers={"Content-Type": FORM}, body=b"a=b")
            yield "type", client.ask("POST", accept=accept, headers={"Content-Type": "text/csv"}, body=b"a")
            yield (
                "long",
                client.ask("POST", accept=accept, headers={"Content-Type": "application/json"}, body=b" " * 2**19),
            )
        yield "options", client.ask("OPTIONS", "/")
        yield "part", client.get(f"{path}/file", Range="bytes=0-1")
        yield "no part", client.get(f"{path}/file", Range="bytes=999999-")
        yield "another file", client.get(f"{path}/file", If_Match='"another"')


@pytest.fixture(params=BINDINGS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    desk = make_desk(tmp_path, 3)
    find = desk.container.user_directory().find_by_email
    actors = {name: actor for name in (ADMIN_WITH, STAFF_WITHOUT) if (actor := find(name))}
    return Scene(desk, client_of(request.param, desk.container, lambda name: actors[name] if name else None), actors)


def test_every_answer_is_protected_and_no_address_has_what_a_user_typed(scene: Scene) -> None:
    statuses = set()
    for asked, answer in scene.answers():
        statuses.add(answer.status)
        assert answer["x-content-type-options"] == "nosniff", asked
        assert "no-store" in answer["cache-control"], asked
        assert answer["cross-origin-resource-policy"] == "same-origin", asked
        assert answer["referrer-policy"] == "same-origin", asked
        is_page = answer.headers.get("content-type", "").startswith(HTML) and answer.body
        assert answer["content-security-policy"] in ({PAGE_POLICY} if is_page else {PAGE_POLICY, DATA_POLICY}), asked
        if is_page:
            assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|style=", answer.text), asked
        addresses = re.findall(r'(?:href|src|action|formaction)="([^"]*)"', answer.text) if is_page else []
        if answer.headers.get("content-type", "").startswith("application/json") and answer.body:
            addresses += re.findall(r'"(/[^"]*)"', answer.text)
        for address in [*addresses, answer.headers.get("location", "")]:
            assert SECRET not in address, asked
    assert statuses == {200, 202, 206, 303, 304, 401, 403, 404, 405, 409, 412, 413, 415, 416, 422}


def test_static_files_are_kept_by_browsers_while_they_stay_the_same(scene: Scene) -> None:
    page = scene.client.get("/new", accept=HTML).text
    addresses = re.findall(r'(?:href|src)="/exports(/static/[^"]*)"', page)
    assert len(addresses) == 2
    for address in addresses:
        answer = scene.client.ask("GET", address, user=None)
        assert answer["cache-control"] == "public, max-age=31536000, immutable"
        other = scene.client.get(address.partition("?")[0] + "?v=another")
        assert other["cache-control"] == "no-cache"
        for each in (answer, other):
            assert (each["x-content-type-options"], each["cross-origin-resource-policy"]) == ("nosniff", "same-origin")
        assert scene.client.get(address, If_None_Match=answer["etag"]).status == 304
