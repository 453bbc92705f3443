"""Requests that another site makes a browser send, with and without the protection of the host's framework."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.http import HttpRequest
from django.urls import include, path
from fastapi import FastAPI, Request, Response
from flask import Flask, request
from flask_wtf import CSRFProtect
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from tests.web.applications import BINDINGS, DjangoClient, client_of
from tests.web.clients import FORM, HTML, STAFF_WITH, Answer, AsgiClient, Client, WsgiClient
from tests.web.conftest import Desk, make_desk
from ticket_export import Actor
from ticket_export.web.django import exports_urls
from ticket_export.web.fastapi import exports_router
from ticket_export.web.flask import exports_blueprint

VIEW = {"columns": ["id"]}
FIELDS = {"view": json.dumps(VIEW), "columns": "id", "order": "id"}
PROTECTED = ("flask", "django", "django-asgi")
HOST = "desk.example"

# Evidence of a request, and whether it may change something as a form; test_same_origin.py has all of it.
EVIDENCE = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "same-site", "Origin": f"http://{HOST}"}, False),
    ({"Origin": f"http://{HOST}"}, True),
    ({"Origin": "null"}, False),
    ({"Origin": f"http://evil.{HOST}"}, False),
    ({}, False),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder: Path = tmp_path_factory.mktemp("desk")
    return make_desk(folder, 1, max_active_jobs_per_user=0)


@pytest.fixture(scope="module")
def staff(desk: Desk) -> Actor:
    actor = desk.container.user_directory().find_by_email(STAFF_WITH)
    assert actor is not None
    return actor


@pytest.fixture(scope="module", params=BINDINGS)
def client(request: pytest.FixtureRequest, desk: Desk, staff: Actor) -> Client:
    return client_of(request.param, desk.container, lambda _: staff)


def flask_with_protection(desk: Desk, staff: Actor, *, is_early: bool = True) -> Client:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "of the tests"
    protection = CSRFProtect()
    if is_early:
        protection.init_app(app)
    app.register_blueprint(exports_blueprint(desk.container, current_actor=lambda: staff), url_prefix="/exports")
    if not is_early:
        protection.init_app(app)
    app.add_url_rule("/own", "own", lambda: "changed", methods=["POST"])
    return WsgiClient(app)


def django_with_protection(desk: Desk, staff: Actor, *, is_asynchronous: bool = False) -> Client:
    exports = exports_urls(desk.container, current_actor=lambda _: staff)
    return DjangoClient(
        [path("exports/", include(exports))],
        is_asynchronous=is_asynchronous,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    )


@pytest.fixture(params=PROTECTED)
def protected(request: pytest.FixtureRequest, desk: Desk, staff: Actor) -> Client:
    makers: dict[str, Callable[[], Client]] = {
        "flask": lambda: flask_with_protection(desk, staff),
        "django": lambda: django_with_protection(desk, staff),
        "django-asgi": lambda: django_with_protection(desk, staff, is_asynchronous=True),
    }
    return makers[request.param]()


def sent_form(client: Client, below: str = "/", headers: dict[str, str] | None = None, **fields: str) -> Answer:
    body = urlencode(FIELDS | fields).encode()
    return client.ask("POST", below, accept=HTML, headers={"Content-Type": FORM, **(headers or {})}, body=body)


def was_forged(answer: Answer) -> bool:
    return answer.status == 403 and "does not come from a page of this site" in answer.text


def waiting(desk: Desk, staff: Actor, title: str) -> UUID:
    return desk.container.request_export()(staff, {**VIEW, "searchTerm": title}).id


@pytest.mark.parametrize(("evidence", "is_trusted"), EVIDENCE)
def test_form_needs_evidence_of_its_site(client: Client, evidence: dict[str, str], is_trusted: bool) -> None:
    assert was_forged(answer := sent_form(client, headers=evidence)) is not is_trusted
    assert (answer.status == 303) is is_trusted


@pytest.mark.parametrize(("evidence", "is_trusted"), EVIDENCE)
def test_form_with_the_view_of_another_site_is_not_shown(
    client: Client, evidence: dict[str, str], is_trusted: bool
) -> None:
    assert was_forged(sent_form(client, "/new", headers=evidence)) is not is_trusted


@pytest.mark.parametrize(("evidence", "is_trusted"), EVIDENCE)
@pytest.mark.parametrize("change", ["cancel", "retry"])
def test_empty_body_of_another_site_changes_nothing(
    client: Client, desk: Desk, staff: Actor, change: str, evidence: dict[str, str], is_trusted: bool
) -> None:
    job_id = waiting(desk, staff, f"{evidence} {change}")
    # Without evidence it is a program: a browser says where a request without a type comes from.
    is_program = not {"Sec-Fetch-Site", "Origin"} & {*evidence}
    answer = client.ask("POST", f"/{job_id}/{change}", headers=evidence)
    assert (answer.status == 202) is (is_trusted or is_program)
    status = desk.container.get_export()(staff, job_id).status
    assert (status == "failed") is (change == "cancel" and (is_trusted or is_program))


@pytest.mark.parametrize("media_type", [FORM, "multipart/form-data; boundary=x", "text/plain", "TEXT/PLAIN;a=b"])
def test_what_a_form_of_an_old_browser_sends_is_refused(
    client: Client, desk: Desk, staff: Actor, media_type: str
) -> None:
    job_id = waiting(desk, staff, f"old {media_type}")
    answer = client.ask("POST", f"/{job_id}/cancel", accept=HTML, headers={"Content-Type": media_type}, body=b"a=b")
    assert was_forged(answer)
    assert desk.container.get_export()(staff, job_id).status == "queued"


@pytest.mark.parametrize("evidence", [each for each, _ in EVIDENCE], ids=str)
def test_json_is_left_to_the_rules_of_cors(client: Client, evidence: dict[str, str]) -> None:
    # A browser sends JSON to another site only after it has asked that site (OWASP ASVS 5.0, 3.5.2).
    assert client.post("/", VIEW, **evidence).status == 202
    assert "access-control-allow-origin" not in client.post("/", VIEW, **evidence).headers


def test_reading_needs_no_evidence(client: Client) -> None:
    assert client.get("/new", accept=HTML, Sec_Fetch_Site="cross-site").status == 200


def token_and_cookie(page: Answer) -> tuple[dict[str, str], str]:
    found = re.search(r'<input type="hidden" name="(csrf_token|csrfmiddlewaretoken)" value="([^"]+)"', page.text)
    assert found, page.text
    return {found[1]: found[2]}, page["set-cookie"].partition(";")[0]


def test_token_of_the_form_is_enough(protected: Client) -> None:
    token, cookie = token_and_cookie(protected.get("/new", accept=HTML))
    assert sent_form(protected, headers={"Cookie": cookie}, **token).status == 303
    # Without what the browser keeps, and with another token, it is no proof.
    assert was_forged(sent_form(protected, headers={}, **token))
    wrong = {name: text[::-1] for name, text in token.items()}
    assert was_forged(sent_form(protected, headers={"Cookie": cookie}, **wrong))
    assert was_forged(sent_form(protected, headers={"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, **wrong))


def test_status_page_has_the_token_too(protected: Client, desk: Desk, staff: Actor) -> None:
    job_id = waiting(desk, staff, "token")
    token, cookie = token_and_cookie(protected.get(f"/{job_id}", accept=HTML))
    answer = protected.ask(
        "POST",
        f"/{job_id}/cancel",
        headers={"Content-Type": FORM, "Cookie": cookie},
        body=urlencode(token).encode(),
    )
    assert (answer.status, answer["location"]) == (303, f"/exports/{job_id}")


def test_long_form_with_a_token_is_read(protected: Client) -> None:
    # More than half a megabyte in the form of a URL.
    token, cookie = token_and_cookie(protected.get("/new", accept=HTML))
    filters = [{"field": "title", "operator": "contains", "value": f"{n}{'&' * 9_000}"} for n in range(25)]
    view = json.dumps({**VIEW, "filters": filters})
    assert sent_form(protected, headers={"Cookie": cookie}, **token, view=view).status == 303


def test_button_of_the_hosts_page_and_json_need_no_token(protected: Client) -> None:
    assert sent_form(protected, "/new", headers={"Sec-Fetch-Site": "same-origin"}).status == 200
    assert protected.post("/", VIEW).status == 202
    assert protected.post("/", VIEW, X_CSRFToken="wrong").status == 202


def test_only_a_page_sets_the_cookie_of_the_token(protected: Client) -> None:
    for answer in (protected.get("/"), protected.get("/columns"), protected.post("/", VIEW)):
        assert "set-cookie" not in answer.headers
    assert "set-cookie" in protected.get("/new", accept=HTML).headers


def test_django_without_the_middleware_takes_other_evidence(desk: Desk, staff: Actor) -> None:
    client = client_of("django", desk.container, lambda _: staff)
    page = client.get("/new", accept=HTML)
    assert "set-cookie" not in page.headers
    assert was_forged(sent_form(client, csrfmiddlewaretoken="anything"))
    assert sent_form(client, headers={"Sec-Fetch-Site": "same-origin"}).status == 303


@pytest.mark.parametrize("is_early", [True, False])
def test_flask_host_stays_protected(desk: Desk, staff: Actor, is_early: bool) -> None:
    client = flask_with_protection(desk, staff, is_early=is_early)
    for _ in range(2):
        assert client.send("POST", "/own", {"Content-Type": FORM}, b"a=b").status == 400
        assert client.post("/", VIEW).status == 202
        assert was_forged(sent_form(client))


@pytest.mark.parametrize("is_actor", [False, True])
def test_flask_host_may_read_the_body_first(desk: Desk, staff: Actor, is_actor: bool) -> None:
    seen: list[Any] = []

    def read_first() -> None:
        seen.append(request.form.get("columns") or request.get_data())

    def current_actor() -> Actor:
        if is_actor:
            read_first()
        return staff

    app = Flask(__name__)
    app.register_blueprint(exports_blueprint(desk.container, current_actor=current_actor), url_prefix="/exports")
    if not is_actor:
        app.before_request(read_first)
    client = WsgiClient(app)
    assert client.post("/", VIEW).status == 202
    assert sent_form(client, headers={"Sec-Fetch-Site": "same-origin"}).status == 303
    assert seen == [json.dumps(VIEW).encode(), "id"]


@pytest.mark.parametrize("is_form", [True, False])
def test_fastapi_host_may_read_the_body_first(desk: Desk, staff: Actor, is_form: bool) -> None:
    seen: list[object] = []

    async def current_actor(request: Request) -> Actor:
        seen.append((await request.form()).get("columns") if is_form else await request.body())
        return staff

    client = client_of("fastapi", desk.container, lambda _: staff, current_actor=current_actor)
    if is_form:
        answer = sent_form(client, headers={"Sec-Fetch-Site": "same-origin"}, view='{"searchTerm": "a+b & c"}')
        assert answer.status == 303
        assert client.get(answer["location"].removeprefix("/exports")).json["view"] == "columns id; search 'a+b & c'"
    else:
        assert client.post("/", VIEW).status == 202
    assert seen[0] == ("id" if is_form else json.dumps(VIEW).encode())


def test_form_whose_fields_are_lost_exports_nothing(desk: Desk, staff: Actor) -> None:
    async def read_first(request: Request, call_next: RequestResponseEndpoint) -> Response:
        # Starlette sends an empty body on.
        await request.form()
        return await call_next(request)

    app = FastAPI()
    app.include_router(exports_router(desk.container, current_actor=lambda: staff), prefix="/exports")
    app.add_middleware(BaseHTTPMiddleware, dispatch=read_first)
    before = desk.container.list_exports()(staff).total
    answer = sent_form(AsgiClient(app), headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status, "The form has no fields" in answer.text) == (422, True)
    assert desk.container.list_exports()(staff).total == before


def test_django_host_may_read_the_body_first(desk: Desk, staff: Actor) -> None:
    def read_first(request: HttpRequest) -> Actor:
        assert request.POST or request.body
        return staff

    client = client_of("django", desk.container, lambda _: staff, current_actor=read_first)
    assert client.post("/", VIEW).status == 202
    assert sent_form(client, headers={"Sec-Fetch-Site": "same-origin"}).status == 303
