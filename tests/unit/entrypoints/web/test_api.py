"""The API on in-memory adapters: its rules, and hostile requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import attrs
import pytest
from dependency_injector.providers import Factory
from hypothesis import given
from hypothesis import strategies as st

from ticket_export import Actor, ConfigurationError, SystemPermissions, TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.messages import FORM, METHODS, CsrfToken, WebRequest, WebResponse
from ticket_export.errors import JobDatabaseError, StorageError
from ticket_export.ports import TicketColumns, User
from ticket_export.testing.memory import (
    InMemoryAuditLog,
    InMemoryClock,
    InMemoryDatabase,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicket,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

ADA = User(id=UUID(int=1), first_name="Ada", last_name="Byron", email_address="ada@example.test", is_admin=True)
AS_ADA = Actor(user_id=ADA.id, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
STRANGER = Actor(user_id=UUID(int=2), permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


class BrokenStorage(InMemoryStorage):
    def open_reader(self, key: str, start: int = 0) -> NoReturn:
        raise StorageError(f"{key} cannot be read: password=secret")


@attrs.frozen
class Desk:
    container: TicketExportContainer
    api: ExportsApi

    @classmethod
    def made(cls) -> Desk:
        container, database, now = TicketExportContainer(), InMemoryDatabase(), datetime.now(UTC)
        users = InMemoryUserDirectory(database)
        users.add(ADA, AS_ADA.permissions)
        tickets = [InMemoryTicket(id=1, created_at=now - timedelta(days=1), values={"id": 1, "title": "Printer"})]
        container.clock.override(InMemoryClock(now))
        container.unit_of_work.override(Factory(InMemoryUnitOfWork, database))
        container.user_directory.override(users)
        container.ticket_source.override(InMemoryTicketSource(container.catalog().describe(), tickets))
        container.task_queue.override(InMemoryTaskQueue())
        container.storage.override(InMemoryStorage())
        container.audit_log.override(InMemoryAuditLog())
        return cls(container, ExportsApi(container))

    def completed(self) -> UUID:
        job_id = self.container.request_export()(AS_ADA, {"columns": ["id"]}).id
        self.container.worker().drain()
        return job_id

    def ask(self, method: str, path: str, actor: Actor | None = AS_ADA, **given: object) -> WebResponse:
        request = WebRequest(method=method, path=path, root="/exports", host="desk.example", **given)  # type: ignore[arg-type]
        return self.api.handle(request, actor)


@pytest.fixture
def desk() -> Desk:
    return Desk.made()


# One for all examples: a hostile request changes nothing that matters to the next.
SHARED = Desk.made()
COMPLETED = SHARED.completed()

SEGMENT = st.one_of(
    st.sampled_from(
        ["", "new", "columns", "file", "cancel", "retry", "static", "openapi.json", "ticket-export.js", ".."]
    ),
    st.sampled_from([str(COMPLETED), str(COMPLETED).upper(), f"{COMPLETED}\n", str(UUID(int=0)), "{" + str(COMPLETED)]),
    st.text(max_size=20),
)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))
LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.one_of(st.sampled_from(["text/html", "application/json", "image/*", "*/*;q=x"]), LATIN),
        "accept-language": LATIN,
        "content-type": st.one_of(st.sampled_from([FORM, "application/json", "text/plain", "x/y+json"]), LATIN),
        "sec-fetch-site": st.sampled_from(["same-origin", "cross-site", ""]),
        "origin": st.one_of(st.sampled_from(["http://[", "null", "http://desk.example"]), LATIN),
        "range": st.one_of(st.sampled_from(["bytes=0-1", "bytes=-1", "bytes=9-1", "bytes=0-1,2-3"]), LATIN),
        "if-none-match": LATIN,
        "if-match": LATIN,
        "if-range": LATIN,
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
VIEW = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(st.sampled_from(["id", "title", "nope"]), max_size=3) | JSON,
        "filters": JSON,
        "searchTerm": st.text(max_size=20) | JSON,
        "sortField": st.sampled_from(["id", "nope"]) | JSON,
        "timeZone": st.sampled_from(["UTC", "Mars"]) | JSON,
        "scope": JSON,
        "file": JSON,
        "viewId": JSON,
    },
).map(lambda view: json.dumps(view).encode())
FIELD = st.sampled_from(
    ["view", "columns", "order", "file", "sortField", "sortDirection", "timeZone", "up", "down", "x"]
)
FIELDS = st.lists(st.tuples(FIELD, st.binary(max_size=20) | VIEW), max_size=6).map(
    lambda fields: b"&".join(b"%s=%s" % (name.encode(), text.replace(b"&", b"%26")) for name, text in fields)
)
BODY = st.one_of(st.binary(max_size=60), VIEW, FIELDS, st.just(b"[" * 100_000))
ACTOR = st.sampled_from([AS_ADA, STRANGER, None])


@given(
    method=st.sampled_from(METHODS),
    path=PATH,
    query=LATIN | st.sampled_from(["page=0", "page=9999999999&pageSize=100", "page=-1", "pageSize=%00"]),
    headers=HEADERS,
    body=BODY,
    actor=ACTOR,
)
def test_no_request_is_a_defect(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, actor: Actor | None
) -> None:
    answer = SHARED.ask(method, path, actor, query=query, headers=headers, body=body)
    try:
        assert answer.status < 500
        content = b"".join(answer.blocks)
        assert method == "HEAD" or answer.status == 304 or answer.headers["Content-Length"] == str(len(content))
        for name, text in answer.headers.items():
            assert name.isascii()
            assert text.isascii()
            assert text.isprintable()
    finally:
        answer.close()


@given(body=VIEW | FIELDS, is_form=st.booleans(), accept=st.sampled_from(["text/html", "application/json"]))
def test_no_body_is_a_defect(body: bytes, is_form: bool, accept: str) -> None:
    headers = {
        "content-type": FORM if is_form else "application/json",
        "accept": accept,
        "sec-fetch-site": "same-origin",
    }
    for path in ("/", "/new"):
        answer = SHARED.ask("POST", path, headers=headers, body=body)
        assert answer.status in {200, 202, 303, 415, 422, 429}
        if answer.status == 422 and not is_form and accept != "text/html":
            assert isinstance(answer.body, bytes)
            assert json.loads(answer.body)["problems"]


def test_configuration_error_is_the_hosts_to_answer(desk: Desk) -> None:
    with desk.container.ticket_source.override(_BrokenSource()), pytest.raises(ConfigurationError):
        desk.ask("GET", "/columns")


class _BrokenSource(InMemoryTicketSource):
    def __init__(self) -> None:
        super().__init__(TicketColumns([]), [])

    def columns(self, actor: Actor) -> NoReturn:
        raise ConfigurationError("the rule of the host fails")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_database_that_is_away_is_503_and_says_nothing_of_it(desk: Desk, accept: str) -> None:
    def away() -> NoReturn:
        raise JobDatabaseError("connection to 10.0.0.1 as secret failed")

    desk.container.unit_of_work.override(Factory(away))
    for method, path in [
        ("GET", "/"),
        ("GET", f"/{uuid4()}"),
        ("GET", f"/{uuid4()}/file"),
        ("POST", f"/{uuid4()}/cancel"),
    ]:
        answer = desk.ask(method, path, headers={"accept": accept})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert isinstance(answer.body, bytes)
        assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/", "/{job_id}/cancel", "/{job_id}/retry"])
@pytest.mark.parametrize("kind", [FORM, "application/json"])
def test_log_has_the_cause_of_an_outage_whatever_the_user_is_shown(
    desk: Desk, caplog: pytest.LogCaptureFixture, path: str, kind: str
) -> None:
    job_id = desk.completed()
    page = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    clock = desk.container.clock()
    assert isinstance(clock, InMemoryClock)
    clock.advance(timedelta(minutes=1))
    # Then the state of the export is known without the database for a second.
    assert desk.ask("GET", f"/{job_id}", headers=page).status == 200

    def away() -> NoReturn:
        raise JobDatabaseError("connection to 10.0.0.1 as secret failed")

    desk.container.unit_of_work.override(Factory(away))
    body = b"columns=id" if kind == FORM else b'{"columns": ["id"]}'
    answer = desk.ask("POST", path.format(job_id=job_id), headers={**page, "content-type": kind}, body=body)
    assert answer.status == 503
    assert [each.message for each in caplog.records] == [
        "a request for exports failed: connection to 10.0.0.1 as secret failed"
    ]


def test_storage_that_fails_is_503_and_says_nothing_of_it(desk: Desk) -> None:
    job_id = desk.completed()
    desk.container.storage.override(BrokenStorage())
    answer = desk.ask("GET", f"/{job_id}/file")
    assert answer.status == 503
    assert isinstance(answer.body, bytes)
    assert b"secret" not in answer.body


def test_head_opens_no_file_and_records_no_download(desk: Desk) -> None:
    job_id = desk.completed()
    answer = desk.ask("HEAD", f"/{job_id}/file")
    assert (answer.status, answer.body) == (200, b"")
    audit_log = desk.container.audit_log()
    assert isinstance(audit_log, InMemoryAuditLog)
    assert "downloaded" not in {str(each.action) for each in audit_log.entries}


def test_token_is_made_for_pages_only(desk: Desk) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("token")
        return "token"

    csrf = CsrfToken(name="token", make=make)
    for path in ("/", "/columns", f"/{desk.completed()}"):
        desk.ask("GET", path, csrf=csrf)
    assert made == []
    desk.ask("GET", "/new", csrf=csrf)
    assert made == ["token"]


def test_id_is_read_in_any_case(desk: Desk) -> None:
    job_id = desk.completed()
    assert desk.ask("GET", f"/{str(job_id).upper()}").status == 200
    assert desk.ask("GET", f"/{job_id.hex}").status == 404
    assert desk.ask("GET", f"/{job_id}\n").status == 404


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_login_that_returns_to_the_address_of_a_form_arrives_at_the_export(desk: Desk, action: str) -> None:
    job_id = desk.completed()
    page = desk.ask("GET", f"/{job_id}/{action}", headers={"accept": "text/html"})
    assert (page.status, page.headers["Location"]) == (303, f"/exports/{job_id}")
    # A program is told, and no other text becomes an address.
    assert desk.ask("GET", f"/{job_id}/{action}").status == 405
    assert desk.ask("GET", f"/\\evil.example/{action}", headers={"accept": "text/html"}).status == 405


def test_answer_to_a_change_has_the_links_of_the_status_after_it(desk: Desk) -> None:
    def links_of(method: str, path: str, body: bytes = b"") -> dict[str, str | None]:
        answer = desk.ask(method, path, headers={"content-type": "application/json"}, body=body)
        assert isinstance(answer.body, bytes)
        links: dict[str, str | None] = json.loads(answer.body)["links"]
        return links

    requested = links_of("POST", "/", b'{"columns": ["id"]}')
    path = str(requested["self"]).removeprefix("/exports")
    assert requested == links_of("GET", path)
    assert links_of("POST", f"{path}/cancel") == links_of("GET", path)
    again = links_of("POST", f"{path}/retry")
    assert again == links_of("GET", str(again["self"]).removeprefix("/exports"))


def test_mistakes_of_a_view_that_is_requested_again_are_told_in_the_language_of_the_page(desk: Desk) -> None:
    job_id = desk.container.request_export()(AS_ADA, {"columns": ["title", "id", "status"]}).id
    desk.container.worker().drain()
    # The host does not offer two of them any more.
    left = TicketColumns([each for each in desk.container.catalog().describe() if each.name not in {"id", "status"}])
    desk.container.ticket_source.override(InMemoryTicketSource(left, []))
    page = {"accept": "text/html", "content-type": FORM, "sec-fetch-site": "same-origin", "accept-language": "de"}
    refused = desk.ask("POST", f"/{job_id}/retry", headers=page)
    assert refused.status == 422
    assert isinstance(refused.body, bytes)
    assert [f"Unbekannte Spalte: &#39;{name}&#39;" in refused.body.decode() for name in ("id", "status")] == [True] * 2
    assert 'lang="en"' not in refused.body.decode()


@pytest.mark.parametrize(("code", "known"), [("de", "bereits beendet"), ("ar", "انتهى التصدير بالفعل")])
def test_refused_cancellation_is_told_in_the_language_of_the_page(desk: Desk, code: str, known: str) -> None:
    page = {"accept": "text/html", "content-type": FORM, "sec-fetch-site": "same-origin", "accept-language": code}
    refused = desk.ask("POST", f"/{desk.completed()}/cancel", headers=page)
    assert refused.status == 409
    assert isinstance(refused.body, bytes)
    assert known in refused.body.decode()


def test_refused_cancellation_shows_the_export_as_it_is_now(desk: Desk) -> None:
    made = desk.container.request_export()(AS_ADA, {"columns": ["id"]})
    clock = desk.container.clock()
    assert isinstance(clock, InMemoryClock)
    clock.advance(timedelta(minutes=1))
    page = {"accept": "text/html", "content-type": FORM, "sec-fetch-site": "same-origin"}
    assert b"The export is waiting" in desk.ask("GET", f"/{made.id}", headers=page).body
    desk.container.worker().drain()
    refused = desk.ask("POST", f"/{made.id}/cancel", headers=page)
    assert refused.status == 409
    assert b"The export is ready" in refused.body
