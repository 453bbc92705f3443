"""The help desk of the demo, over HTTP, as the real command serves it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.e2e.command_line import run_command, run_script
from tests.e2e.served_demo import Answer, ServedDemo, Visitor, served_demo

_LIMIT: Final = 60
_VIEW: Final = "?status=open&priority=all&search=vpn&sort=title&columns=contactName&columns=creationTime"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDemo]:
    with served_demo(tmp_path_factory.mktemp("demo"), "--port", "0", "--tickets", "600") as served:
        yield served


@pytest.fixture
def visitor(demo: ServedDemo) -> Visitor:
    return Visitor(demo.url)


def exported(visitor: Visitor, demo: ServedDemo, view: str) -> str:
    """Request an export by the form; return its path when it has ended."""
    form = [("view", view), *(("columns", name) for name in json.loads(view)["columns"]), ("file", "csv")]
    asked = visitor.post("exports/", form)
    assert asked.status == 200, asked.text
    path = asked.url.removeprefix(demo.url)
    assert re.fullmatch(r"exports/[0-9a-f-]{36}", path), path
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        if 'data-te-active="false"' in (page := visitor.get(path).text):
            assert 'data-te-state="completed"' in page
            return path
        time.sleep(0.1)
    raise AssertionError("the export does not end")


def rows(file: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.body.decode("utf-8-sig"), newline="")))


def test_an_administrator_exports_the_list_and_downloads_its_rows(demo: ServedDemo, visitor: Visitor) -> None:
    page = visitor.get(_VIEW)
    assert page.status == 200
    file = visitor.get(f"{exported(visitor, demo, page.view)}/file")
    assert (file.status, file.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    header, *tickets = rows(file)
    assert header == ["Ticket ID", "Title", "Contact", "Created"]
    assert 0 < len(tickets) <= 25
    # The list and the file have the same tickets in the same order.
    assert re.findall(r'<td class="desk-id"[^>]*><bdi>(\d+)</bdi>', page.text) == [ticket[0] for ticket in tickets]
    assert f"–{len(tickets)} of {len(tickets)} tickets" in page.text


def test_staff_may_export_but_are_told_before_and_after_that_they_cannot_download(
    demo: ServedDemo, visitor: Visitor
) -> None:
    page = visitor.post("user", [("user", "staff")])
    assert 'value="staff" aria-pressed="true"' in page.text
    told = "you cannot download its file"
    assert told in visitor.post("exports/new", [("view", page.view)]).text
    path = exported(visitor, demo, page.view)
    assert told in visitor.get(path).text
    refused = visitor.get(f"{path}/file")
    assert refused.status == 403
    assert "Ticket ID" not in refused.text


def test_a_viewer_may_not_export(demo: ServedDemo, visitor: Visitor) -> None:
    page = visitor.post("user", [("user", "viewer")])
    assert "You may not export tickets." in visitor.post("exports/new", [("view", page.view)]).text
    assert visitor.post("exports/", [("view", page.view), ("columns", "id"), ("file", "csv")]).status == 403


def test_the_pages_of_exports_lead_back_to_the_list(visitor: Visitor) -> None:
    for path in ("exports/", "exports/new", "exports/00000000-0000-0000-0000-000000000000"):
        assert '<a href="/">Tickets</a>' in visitor.get(path).text


def test_another_sites_name_for_this_machine_is_refused(demo: ServedDemo, visitor: Visitor) -> None:
    port = urlsplit(demo.url).port
    for path in ("", "exports/", "exports/openapi.json", "static/desk.css"):
        assert visitor.get(path, {"Host": f"desk.example:{port}"}).status == 400
        assert visitor.get(path, {"Host": f"localhost:{port}"}).status == 200
    assert visitor.post("user", [("user", "staff")], {"Host": f"desk.example:{port}"}).status == 400


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://desk.example"}, {}],
)
def test_a_page_of_another_site_cannot_switch_the_user(visitor: Visitor, headers: dict[str, str]) -> None:
    assert visitor.post("user", [("user", "viewer")], headers).status == 403
    assert list(visitor.cookies) == []


def test_scripts_and_other_sites_do_not_get_the_cookie(visitor: Visitor) -> None:
    visitor.post("user", [("user", "staff")])
    (cookie,) = visitor.cookies
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_only_the_address_127_0_0_1_is_served(demo: ServedDemo) -> None:
    port = urlsplit(demo.url).port
    with socket.socket() as client:
        client.settimeout(5)
        assert client.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_ends_at_once_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    with served_demo(tmp_path, "--port", "0", "--tickets", "30") as served:
        address = urlsplit(served.url)
        # A browser keeps its connection.
        with socket.create_connection(("127.0.0.1", int(address.port or 0)), timeout=_LIMIT):
            began = time.monotonic()
            ended = served.stop(number)
            # Before the limit of a browser's pause.
            assert time.monotonic() - began < 25
        with pytest.raises(ProcessLookupError):
            os.killpg(served.process.pid, 0)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(address.port or 0)), timeout=_LIMIT)
    assert ended.exit_code == 0
    assert ended.text.endswith(f"\nThe help desk is at {served.url}\nStop it with Ctrl-C.\n")
    assert ended.problems == []
    assert "Traceback" not in ended.err


def test_a_port_in_use_is_replaced_by_the_next_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with served_demo(tmp_path, "--port", str(port), "--tickets", "30") as served:
            assert Visitor(served.url).get("").status == 200
            ended = served.stop(signal.SIGTERM)
    assert f" (port {port} is in use)\n" in ended.text


def test_another_demo_leaves_the_folder_of_a_running_one_alone(demo: ServedDemo, visitor: Visitor) -> None:
    for options in (["--web", "--port", "0"], []):
        ended = run_script("demo", *options, folder=demo.folder)
        assert ended.exit_code == 2
        assert ended.problems == [
            "--folder: another demo uses ticket-export-demo; stop it, or name another folder",
        ]
    assert visitor.get("").status == 200


def test_without_flask_one_line_names_the_extra_and_nothing_is_created(tmp_path: Path) -> None:
    hidden, folder = tmp_path / "hidden", tmp_path / "folder"
    hidden.mkdir()
    folder.mkdir()
    (hidden / "flask.py").write_text("raise ModuleNotFoundError(\"No module named 'flask'\", name='flask')\n")
    ended = run_script("demo", "--web", folder=folder, settings={"PYTHONPATH": str(hidden)})
    assert ended.exit_code == 2
    assert ended.err == (
        "error: ticket-export demo --web needs an optional dependency: pip install 'ticket-export[flask]'\n"
    )
    assert list(folder.iterdir()) == []


def test_a_port_without_the_web_is_refused(tmp_path: Path) -> None:
    ended = run_command("demo", "--port", "8000", "--folder", str(tmp_path / "demo"))
    assert (ended.exit_code, ended.problems) == (2, ["--port: needs --web"])
    assert list(tmp_path.iterdir()) == []
