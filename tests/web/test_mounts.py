"""Where a host mounts the exports, how it finds the actor and the language, and paths made to lead elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import include, path
from fastapi import Depends, FastAPI, HTTPException, Request
from flask import Blueprint as FlaskBlueprint
from flask import Flask, abort, redirect, request
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.web.applications import BINDINGS, DjangoClient, client_of
from tests.web.clients import FORM, HTML, STAFF_WITH, Answer, AsgiClient, Client, WsgiClient
from tests.web.conftest import Desk, make_desk
from ticket_export import Actor
from ticket_export.web.django import exports_urls
from ticket_export.web.fastapi import exports_router
from ticket_export.web.flask import exports_blueprint

LINK = re.compile(r'(?:href|src|action|formaction)="([^"]*)"')


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder: Path = tmp_path_factory.mktemp("desk")
    return make_desk(folder, 1, max_active_jobs_per_user=0)


@pytest.fixture(scope="module")
def staff(desk: Desk) -> Actor:
    actor = desk.container.user_directory().find_by_email(STAFF_WITH)
    assert actor is not None
    return actor


def fastapi_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    app = FastAPI()
    app.include_router(exports_router(desk.container, current_actor=lambda: staff), prefix=root)
    return AsgiClient(app, root_path=prefix)


def starlette_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    inner = FastAPI(openapi_url=None)
    inner.include_router(exports_router(desk.container, current_actor=lambda: staff))
    return AsgiClient(Starlette(routes=[Mount(root or "/", inner)]), root_path=prefix)


def mounted_fastapi_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    outer, inner = FastAPI(), FastAPI(openapi_url=None)
    inner.include_router(exports_router(desk.container, current_actor=lambda: staff))
    outer.mount(root or "/", inner)
    return AsgiClient(outer, root_path=prefix)


def flask_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    app = Flask(__name__)
    exports = exports_blueprint(desk.container, current_actor=lambda: staff)
    app.register_blueprint(exports, url_prefix=root or None)
    return WsgiClient(app, script_name=prefix)


def nested_flask_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    app, outer = Flask(__name__), FlaskBlueprint("outer", __name__)
    *above, last = root.rsplit("/", 1)
    outer.register_blueprint(
        exports_blueprint(desk.container, current_actor=lambda: staff), url_prefix=f"/{last}" if last else None
    )
    app.register_blueprint(outer, url_prefix="".join(above) or None)
    return WsgiClient(app, script_name=prefix)


def django_at(desk: Desk, staff: Actor, root: str, prefix: str = "", **options: Any) -> Client:
    exports = exports_urls(desk.container, current_actor=lambda _: staff)
    client = DjangoClient([path(f"{root.strip('/')}/".lstrip("/"), include(exports))], **options)
    client.script_name = prefix
    return client


def django_asgi_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    return django_at(desk, staff, root, prefix, is_asynchronous=True)


def forced_django_at(desk: Desk, staff: Actor, root: str, prefix: str = "") -> Client:
    client = django_at(desk, staff, root, **({"FORCE_SCRIPT_NAME": prefix} if prefix else {}))
    assert isinstance(client, DjangoClient)
    return client


MOUNTS = {
    "fastapi": fastapi_at,
    "fastapi without the prefix": fastapi_at,
    "starlette": starlette_at,
    "mounted fastapi": mounted_fastapi_at,
    "flask": flask_at,
    "nested flask": nested_flask_at,
    "django": django_at,
    "django-asgi": django_asgi_at,
    "forced django": forced_django_at,
}
#: Those that get the whole path of an ASGI scope, prefix included; the others get what is below the prefix, which some
#: ASGI servers, and FastAPI's own `root_path`, do too.
WHOLE_PATH = {"fastapi", "starlette", "mounted fastapi", "django-asgi"}


def leads_through(client: Client, root: str, asked: str) -> None:
    """Follow every link of the pages; all are below `root`, and `asked` is what the server is asked for the root."""

    def below(answered: str) -> str:
        assert answered.startswith(f"{root}/"), answered
        return answered.removeprefix(root)

    client.root = asked
    made = client.post("/", {"columns": ["id"]})
    assert made.status == 202, made.text
    status = below(made["location"])
    assert client.get(status).json["links"]["self"] == made["location"]
    for page in ("/", "/new", status):
        answer = client.get(page, accept=HTML)
        assert answer.status == 200
        links = {each for each in LINK.findall(answer.text) if not each.startswith("#")}
        assert len(links) >= 3
        for link in links:
            found = client.get(below(link), accept=HTML)
            assert found.status == (303 if link.endswith(("/cancel", "/retry")) else 200), link
    assert client.get("/openapi.json").status == 200
    # As a browser on the page *New export* does.
    form = client.submit("/", {"view": json.dumps({"columns": ["title"]})})
    assert (form.status, client.get(below(form["location"])).status) == (303, 200)


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("root", ["/exports", "/help/desk/exports", ""])
def test_links_are_below_the_mount(desk: Desk, staff: Actor, mount: str, root: str) -> None:
    client = MOUNTS[mount](desk, staff, root)
    leads_through(client, root, root)


@pytest.mark.parametrize("mount", MOUNTS)
def test_links_are_below_a_prefix(desk: Desk, staff: Actor, mount: str) -> None:
    client = MOUNTS[mount](desk, staff, "/exports", "/behind/a proxy")
    asked = "/behind/a%20proxy/exports" if mount in WHOLE_PATH else "/exports"
    leads_through(client, "/behind/a%20proxy/exports", asked)


@pytest.mark.parametrize("mount", ["fastapi", "starlette", "flask", "django", "django-asgi"])
def test_root_may_have_any_letters(desk: Desk, staff: Actor, mount: str) -> None:
    client = MOUNTS[mount](desk, staff, "/wnioski-żółć & 100")
    encoded = "/wnioski-%C5%BC%C3%B3%C5%82%C4%87%20%26%20100"
    leads_through(client, encoded, encoded)


def test_prefix_may_hold_values_of_the_host(desk: Desk, staff: Actor) -> None:
    flask_app = Flask(__name__)

    def flask_actor() -> Actor | None:
        return staff if request.view_args and request.view_args["tenant"] == "a" else None

    flask_app.register_blueprint(
        exports_blueprint(desk.container, current_actor=flask_actor), url_prefix="/<tenant>/exports"
    )

    def django_actor(request: HttpRequest) -> Actor | None:
        match = request.resolver_match
        return staff if match and match.kwargs["tenant"] == "a" else None

    django_exports = exports_urls(desk.container, current_actor=django_actor)
    fastapi_app = FastAPI()
    fastapi_app.include_router(
        exports_router(desk.container, current_actor=lambda tenant: staff if tenant == "a" else None),
        prefix="/{tenant}/exports",
    )
    clients: list[Client] = [
        WsgiClient(flask_app),
        AsgiClient(fastapi_app),
        DjangoClient([path("<slug:tenant>/exports/", include(django_exports))]),
    ]
    for client in clients:
        leads_through(client, "/a/exports", "/a/exports")
        client.root = "/b/exports"
        assert client.get("/").status == 401


HOSTILE = [
    "//evil.example",
    "//evil.example/",
    "/\\evil.example",
    "/%2f%2fevil.example",
    "/%5c%5cevil.example",
    "/%0d%0aSet-Cookie:%20a=b",
    "/new%0d%0aLocation:%20http://evil.example",
    "/http://evil.example/",
    "/..%2f..%2fevil",
    "/%00",
    "/openapi.json%0a",
    "/static/ticket-export.js%0a",
    "/%ff%fe",
    "/<script>",
    "/?next=//evil.example",
    "/new?%0d%0aX: 1",
    "/%F0%9F%98%80",
    "/" + "a" * 5_000,
]


@pytest.mark.parametrize("mount", ["fastapi", "flask", "django", "django-asgi"])
@pytest.mark.parametrize("root", ["/exports", ""])
def test_hostile_paths_lead_nowhere(desk: Desk, staff: Actor, mount: str, root: str) -> None:
    client = MOUNTS[mount](desk, staff, root)
    client.root = root
    for hostile in HOSTILE:
        target = hostile.replace("<", "%3C").replace("\\", "%5C").replace(" ", "%20")
        for answer in (
            client.get(target, accept=HTML),
            client.get(target),
            client.submit(target, {"view": "{}"}),
            client.post(f"{target}/cancel"),
        ):
            assert answer.status < 500
            stays_here(answer)


def stays_here(answer: Answer) -> None:
    assert not {"x", "set-cookie"} & {*answer.headers}
    addresses: Iterable[str] = [answer["location"]] if "location" in answer.headers else ()
    if answer.headers.get("content-type", "").startswith(HTML):
        addresses = [*addresses, *LINK.findall(answer.text)]
    for address in addresses:
        # Werkzeug's redirects to the path with single slashes name this host.
        own = address.removeprefix("http://desk.example")
        assert re.match(r"/(?![/\\])|#|$", own), address
        assert not re.search(r"[\r\n\\]", address)


@pytest.mark.parametrize("mount", ["fastapi", "flask", "django", "django-asgi"])
def test_slash_at_the_end_is_another_address(desk: Desk, staff: Actor, mount: str) -> None:
    client = MOUNTS[mount](desk, staff, "/exports")
    for below in ("/openapi.json/", "/static/ticket-export.js/", "/columns/"):
        assert (client.get(below).status, client.get(below).json["code"]) == (404, "no-route")


@pytest.mark.parametrize("mount", ["fastapi", "flask", "django"])
def test_host_header_is_in_no_answer(desk: Desk, staff: Actor, mount: str) -> None:
    client = MOUNTS[mount](desk, staff, "/exports")
    for host in ("evil.example", "[", "a b", "", "evil.example:x"):
        for answer in (
            client.get("/", accept=HTML, Host=host),
            client.get("/openapi.json", Host=host),
            client.post("/", {"columns": ["id"]}, Host=host),
        ):
            # Django and Werkzeug refuse a name that cannot be one.
            assert answer.status in {200, 202, 400}
            assert answer.status == 400 or b"evil.example" not in answer.body
            assert "evil" not in answer.headers.get("location", "")


@pytest.mark.parametrize("binding", BINDINGS)
def test_language_is_the_browsers_the_hosts_or_the_users(desk: Desk, staff: Actor, binding: str) -> None:
    wishes = [(None, "de"), ("ar", "ar"), (lambda *_: "ar", "ar"), (lambda *_: None, "de")]
    for language, expected in wishes:
        client = client_of(binding, desk.container, lambda _: staff, language=language)
        page = client.get("/new", accept=HTML, Accept_Language="de-AT,de;q=0.9").text
        assert re.search(rf'<html[^>]* lang="{expected}"', page)


@pytest.mark.parametrize("binding", BINDINGS)
def test_language_of_the_user_is_asked_for_pages_alone(desk: Desk, staff: Actor, binding: str) -> None:
    asked: list[str] = []

    def language(*_: object) -> str:
        asked.append("language")
        return "de"

    client = client_of(binding, desk.container, lambda _: staff, language=language)
    # For the first three, nobody is logged in who has a language.
    for target in ("/static/ticket-export.js", "/static/ticket-export.css", "/openapi.json", "/", "/columns"):
        assert client.get(target).status == 200
    assert asked == []
    assert (client.get("/", accept=HTML).status, asked) == (200, ["language"])


def test_fastapi_actor_may_be_any_dependency(desk: Desk, staff: Actor) -> None:
    closed: list[str] = []

    async def session() -> AsyncIterator[str]:
        try:
            yield "session"
        finally:
            closed.append("session")

    async def current_actor(request: Request, session: str = Depends(session)) -> Actor:
        assert session == "session"
        if "x-login" not in request.headers:
            raise HTTPException(302, headers={"Location": "/login"})
        return staff

    client = client_of("fastapi", desk.container, lambda _: staff, current_actor=current_actor)
    assert client.get("/", X_Login="1").status == 200
    refused = client.get("/")
    assert (refused.status, refused["location"]) == (302, "/login")
    assert client.get("/static/ticket-export.js").status == 200
    assert closed == ["session", "session"]


def test_flask_actor_may_abort(desk: Desk) -> None:
    client = client_of("flask", desk.container, lambda _: None, current_actor=lambda: abort(redirect("/login")))
    assert (client.get("/").status, client.get("/")["location"]) == (302, "/login")
    assert client.get("/static/ticket-export.js").status == 200
    client = client_of("flask", desk.container, lambda _: None, current_actor=lambda: abort(403))
    assert client.get("/").status == 403


@pytest.mark.parametrize("binding", ["django", "django-asgi"])
def test_django_actor_may_be_a_response(desk: Desk, binding: str) -> None:
    client = client_of(binding, desk.container, lambda _: None, current_actor=lambda _: HttpResponseRedirect("/login"))
    assert (client.get("/").status, client.get("/")["location"]) == (302, "/login")
    assert client.get("/static/ticket-export.js").status == 200


@pytest.mark.parametrize("binding", ["django", "django-asgi"])
def test_django_actor_is_the_login_though_a_middleware_requires_a_user_of_django(
    desk: Desk, staff: Actor, binding: str
) -> None:
    client = client_of(binding, desk.container, lambda token: staff if token == "of a program" else None)
    assert isinstance(client, DjangoClient)
    of_django = "django.contrib.auth.middleware"
    client.settings["MIDDLEWARE"] = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        f"{of_django}.AuthenticationMiddleware",
        f"{of_django}.LoginRequiredMiddleware",
    ]
    client.user = "of a program"
    assert client.get("/").status == 200
    client.user = None
    assert client.get("/").status == 401
    assert client.get("/static/ticket-export.js").status == 200


def test_flask_application_keeps_its_own_static_files(desk: Desk, staff: Actor) -> None:
    client = flask_at(desk, staff, "")
    client.root = ""
    assert client.get("/static/ticket-export.css").status == 200
    assert client.get("/static/other.css").status == 404
    body = urlencode({"columns": "id"}).encode()
    headers = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
    assert client.ask("POST", headers=headers, body=body).status == 303
