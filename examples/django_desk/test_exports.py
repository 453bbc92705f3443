"""Agents export the tickets of their groups. DATABASE_FILE names a new SQLite file."""

import html
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import django
import pytest
from django.core.management import call_command
from django.test import Client

django.setup()

from django.contrib.auth.models import Group, Permission, User  # noqa: E402

import ticket_export as te  # noqa: E402
from django_help_desk.exports import actor_of, container  # noqa: E402
from django_help_desk.models import Ticket  # noqa: E402

BROWSER = {"accept": "text/html"}
VIEW = {"columns": ["id", "title"], "sortField": "id"}


def run(*words: str) -> None:
    """Run a command of the library in a process of its own, as an operator does."""
    command: list[Path | str] = [
        Path(sys.executable).with_name("ticket-export"),
        "--app",
        "django_help_desk.worker:container",
    ]
    subprocess.run([*command, *words], cwd=Path(__file__).parents[1], check=True, timeout=240)


@pytest.fixture(scope="module", autouse=True)
def desk() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    may_export = Permission.objects.get(codename="export_ticket")
    for name, team in [("ada", "network"), ("bob", "billing"), ("eve", "network")]:
        user = User.objects.create_user(name)
        user.groups.add(Group.objects.get_or_create(name=team)[0])
        if name != "eve":
            user.user_permissions.add(may_export)
    User.objects.create_superuser("grace")
    for title, team in [("Wi-Fi", "network"), ("Invoice", "billing"), ("VPN", "network")]:
        Ticket.objects.create(title=title, team=team, cost=50)
    run("migrate")


def login(name: str) -> Client:
    """Return the browser of this user, whose requests Django protects as those of a real one."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username=name))
    return client


def request(client: Client, view: Mapping[str, object]) -> str:
    """Request an export, and return its path."""
    answer = client.post("/exports/", view, content_type="application/json")
    assert answer.status_code == 202, answer.content
    return str(answer.headers["Location"])


def file_of(client: Client, view: Mapping[str, object]) -> list[str]:
    """Export the view, and return the lines of the file."""
    path = request(client, view)
    run("worker", "--drain")
    assert client.get(path).json()["status"] == "completed"
    return lines_of(client, f"{path}/file")


def lines_of(client: Client, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200
    return bytes(answer.getvalue()).decode("utf-8-sig").splitlines()


def submit(client: Client, path: str, form: Mapping[str, object]) -> Any:
    """Submit a form as a browser does."""
    sent = urlencode(form, doseq=True)
    return client.post(path, sent, content_type="application/x-www-form-urlencoded", headers=BROWSER)


def test_the_setup_is_sound() -> None:
    assert list(container.check()) == []


def test_an_agent_exports_the_tickets_of_their_group_and_no_others() -> None:
    ada = login("ada")
    assert file_of(ada, VIEW) == ["Ticket,Title", "1,Wi-Fi", "3,VPN"]
    assert re.findall("<li>(.*?)</li>", ada.get("/tickets").text) == ["Wi-Fi", "VPN"]


def test_a_superuser_exports_every_ticket_with_its_cost() -> None:
    view = {"columns": ["title", "cost"], "sortField": "title"}
    assert file_of(login("grace"), view) == ["Title,Cost", "Invoice,50", "VPN,50", "Wi-Fi,50"]


def test_an_agent_without_the_permission_requests_nothing() -> None:
    assert login("eve").post("/exports/", VIEW, content_type="application/json").status_code == 403


def test_an_agent_who_loses_the_permission_before_the_export_runs_gets_no_file() -> None:
    client = login("bob")
    path, bob = request(client, VIEW), User.objects.get(username="bob")
    rights = list(bob.user_permissions.all())
    bob.user_permissions.clear()
    try:
        run("worker", "--drain")
    finally:
        bob.user_permissions.set(rights)
    assert client.get(path).json()["status"] == "failed"


def test_the_export_of_a_colleague_looks_like_a_missing_one() -> None:
    path, theirs = request(login("ada"), {**VIEW, "searchTerm": "Wi-Fi"}), login("bob")
    run("worker", "--drain")
    for shown in (path, f"{path}/file"):
        answers = [theirs.get(each) for each in (shown, shown.replace(path, f"/exports/{uuid4()}"))]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    with pytest.raises(te.ExportNotFoundError):
        container.retry_export()(actor_of(User.objects.get(username="bob")), UUID(path.removeprefix("/exports/")))


def test_the_button_of_the_list_exports_the_shown_tickets_by_the_pages_alone() -> None:
    ada = login("ada")
    (view,) = re.findall('<ticket-export view="(.+)">', ada.get("/tickets?search=wi-").text)
    # The token of a form is in the page *New export*, which the button opens.
    opened = ada.get("/exports/new", headers=BROWSER).text
    (token,) = set(re.findall('name="csrfmiddlewaretoken" value="(.+?)"', opened))
    form = {"csrfmiddlewaretoken": token, "view": html.unescape(view)}
    chooser = submit(ada, "/exports/new", form)
    assert (chooser.status_code, "Title" in chooser.text) == (200, True)
    sent = submit(ada, "/exports/", form | {"order": ["title", "id"], "columns": "title", "file": "csv"})
    assert sent.status_code == 303
    run("worker", "--drain")
    path = sent.headers["Location"]
    assert f"{path}/file" in ada.get(path, headers=BROWSER).text
    assert lines_of(ada, f"{path}/file") == ["Title", "Wi-Fi"]


def test_a_form_without_the_token_of_django_requests_nothing() -> None:
    assert submit(login("ada"), "/exports/", {"view": "{}"}).status_code == 403


def test_a_stranger_is_sent_away() -> None:
    assert Client().post("/exports/", VIEW, content_type="application/json").status_code == 401
    assert Client().get("/tickets").headers["Location"].startswith("/accounts/login/")
