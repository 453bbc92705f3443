"""The list of the demo's help desk: what it shows is what the Export button exports."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import urllib.request
from contextlib import ExitStack, suppress
from html import unescape
from typing import Final

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Desk, make_desk
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.entrypoints.cli.demo_desk.app import create_app
from ticket_export.entrypoints.cli.demo_desk.server import served
from ticket_export.entrypoints.cli.exit_codes import BadInputError

_ALL: Final = "status=all"
_FOREIGN: Final = re.compile(r'<style|\sstyle=|<script(?![^>]* src="/)|\son\w+=|(src|href|action)="(https?:|//)')


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return create_app(desk.container).test_client()


def shown_ids(page: str) -> list[str]:
    return re.findall(r'<td class="desk-id"[^>]*><bdi>(\d+)</bdi>', page)


def view_of(page: str) -> dict[str, object]:
    (found,) = re.findall(r'<ticket-export view="([^"]*)"', page)
    view: dict[str, object] = json.loads(unescape(found))
    return view


def link(page: str, label: str) -> str:
    (found,) = re.findall(rf'<a href="([^"]*)"[^>]*>{re.escape(label)}</a>', page)
    return unescape(found)


@pytest.mark.parametrize(
    "query",
    [
        "",
        _ALL,
        "status=closed&sort=title",
        "status=in_progress&priority=urgent&columns=priority&columns=teamName",
        "status=all&search=PRINTER&sort=-contactName&columns=contactName",
        "status=all&search=%C5%82ukasz&columns=assigneeName&sort=-lastModificationTime",
        "status=all&search=nothing-like-this",
    ],
)
def test_every_page_of_the_list_has_the_rows_of_the_file(desk: Desk, client: FlaskClient, query: str) -> None:
    page = client.get(f"/?{query}").text
    view = view_of(page)
    ids = shown_ids(page)
    while 'rel="next"' in page:
        page = client.get(link(page, "Next")).text
        assert view_of(page) == view
        ids += shown_ids(page)
    actor = desk.container.user_directory().find_by_email("admin@example.test")
    assert actor is not None
    job = desk.container.request_export()(actor, view)
    desk.container.worker().drain(stop=StopSignal())
    with desk.container.open_download()(actor, job.id).open() as file:
        header, *rows = csv.reader(io.StringIO(file.read().decode("utf-8-sig"), newline=""))
    assert [row[0] for row in rows] == ids
    assert len(header) == len(view["columns"])  # type: ignore[arg-type]
    assert (len(ids) == 0) == ("No ticket matches." in page) == ("nothing" in query)


def test_a_click_on_a_head_sorts_and_another_one_turns_the_order(client: FlaskClient) -> None:
    page = client.get(link(client.get(f"/?{_ALL}").text, "Ticket ID")).text
    assert view_of(page)["sortField"] == "id"
    assert shown_ids(page) == sorted(shown_ids(page), key=int)
    assert '<th scope="col" aria-sort="ascending"><a' in page
    page = client.get(link(page, "Ticket ID")).text
    assert view_of(page)["sortDirection"] == "desc"
    assert shown_ids(page) == sorted(shown_ids(page), key=int, reverse=True)


def test_switching_the_user_keeps_the_view(client: FlaskClient) -> None:
    query = "status=open&search=vpn&sort=title&columns=priority&columns=teamName&page=2"
    page = client.get(f"/?{query}").text
    (form,) = re.findall(r'<form class="desk-user".*?</form>', page, re.DOTALL)
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    assert kept
    back = client.post(
        "/user",
        data={name: [value for each, value in kept if each == name] for name, _ in kept} | {"user": "viewer"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert back.status_code == 303
    after = client.get(back.location).text
    assert view_of(after) == view_of(page)
    assert shown_ids(after) == shown_ids(page)
    assert 'value="viewer" aria-pressed="true"' in after


@pytest.mark.parametrize(
    "query",
    ["status=none&priority=x&sort=-nope&columns=nope", "page=0", "page=-1", "page=9e9", "page=%C2%B2", "user=x"],
)
def test_what_the_list_does_not_know_has_its_default(client: FlaskClient, query: str) -> None:
    page = client.get(f"/?{query}")
    assert page.status_code == 200
    assert shown_ids(page.text) == shown_ids(client.get("/").text)


def test_a_page_after_the_last_one_is_the_last_one(client: FlaskClient) -> None:
    page = client.get("/?page=99999999").text
    assert shown_ids(page)
    assert 'rel="next"' not in page


def test_a_search_that_cannot_be_exported_says_why(client: FlaskClient) -> None:
    refused = client.get("/?search=a%00b")
    assert refused.status_code == 400
    assert "searchTerm" in refused.text


def test_unknown_users_change_nothing(client: FlaskClient) -> None:
    answer = client.post("/user", data={"user": "root"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Set-Cookie" not in answer.headers


def test_a_page_has_no_script_or_style_of_its_own_and_nothing_of_another_site(client: FlaskClient) -> None:
    for path in ("/", "/?search=a%00b", "/exports/"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not _FOREIGN.search(answer.text)


def test_text_of_tickets_is_text(client: FlaskClient) -> None:
    page = client.get("/?status=all&search=HYPERLINK").text
    assert "=HYPERLINK(&#34;http://example.test&#34;" in page
    assert client.get("/?search=%3Cb%3E").text.count("<b>") == 0


def test_the_desk_is_served_at_the_next_free_port_and_no_longer_than_asked(desk: Desk) -> None:
    app = create_app(desk.container)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with served(app, taken.getsockname()[1]) as port:
            assert port != taken.getsockname()[1]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as response:
                assert response.status == 200
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0


def test_no_free_port_is_told(desk: Desk) -> None:
    last = 65_535
    with ExitStack() as stack:
        # Another program may have it already.
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", last)))
        with pytest.raises(BadInputError, match=r"^--port: cannot listen on 127\.0\.0\.1, port 65535: "):
            stack.enter_context(served(create_app(desk.container), last))
