"""The API over real servers: every row of the design's table, on each framework."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from sqlalchemy import text

from tests.web.clients import ADMIN_WITH, FORM, HTML, STAFF_WITH, STAFF_WITHOUT, Answer, HttpClient
from tests.web.conftest import Desk, make_desk
from tests.web.servers import served
from ticket_export.application.view.limits import MAX_JSON
from ticket_export.entrypoints.web.messages import MAX_BODY

VIEW = {"columns": ["id", "title"], "sortField": "id", "sortDirection": "asc"}
MISSING = "/00000000-0000-4000-8000-000000000000"
PROBLEM = "application/problem+json"
MOST_ACTIVE = 3


@attrs.frozen
class Site:
    """A host on a real server, and the desk behind it."""

    client: HttpClient
    desk: Desk

    def requested(self, title: str = "", **given: object) -> str:
        """Request an export of the tickets with this in the title; return its path below the root."""
        return self.path(self.client.post("/", {**VIEW, "searchTerm": title, **given}))

    def completed(self, title: str = "") -> str:
        path = self.requested(title)
        self.desk.container.worker().drain()
        return path

    def path(self, answer: Answer) -> str:
        return answer["location"].removeprefix(self.client.root)

    def run(self, statement: str) -> None:
        with self.desk.container.engine().begin() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="module", params=["fastapi", "flask", "django", "django-asgi"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("desk")
    desk = make_desk(folder, 20, max_active_jobs_per_user=MOST_ACTIVE)
    with served(request.param, desk.environment) as url:
        yield Site(HttpClient(url), desk)


@pytest.fixture
def site(running: Site) -> Site:
    # Exports of the tests before count as active.
    running.desk.container.worker().drain()
    return running


def is_problem(answer: Answer, status: int, code: str) -> bool:
    """Whether the answer is this problem by RFC 9457."""
    assert (answer.status, answer["content-type"]) == (status, PROBLEM), answer.text
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["type"] == "about:blank"
    assert answer.json["title"]
    assert answer.json["detail"]
    assert answer["cache-control"] == "no-store"
    return True


def test_view_as_json_becomes_an_export(site: Site) -> None:
    answer = site.client.post("/", VIEW)
    assert answer.status == 202
    assert answer["retry-after"].isdigit()
    assert answer["location"] == f"/exports/{answer.json['id']}" == answer.json["links"]["self"]
    assert (answer.json["status"], answer.json["alreadyRequested"]) == ("queued", False)


def test_repeated_view_is_the_same_export(site: Site) -> None:
    first, second = site.client.post("/", VIEW), site.client.post("/", dict(reversed(VIEW.items())))
    assert first.status == second.status == 202
    assert first["location"] == second["location"]
    assert second.json["alreadyRequested"] is True


def test_view_as_a_form_leads_to_the_status_page(site: Site) -> None:
    answer = site.client.submit("/", {"view": json.dumps(VIEW), "columns": ["id"], "order": ["title", "id"]})
    assert answer.status == 303
    assert site.client.get(site.path(answer), accept=HTML).status == 200


def test_refused_form_comes_again_with_what_the_user_typed(site: Site) -> None:
    typed = {"view": json.dumps(VIEW), "columns": ["title"], "order": ["title", "id"], "timeZone": "Mars/Olympus <1>"}
    answer = site.client.submit("/", typed)
    assert (answer.status, answer["content-type"]) == (422, "text/html; charset=utf-8")
    assert 'data-te-page="new"' in answer.text
    assert "Mars/Olympus &lt;1&gt;" in answer.text
    assert "timeZone" in answer.text


def test_new_export_shows_a_view_that_is_posted_and_changes_nothing(site: Site) -> None:
    before = site.client.get("/").json["total"]
    assert 'data-te-page="new"' in site.client.get("/new", accept=HTML).text
    answer = site.client.submit("/new", {"view": json.dumps({**VIEW, "searchTerm": "printer <b>"})})
    assert answer.status == 200
    assert "printer &lt;b&gt;" in answer.text
    assert site.client.get("/").json["total"] == before


def test_exports_are_listed_in_pages(site: Site) -> None:
    paths = [site.completed(title) for title in ("a", "b", "c")]
    answer = site.client.get("/?page=1&pageSize=2")
    assert (answer.status, answer["vary"].lower()) == (200, "accept")
    assert [each["links"]["self"] for each in answer.json["items"]] == [f"/exports{each}" for each in paths[:0:-1]]
    assert answer.json["links"]["next"] == "/exports/?page=2&pageSize=2"
    second = site.client.get("/?page=2&pageSize=2")
    assert second.json["items"][0]["links"]["self"] == f"/exports{paths[0]}"
    assert second.json["links"]["previous"] == "/exports/?page=1&pageSize=2"


def test_list_is_a_page_for_a_browser(site: Site) -> None:
    path = site.completed()
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    answer = site.client.get("/", accept=accept)
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert "accept" in answer["vary"].lower()
    assert f"/exports{path}" in answer.text


@pytest.mark.parametrize("query", ["page=0", "pageSize=0", "page=x", "page=-1", "pageSize=1000000", "page=99999999999"])
def test_page_that_cannot_be_is_refused(site: Site, query: str) -> None:
    answer = site.client.get(f"/?{query}")
    assert is_problem(answer, 422, "invalid-view")
    assert len(answer.json["problems"]) == 1
    assert answer.json["problems"][0].startswith(query.partition("=")[0])


def test_columns_tell_what_may_be_chosen(site: Site) -> None:
    answer = site.client.get("/columns")
    assert answer.status == 200
    assert {each["name"] for each in answer.json["columns"]} > {"id", "title"}
    assert (answer.json["mayRequest"], answer.json["mayDownload"]) == (True, True)
    assert site.client.ask("GET", "/columns", user=STAFF_WITH).json["mayDownload"] is False


def test_status_while_it_waits_says_when_to_ask_again(site: Site) -> None:
    answer = site.client.get(site.requested("waits"))
    assert answer.json["status"] == "queued"
    assert answer["retry-after"].isdigit()
    assert answer.json["links"]["cancel"]


def test_completed_status_is_sent_once(site: Site) -> None:
    path = site.completed("status")
    answer = site.client.get(path)
    assert (answer.status, answer.json["status"], answer.json["progressPercent"]) == (200, "completed", 100)
    assert answer.json["links"]["file"] == f"/exports{path}/file"
    assert "retry-after" not in answer.headers
    again = site.client.get(path, If_None_Match=answer["etag"])
    assert (again.status, again.body, again["etag"]) == (304, b"", answer["etag"])
    assert site.client.get(path, If_None_Match='"another"').status == 200


def test_status_page_is_sent_once(site: Site) -> None:
    path = site.completed("page")
    answer = site.client.get(path, accept=HTML)
    assert 'data-te-page="status"' in answer.text
    assert "accept" in answer["vary"].lower()
    assert site.client.get(path, accept=HTML, If_None_Match=answer["etag"]).status == 304
    # The same tag must not stand for the other form of the same export.
    assert site.client.get(path).headers["etag"] != answer["etag"]


def test_head_has_the_headers_of_get(site: Site) -> None:
    path = site.completed("head")
    for below in ("/", "/new", "/columns", path, f"{path}/file", "/openapi.json", "/static/ticket-export.js", "/nope"):
        get, head = site.client.get(below), site.client.ask("HEAD", below)
        assert (head.status, head.body) == (get.status, b"")
        assert _without_time(head) == _without_time(get)


def _without_time(answer: Answer) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name not in {"date", "set-cookie", "connection"}}


def test_cancelling_twice_is_the_same(site: Site) -> None:
    path = site.requested("cancelled")
    for _ in range(2):
        answer = site.client.post(f"{path}/cancel")
        assert (answer.status, answer["location"]) == (202, f"/exports{path}")
        assert site.client.get(path).json["errorMessage"] == "Cancelled"
    assert site.client.submit(f"{path}/cancel")["location"] == f"/exports{path}"


def test_retrying_twice_is_the_same(site: Site) -> None:
    path = site.requested("retried")
    site.client.post(f"{path}/cancel")
    answers = [site.client.post(f"{path}/retry") for _ in range(2)]
    assert [each.status for each in answers] == [202, 202]
    assert answers[0]["location"] == answers[1]["location"]
    assert site.client.submit(f"{path}/retry")["location"] == answers[0]["location"]


def test_completed_export_is_not_cancelled(site: Site) -> None:
    path = site.completed("too late")
    assert is_problem(site.client.post(f"{path}/cancel"), 409, "ended")
    page = site.client.submit(f"{path}/cancel")
    assert (page.status, 'data-te-page="status"' in page.text) == (409, True)


def test_file_is_the_export(site: Site) -> None:
    path = site.completed("file")
    answer = site.client.get(f"{path}/file")
    assert (answer.status, answer["accept-ranges"]) == (200, "bytes")
    assert "no-store" in answer["cache-control"]
    assert answer["content-disposition"].startswith("attachment; filename=")
    assert answer["repr-digest"].startswith("sha-256=:")
    part = site.client.get(f"{path}/file", Range="bytes=1-3", If_Range=answer["etag"])
    assert (part.status, part["content-range"]) == (206, f"bytes 1-3/{len(answer.body)}")
    assert part.body == answer.body[1:4]
    assert site.client.get(f"{path}/file", Range="bytes=999999-").status == 416
    assert site.client.get(f"{path}/file", If_Match='"another"').status == 412
    assert site.client.get(f"{path}/file", If_None_Match=answer["etag"]).status == 304


def test_every_mistake_of_a_view_is_told_at_once(site: Site) -> None:
    answer = site.client.post("/", {"columns": ["titel"], "sortField": "nope", "timeZone": "Mars", "unknown": 1})
    assert is_problem(answer, 422, "invalid-view")
    assert len(answer.json["problems"]) == 4


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe\xfa", b'{"columns": ["\xff"]}', b"null"])
def test_body_that_is_no_view_is_refused(site: Site, body: bytes) -> None:
    answer = site.client.ask("POST", headers={"Content-Type": "application/json"}, body=body)
    assert is_problem(answer, 422, "invalid-view")


def test_nobody_is_told_to_log_in(site: Site) -> None:
    path = site.completed("nobody")
    for method, below in [("GET", "/"), ("GET", path), ("GET", f"{path}/file"), ("POST", "/"), ("GET", "/columns")]:
        answer = site.client.ask(method, below, user=None)
        assert is_problem(answer, 401, "no-actor")
        assert answer["www-authenticate"]
    assert site.client.ask("GET", "/", user=None, accept=HTML).status == 401
    assert site.client.ask("GET", "/openapi.json", user=None).status == 200
    assert site.client.ask("GET", "/static/ticket-export.css", user=None).status == 200


def test_missing_right_is_refused(site: Site) -> None:
    answer = site.client.ask(
        "POST", user=STAFF_WITHOUT, headers={"Content-Type": "application/json"}, body=json.dumps(VIEW).encode()
    )
    assert is_problem(answer, 403, "not-permitted")
    headers = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
    form = site.client.ask("POST", user=STAFF_WITHOUT, headers=headers, body=b"columns=id")
    assert (form.status, 'data-te-page="new"' in form.text) == (403, True)


@pytest.mark.parametrize("path", [MISSING, f"{MISSING}/file", "/not-an-id", "/not-an-id/file"])
def test_missing_export_is_not_found(site: Site, path: str) -> None:
    assert is_problem(site.client.get(path), 404, "not-found")
    assert 'data-te-page="problem"' in site.client.get(path, accept=HTML).text


@pytest.mark.parametrize("path", ["/a/b/c", f"{MISSING}/nope", "/static/nope.js", "/new/"])
def test_unknown_address_is_not_found(site: Site, path: str) -> None:
    assert is_problem(site.client.get(path), 404, "no-route")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", MISSING, "GET, HEAD, OPTIONS"),
        ("GET", f"{MISSING}/cancel", "POST, OPTIONS"),
        ("POST", "/columns", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
def test_wrong_method_names_the_right_ones(site: Site, method: str, path: str, allowed: str) -> None:
    answer = site.client.ask(method, path)
    assert is_problem(answer, 405, "method")
    assert answer["allow"] == allowed


def test_options_names_the_methods(site: Site) -> None:
    answer = site.client.ask("OPTIONS", "/")
    assert (answer.status, answer["allow"], answer.body) == (200, "GET, POST, HEAD, OPTIONS", b"")


def test_file_of_a_waiting_export_is_not_ready(site: Site) -> None:
    answer = site.client.get(f"{site.requested('not ready')}/file")
    assert is_problem(answer, 409, "not-ready")
    assert answer["retry-after"].isdigit()


def test_file_of_an_expired_export_is_gone(site: Site) -> None:
    path = site.completed("expired")
    key = path.strip("/").replace("-", "")
    site.run(f'UPDATE "ExportJobs" SET "ExpiresAt" = \'2020-01-01 00:00:00.000000\' WHERE "Id" = \'{key}\'')
    assert is_problem(site.client.get(f"{path}/file"), 410, "expired")


def test_too_many_exports_are_refused_for_now(site: Site) -> None:
    for number in range(MOST_ACTIVE):
        site.requested(f"number {number}")
    answer = site.client.post("/", VIEW)
    assert is_problem(answer, 429, "too-many-exports")
    assert answer["retry-after"].isdigit()
    form = site.client.submit("/", {"view": json.dumps(VIEW)})
    assert (form.status, form["retry-after"].isdigit(), 'data-te-page="new"' in form.text) == (429, True, True)


def test_database_that_is_away_is_told_as_such(site: Site) -> None:
    path = site.completed("away")
    site.run('ALTER TABLE "ExportJobs" RENAME TO "Away"')
    try:
        for answer in (site.client.get("/"), site.client.get(f"{path}/file"), site.client.post("/", VIEW)):
            assert is_problem(answer, 503, "database")
            assert answer["retry-after"].isdigit()
            assert "Away" not in answer.text
        assert site.client.get("/", accept=HTML).status == 503
    finally:
        site.run('ALTER TABLE "Away" RENAME TO "ExportJobs"')


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data; boundary=x", "text/csv", "application/xml"])
def test_body_of_another_type_is_refused(site: Site, media_type: str) -> None:
    for path in ("/", "/new"):
        headers = {"Content-Type": media_type, "Sec-Fetch-Site": "same-origin"}
        assert is_problem(site.client.ask("POST", path, headers=headers, body=b"{}"), 415, "media-type")


def test_long_view_is_refused(site: Site) -> None:
    view = json.dumps({**VIEW, "searchTerm": "x" * MAX_JSON}).encode()
    assert is_problem(_posted(site, "application/json", view), 413, "too-large")
    assert is_problem(_posted(site, FORM, b"view=" + b"x" * MAX_BODY), 413, "too-large")
    # More than the frameworks read of a form.
    assert is_problem(_posted(site, FORM, b"view=" + b"x" * 3 * MAX_BODY), 413, "too-large")


def test_form_of_a_wide_catalog_is_read(site: Site) -> None:
    # Django reads 1,000 fields by itself.
    assert _posted(site, FORM, b"&".join([b"order=id"] * 5_000 + [b"columns=id"])).status == 303
    assert is_problem(_posted(site, FORM, b"&".join([b"columns=id"] * 10_001)), 422, "invalid-view")


def _posted(site: Site, media_type: str, body: bytes) -> Answer:
    return site.client.ask("POST", headers={"Content-Type": media_type, "Sec-Fetch-Site": "same-origin"}, body=body)


def test_body_in_chunks_is_read(site: Site) -> None:
    text = json.dumps({**VIEW, "searchTerm": "chunks"}).encode()
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    answer = site.client.ask("POST", headers=headers, body=iter([text[:5], text[5:]]))
    assert answer.status == 202
    answer = site.client.ask("POST", headers=headers, body=iter([b" " * MAX_JSON, text]))
    assert is_problem(answer, 413, "too-large")


def test_address_of_another_user_has_the_words_of_a_missing_one(site: Site) -> None:
    path = site.completed("someone's")
    other, missing = (site.client.ask("GET", each, user=STAFF_WITH) for each in (path, MISSING))
    assert is_problem(other, 404, "not-found")
    assert other.body == missing.body
    assert ADMIN_WITH not in other.text
