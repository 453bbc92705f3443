"""Two companies export their tickets. TENANTS names two databases without tables, PEOPLE a file."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

import ticket_export as te
from multi_tenant.exports import actor_of, containers
from multi_tenant.help_desk import app, engines, find_person, metadata, tickets

VIEW = {"columns": ["title"], "sortField": "title"}
PEOPLE: dict[str, dict[str, Any]] = {
    "auth0|ada": {"tenant": "acme", "teams": ["network"]},
    "auth0|bob": {"tenant": "acme", "teams": ["billing"]},
    "auth0|grace": {"tenant": "acme", "teams": [], "is_manager": True},
    "auth0|zoe": {"tenant": "globex", "teams": ["network"], "is_manager": True},
}
TITLES = {"acme": {"Wi-Fi": "network", "Invoice": "billing"}, "globex": {"Reactor": "network"}}


def run(tenant: str, *words: str) -> None:
    """Run a command of the library for one company in a process of its own, as an operator does."""
    command: list[Path | str] = [
        Path(sys.executable).with_name("ticket-export"),
        "--app",
        "multi_tenant.exports:container",
    ]
    one = {**os.environ, "TENANT": tenant}
    subprocess.run([*command, *words], cwd=Path(__file__).parents[1], env=one, check=True, timeout=240)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    Path(os.environ["PEOPLE"]).write_text(json.dumps(PEOPLE), encoding="utf-8")
    for tenant, engine in engines.items():
        metadata.create_all(engine)  # the help desk has its own migrations
        run(tenant, "migrate")
        with engine.begin() as connection:
            for title, team in TITLES[tenant].items():
                row = {"title": title, "team": team, "customer": f"{team}@example.test"}
                connection.execute(sa.insert(tickets), [{**row, "opened_at": datetime.now(UTC)}])
    with TestClient(app) as client:
        yield client


def root_of(user: str) -> str:
    return f"/{PEOPLE[f'auth0|{user}']['tenant']}/exports"


def request(client: TestClient, user: str, view: Mapping[str, object]) -> str:
    """Request an export, and return its path."""
    answer = client.post(f"{root_of(user)}/", json=view, headers=login(user))
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def file_of(client: TestClient, user: str, view: Mapping[str, object]) -> list[str]:
    """Export the view, and return the lines of the file."""
    path = request(client, user, view)
    run(PEOPLE[f"auth0|{user}"]["tenant"], "worker", "--drain")
    assert client.get(path, headers=login(user)).json()["status"] == "completed"
    answer = client.get(f"{path}/file", headers=login(user))
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8-sig").splitlines()


def login(user: str) -> dict[str, str]:
    return {"X-Forwarded-User": f"auth0|{user}"}


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_the_setup_is_sound(client: TestClient, tenant: str) -> None:
    assert list(containers[tenant].check()) == []


def test_a_person_exports_the_tickets_of_their_team_and_no_others(client: TestClient) -> None:
    assert file_of(client, "ada", VIEW) == ["Title", "Wi-Fi"]
    assert re.findall("<li>(.*?)</li>", client.get("/tickets", headers=login("ada")).text) == ["Wi-Fi"]


def test_a_manager_exports_every_ticket_of_their_company_with_the_customers(client: TestClient) -> None:
    view = {"columns": ["title", "customer"], "sortField": "title"}
    assert file_of(client, "zoe", view) == ["Title,Customer", "Reactor,network@example.test"]
    assert file_of(client, "grace", view)[1:] == ["Invoice,billing@example.test", "Wi-Fi,network@example.test"]


@pytest.mark.parametrize("other", ["bob", "zoe"])
def test_the_export_of_someone_else_looks_like_a_missing_one(client: TestClient, other: str) -> None:
    path = request(client, "ada", {**VIEW, "searchTerm": "Wi-Fi"})
    run("acme", "worker", "--drain")
    for shown in (path, f"{path}/file"):
        theirs = client.get(shown, headers=login(other))
        missing = client.get(shown.replace(path, f"{root_of('ada')}/{uuid4()}"), headers=login(other))
        assert (theirs.status_code, missing.status_code) == (404, 404)
    person = find_person(f"auth0|{other}")
    assert person
    with pytest.raises(te.ExportNotFoundError):
        containers[person.tenant].retry_export()(actor_of(person), UUID(path.rpartition("/")[2]))


def test_the_workers_of_a_company_leave_the_exports_of_another(client: TestClient) -> None:
    path = request(client, "zoe", {**VIEW, "searchTerm": "React"})
    run("acme", "worker", "--drain")
    assert client.get(path, headers=login("zoe")).json()["status"] == "queued"


def test_a_column_for_managers_does_not_exist_for_others(client: TestClient) -> None:
    answers = {
        name: client.post("/acme/exports/", json={"columns": [name]}, headers=login("ada"))
        for name in ("customer", "customor")
    }
    assert {answer.status_code for answer in answers.values()} == {422}
    assert "title" in answers["customor"].text
    assert "customer" not in answers["customor"].text
    assert answers["customer"].text.replace("customer", "customor") == answers["customor"].text


@pytest.mark.parametrize(("user", "tenant"), [("ada", "acme"), ("zoe", "globex")])
def test_the_list_of_a_company_has_its_own_button(client: TestClient, user: str, tenant: str) -> None:
    listed = client.get("/tickets", headers=login(user)).text
    addresses = re.findall('(?:href|src)="(.*?)"', listed)
    assert addresses == [f"/{tenant}/exports/static/ticket-export.js", f"/{tenant}/exports/new"]
    answers = [client.get(each, headers=login(user) | {"Accept": "text/html"}) for each in addresses]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_exports_of_another_company_cannot_be_addressed(client: TestClient) -> None:
    for path in ("/globex/exports/", "/globex/exports/new", "/globex/exports/columns"):
        assert client.get(path, headers=login("ada")).status_code == 404
        assert client.get(path, headers=login("zoe")).status_code == 200
    assert client.post("/globex/exports/", json=VIEW, headers=login("ada")).status_code == 404


def test_a_stranger_is_sent_away(client: TestClient) -> None:
    assert client.post("/acme/exports/", json=VIEW, headers=login("eve")).status_code == 403
