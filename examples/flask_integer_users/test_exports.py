"""Agents export the tickets of their team. DATABASE_URL names a new SQLite file."""

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

VIEW = {"columns": ["id", "title", "agent"], "sortField": "id"}


def run(*words: str) -> None:
    """Run a command of the library in a process of its own, as an operator does."""
    command: list[Path | str] = [
        Path(sys.executable).with_name("ticket-export"),
        "--app",
        "flask_integer_users.exports:container",
    ]
    subprocess.run([*command, *words], cwd=Path(__file__).parents[1], check=True, timeout=240)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
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
    return app.test_client()


def request(client: FlaskClient, token: str, view: Mapping[str, object]) -> str:
    """Request an export, and return its path."""
    answer = client.post("/exports", json=view, headers=login(token))
    assert answer.status_code == 202, answer.text
    return f"/exports/{answer.get_json()['id']}"


def file_of(client: FlaskClient, token: str, view: Mapping[str, object]) -> list[str]:
    """Export the view, and return the lines of the file."""
    path = request(client, token, view)
    run("worker", "--drain")
    assert client.get(path, headers=login(token)).get_json()["status"] == "completed"
    answer = client.get(f"{path}/file", headers=login(token))
    assert answer.status_code == 200, answer.text
    return answer.get_data(as_text=True).removeprefix("\ufeff").splitlines()


def login(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_setup_is_sound(client: FlaskClient) -> None:
    assert list(container.check()) == []


def test_an_agent_exports_the_tickets_of_their_team_and_no_others(client: FlaskClient) -> None:
    assert file_of(client, "ada", VIEW) == ["Ticket,Title,Agent", "1,Wi-Fi,Ada", "3,VPN,"]
    assert client.get("/tickets", headers=login("ada")).get_json() == ["Wi-Fi", "VPN"]


def test_a_lead_exports_every_ticket_with_its_cost(client: FlaskClient) -> None:
    view = {"columns": ["title", "agent", "cost"], "sortField": "title"}
    assert file_of(client, "grace", view) == ["Title,Agent,Cost", "Invoice,bob,50", "VPN,,50", "Wi-Fi,Ada,50"]


def test_the_requester_has_the_one_name_that_the_help_desk_knows(client: FlaskClient) -> None:
    jobs = {token: client.post("/exports", json=VIEW, headers=login(token)).get_json() for token in ("ada", "bob")}
    assert [(job["requesterUserId"], job["requesterName"]) for job in jobs.values()] == [(7, "Ada"), (8, "bob")]


def test_the_export_of_a_colleague_looks_like_a_missing_one(client: FlaskClient) -> None:
    path = request(client, "ada", {**VIEW, "searchTerm": "Wi-Fi"})
    run("worker", "--drain")
    for shown in (path, f"{path}/file"):
        theirs = client.get(shown, headers=login("bob"))
        missing = client.get(shown.replace(path, f"/exports/{uuid4()}"), headers=login("bob"))
        assert (theirs.status_code, missing.status_code) == (404, 404)
    with app.app_context():
        bob = actor_of(db.session.get_one(Agent, 8))
    with pytest.raises(te.ExportNotFoundError):
        container.retry_export()(bob, UUID(path.removeprefix("/exports/")))


def test_a_column_for_leads_does_not_exist_for_an_agent(client: FlaskClient) -> None:
    answers = {
        name: client.post("/exports", json={"columns": ["id", name]}, headers=login("ada")) for name in ("cost", "post")
    }
    assert {answer.status_code for answer in answers.values()} == {422}
    assert "title" in answers["post"].text
    assert "cost" not in answers["post"].text
    assert answers["cost"].text.replace("cost", "post") == answers["post"].text


def test_an_agent_who_has_left_gets_no_file(client: FlaskClient) -> None:
    path = request(client, "bob", {**VIEW, "searchTerm": "Invoice"})
    with app.app_context():
        bob = db.session.get_one(Agent, 8)
        bob.left_at = datetime.now(UTC)
        db.session.commit()
        run("worker", "--drain")
        job = container.get_export()(actor_of(bob), UUID(path.removeprefix("/exports/")))
        assert job.status == "failed"
        bob.left_at = None
        db.session.commit()
    assert client.get(f"{path}/file", headers=login("bob")).status_code == 409


def test_a_stranger_is_sent_away(client: FlaskClient) -> None:
    assert client.post("/exports", json=VIEW, headers=login("eve")).status_code == 401


class Undecided(te.ExportPolicy):
    def may_request(self, actor: te.Actor) -> bool:
        raise ValueError("the salary of Ada")


def test_a_mistake_of_the_application_is_not_told_to_the_user(client: FlaskClient) -> None:
    with container.policy.override(Undecided()):
        answer = client.post("/exports", json=VIEW, headers=login("ada"))
    assert answer.status_code == 500
    assert "may_request" not in answer.text
