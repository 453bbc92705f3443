"""Agents export the tickets of their teams. DATABASE_URL names an empty PostgreSQL database."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import Session

import ticket_export as te
from fastapi_orm.exports import actor_of, container
from fastapi_orm.help_desk import Base, Team, Ticket, User, app, engine, sessions

VIEW = {"columns": ["id", "subject", "createdAt"], "sortField": "id", "timeZone": "Asia/Tokyo"}
ADA = {"Cookie": "session=ada"}
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
EVENING = datetime(2026, 3, 1, 22, tzinfo=UTC)


def run(*words: str) -> None:
    """Run a command of the library in a process of its own, as an operator does."""
    command: list[Path | str] = [
        Path(sys.executable).with_name("ticket-export"),
        "--app",
        "fastapi_orm.exports:container",
    ]
    subprocess.run([*command, *words], cwd=Path(__file__).parents[1], check=True, timeout=240)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    Base.metadata.create_all(container.engine())  # the help desk has its own migrations
    run("migrate")
    network, printers, billing = (Team(name=name) for name in ("Network", "Printers", "Billing"))
    with Session(container.engine()) as session:
        ada = User(name="Ada Byron", token="ada", teams=[network, printers])
        session.add_all([ada, User(name="Bob", token="bob", teams=[billing])])
        session.add(User(name="Grace", token="grace", is_admin=True))
        session.flush()
        for subject, team in [("Wi-Fi", network), ("=Toner", printers), ("Invoice", billing), ("Spam", None)]:
            ticket = Ticket(subject=subject, status="open", email="eve@example.test", created_at=EVENING)
            ticket.team_id, ticket.assignee_id = team.id if team else None, ada.id
            session.add(ticket)
            session.flush()
        deleted = Ticket(subject="Gone", status="open", email="", created_at=EVENING, deleted_at=EVENING)
        deleted.team_id = network.id
        session.add(deleted)
        session.commit()
    with TestClient(app) as client:
        yield client
        assert client.portal
        client.portal.call(engine.dispose)


def request(client: TestClient, token: str, view: Mapping[str, object]) -> str:
    """Request an export, and return its path."""
    answer = client.post("/exports/", json=view, headers=login(token))
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def file_of(client: TestClient, token: str, view: Mapping[str, object]) -> list[str]:
    """Export the view, and return the lines of the file."""
    path = request(client, token, view)
    run("worker", "--drain")
    assert client.get(path, headers=login(token)).json()["status"] == "completed"
    answer = client.get(f"{path}/file", headers=login(token))
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8-sig").splitlines()


def login(token: str) -> dict[str, str]:
    return {"Cookie": f"session={token}"}


async def solve_all_and_export(actor: te.Actor) -> te.RequestedExportDto:
    def request_in(session: Session) -> te.RequestedExportDto:
        work = te.JoinedUnitOfWork(session, container.tables())
        return container.request_export(unit_of_work=lambda: work)(actor, VIEW)

    async with sessions() as session:
        await session.execute(update(Ticket).values(status="solved"))
        job = await session.run_sync(request_in)
        await session.commit()
    return job


def test_the_setup_is_sound(client: TestClient) -> None:
    assert list(container.check()) == []


def test_an_agent_exports_the_tickets_of_all_their_teams_and_no_others(client: TestClient) -> None:
    assert file_of(client, "ada", VIEW) == [
        "Ticket,Subject,Created",
        "1,Wi-Fi,2026-03-02 07:00:00",
        "2,'=Toner,2026-03-02 07:00:00",
    ]
    shown = client.get("/tickets", headers=ADA).text
    assert re.findall("<li>(.*?)</li>", shown) == ["Wi-Fi", "=Toner"]


def test_an_admin_exports_every_ticket_with_the_customers(client: TestClient) -> None:
    lines = file_of(client, "grace", {"columns": ["subject", "email"], "sortField": "id"})
    assert [line.partition(",")[0] for line in lines] == ["Subject", "Wi-Fi", "'=Toner", "Invoice", "Spam"]
    assert all(line.endswith(",eve@example.test") for line in lines[1:])


def test_the_export_of_a_colleague_looks_like_a_missing_one(client: TestClient) -> None:
    path = request(client, "ada", {**VIEW, "searchTerm": "Wi-Fi"})
    run("worker", "--drain")
    for shown in (path, f"{path}/file"):
        theirs = client.get(shown, headers=login("bob"))
        missing = client.get(shown.replace(path, f"/exports/{uuid4()}"), headers=login("bob"))
        assert (theirs.status_code, missing.status_code) == (404, 404)
    with Session(container.engine()) as session:
        bob = actor_of(session.query(User).filter_by(token="bob").one())
    with pytest.raises(te.ExportNotFoundError):
        container.retry_export()(bob, UUID(path.removeprefix("/exports/")))


def test_a_column_for_admins_does_not_exist_for_an_agent(client: TestClient) -> None:
    answers = {
        name: client.post("/exports/", json={"columns": ["id", name]}, headers=login("ada"))
        for name in ("email", "xmail")
    }
    assert {answer.status_code for answer in answers.values()} == {422}
    assert "subject" in answers["xmail"].text
    assert "email" not in answers["xmail"].text
    assert answers["email"].text.replace("email", "xmail") == answers["xmail"].text


def test_an_agent_who_has_left_a_team_before_the_export_runs_gets_none_of_its_tickets(client: TestClient) -> None:
    path = request(client, "ada", {**VIEW, "sortDirection": "desc"})
    with Session(container.engine()) as session:
        ada = session.query(User).filter_by(token="ada").one()
        teams, ada.teams = ada.teams, [team for team in ada.teams if team.name == "Printers"]
        session.commit()
        try:
            run("worker", "--drain")
        finally:
            ada.teams = teams
            session.commit()
    file = client.get(f"{path}/file", headers=login("ada"))
    assert "=Toner" in file.text
    assert "Wi-Fi" not in file.text


def test_a_request_is_in_the_transaction_of_an_async_session(client: TestClient) -> None:
    with Session(container.engine()) as session:
        grace = actor_of(session.query(User).filter_by(token="grace").one())
    assert client.portal
    job = client.portal.call(solve_all_and_export, grace)
    run("worker", "--drain")
    assert container.get_export()(grace, job.id).status == "completed"


def test_the_button_of_the_list_exports_the_shown_tickets_by_the_pages_alone(client: TestClient) -> None:
    listed = client.get("/tickets?search=wi-", headers=ADA).text
    (view,) = re.findall(r"<ticket-export view='(.+)'>", listed)
    chooser = client.post("/exports/new", data={"view": view}, headers=ADA | BROWSER)
    assert (chooser.status_code, "Subject" in chooser.text) == (200, True)
    form = {"view": view, "order": ["subject", "id"], "columns": "subject", "file": "csv"}
    sent = client.post("/exports/", data=form, headers=ADA | BROWSER, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    run("worker", "--drain")
    status = client.get(sent.headers["Location"], headers=ADA | BROWSER)
    assert f"{sent.headers['Location']}/file" in status.text
    file = client.get(f"{sent.headers['Location']}/file", headers=ADA)
    assert file.content.decode("utf-8-sig").splitlines() == ["Subject", "Wi-Fi"]


def test_a_form_of_another_site_requests_nothing(client: TestClient) -> None:
    forged = client.post("/exports/", data={"view": "{}"}, headers=ADA | {"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403


def test_a_stranger_is_sent_away(client: TestClient) -> None:
    assert client.post("/exports/", json=VIEW, headers=login("eve")).status_code == 401


class Undecided(te.ExportPolicy):
    def may_request(self, actor: te.Actor) -> bool:
        raise ValueError("the salary of Ada")


def test_a_mistake_of_the_application_is_not_told_to_the_user(client: TestClient) -> None:
    # As a server, which logs the error and answers in its own words.
    served = TestClient(app, raise_server_exceptions=False)
    # The pool of an asynchronous engine belongs to one event loop.
    served.portal = client.portal
    with container.policy.override(Undecided()):
        answer = served.post("/exports/", json=VIEW, headers=login("ada"))
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
