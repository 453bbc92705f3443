"""Agents export the tickets of their team. DATABASE_URL names a new SQLite file."""

import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

import ticket_export as te
from flask_integer_users.exports import actor_of, container
from flask_integer_users.help_desk import Agent, Ticket, app, db

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
VIEW = {"columns": ["id", "title", "agent"], "sortField": "id"}


def run(*words: str) -> None:
    """Run a command of the library in a process of its own, as an operator does."""
    command: list[Path | str] = [
        Path(sys.executable).with_name("ticket-export"),
        "--app",
        "flask_integer_users.exports:container",
    ]
    subprocess.run([*command, *words], cwd=Path(__file__).parents[1], check=True, timeout=240)


@pytest.fixture(scope="module", autouse=True)
def desk() -> None:
    with app.app_context():
        db.create_all()  # the help desk has its own migrations
        db.session.add(Agent(id=7, login="ada", nickname="Ada", token="ada", team="network"))
        db.session.add(Agent(id=8, login="bob", token="bob", team="billing"))
        db.session.add(Agent(id=9, login="grace", token="grace", team="billing", is_lead=True))
        db.session.flush()
        for title, team, agent_id in [("Wi-Fi", "network", 7), ("Invoice", "billing", 8), ("VPN", "network", None)]:
            db.session.add(Ticket(title=title, state="open", team=team, cost=50, agent_id=agent_id))
            db.session.flush()
        db.session.commit()
    run("migrate")


def login(token: str) -> FlaskClient:
    """Return the browser of this agent."""
    client = app.test_client()
    client.post("/login", data={"token": token})
    return client


def request(client: FlaskClient, view: Mapping[str, object]) -> str:
    """Request an export, and return its path."""
    answer = client.post("/exports/", json=view)
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def file_of(client: FlaskClient, view: Mapping[str, object]) -> list[str]:
    """Export the view, and return the lines of the file."""
    path = request(client, view)
    run("worker", "--drain")
    assert client.get(path).get_json()["status"] == "completed"
    answer = client.get(f"{path}/file")
    assert answer.status_code == 200, answer.text
    return answer.get_data(as_text=True).removeprefix("\ufeff").splitlines()


def test_the_setup_is_sound() -> None:
    assert list(container.check()) == []


def test_an_agent_exports_the_tickets_of_their_team_and_no_others() -> None:
    ada = login("ada")
    assert file_of(ada, VIEW) == ["Ticket,Title,Agent", "1,Wi-Fi,Ada", "3,VPN,"]
    assert re.findall("<li>(.*?)</li>", ada.get("/tickets").text) == ["Wi-Fi", "VPN"]


def test_a_lead_exports_every_ticket_with_its_cost() -> None:
    view = {"columns": ["title", "agent", "cost"], "sortField": "title"}
    assert file_of(login("grace"), view) == ["Title,Agent,Cost", "Invoice,bob,50", "VPN,,50", "Wi-Fi,Ada,50"]


def test_the_requester_has_the_one_name_that_the_help_desk_knows() -> None:
    jobs = [login(token).post("/exports/", json=VIEW).get_json() for token in ("ada", "bob")]
    assert [(job["requesterUserId"], job["requesterName"]) for job in jobs] == [(7, "Ada"), (8, "bob")]


def test_the_export_of_a_colleague_looks_like_a_missing_one() -> None:
    path, theirs = request(login("ada"), {**VIEW, "searchTerm": "Wi-Fi"}), login("bob")
    run("worker", "--drain")
    for shown in (path, f"{path}/file"):
        answers = [theirs.get(each) for each in (shown, shown.replace(path, f"/exports/{uuid4()}"))]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].data == answers[1].data
    with app.app_context():
        bob = actor_of(db.session.get_one(Agent, 8))
    with pytest.raises(te.ExportNotFoundError):
        container.retry_export()(bob, UUID(path.removeprefix("/exports/")))


def test_a_column_for_leads_does_not_exist_for_an_agent() -> None:
    ada = login("ada")
    answers = {name: ada.post("/exports/", json={"columns": ["id", name]}) for name in ("cost", "post")}
    assert {answer.status_code for answer in answers.values()} == {422}
    assert "title" in answers["post"].text
    assert "cost" not in answers["post"].text
    assert answers["cost"].text.replace("cost", "post") == answers["post"].text


def test_an_agent_who_has_left_gets_no_file() -> None:
    client = login("bob")
    path = request(client, {**VIEW, "searchTerm": "Invoice"})
    with app.app_context():
        bob = db.session.get_one(Agent, 8)
        bob.left_at = datetime.now(UTC)
        db.session.commit()
        run("worker", "--drain")
        job = container.get_export()(actor_of(bob), UUID(path.removeprefix("/exports/")))
        assert job.status == "failed"
        assert client.get(path).status_code == 401
        bob.left_at = None
        db.session.commit()
    assert client.get(f"{path}/file").status_code == 409


def test_the_button_of_the_list_exports_the_shown_tickets_by_the_pages_alone() -> None:
    ada = login("ada")
    listed = ada.get("/tickets?search=wi-").text
    (view,) = re.findall(r"<ticket-export view='(.+)'>", listed)
    chooser = ada.post("/exports/new", data={"view": view}, headers=BROWSER)
    assert (chooser.status_code, "Title" in chooser.text) == (200, True)
    form = {"view": view, "order": ["title", "id"], "columns": "title", "file": "csv"}
    sent = ada.post("/exports/", data=form, headers=BROWSER)
    assert sent.status_code == 303, sent.text
    run("worker", "--drain")
    status = ada.get(sent.headers["Location"], headers=BROWSER)
    assert f"{sent.headers['Location']}/file" in status.text
    file = ada.get(f"{sent.headers['Location']}/file")
    assert file.data.decode("utf-8-sig").splitlines() == ["Title", "Wi-Fi"]


def test_a_form_of_another_site_requests_nothing() -> None:
    forged = login("ada").post("/exports/", data={"view": "{}"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403


def test_a_stranger_is_sent_away() -> None:
    assert login("eve").post("/exports/", json=VIEW).status_code == 401


class Undecided(te.ExportPolicy):
    def may_request(self, actor: te.Actor) -> bool:
        raise ValueError("the salary of Ada")


def test_a_mistake_of_the_application_is_not_told_to_the_user() -> None:
    with container.policy.override(Undecided()):
        answer = login("ada").post("/exports/", json=VIEW)
    assert answer.status_code == 500
    assert "may_request" not in answer.text
