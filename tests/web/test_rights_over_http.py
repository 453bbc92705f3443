"""The design's table of rights through each binding, and what a stranger can tell from an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import pytest
from sqlalchemy import event

from tests.web.applications import BINDINGS, client_of
from tests.web.clients import (
    ADMIN_WITH,
    ADMIN_WITHOUT,
    FORM,
    HTML,
    STAFF_WITH,
    STAFF_WITHOUT,
    Answer,
    Client,
)
from tests.web.conftest import Desk, make_desk
from ticket_export import Actor

MISSING = "00000000-0000-4000-8000-000000000000"
MALFORMED = ("1", "00000000-0000-4000-8000-00000000000g", "{" + MISSING + "}", MISSING.replace("-", ""), "%00", "..%5c")


@attrs.frozen
class Rights:
    user: str
    request: bool
    see_others: bool
    download: bool
    download_own: bool


DESIGN = [
    Rights(ADMIN_WITH, request=True, see_others=True, download=True, download_own=True),
    Rights(ADMIN_WITHOUT, request=False, see_others=False, download=False, download_own=False),
    Rights(STAFF_WITH, request=True, see_others=False, download=False, download_own=True),
    Rights(STAFF_WITHOUT, request=False, see_others=False, download=False, download_own=False),
]
ROWS = pytest.mark.parametrize("rights", DESIGN, ids=lambda each: each.user.partition("@")[0])


@attrs.frozen
class Scene:
    """Applications on one desk: as it is by default, and where all may download their own."""

    desk: Desk
    #: Found before, so that only the statements of the library are counted.
    actors: Mapping[str, Actor]
    client: Client
    generous: Client

    def requested(self, user: str, title: str) -> str:
        """An export of this user, who had the right when they requested it; return its path."""
        made = self.desk.container.request_export()(self.actors[ADMIN_WITH], {"columns": ["id"], "searchTerm": title})
        owner = UUID(str(self.actors[user].user_id))
        with self.desk.container.engine().begin() as connection:
            connection.exec_driver_sql(
                'UPDATE "ExportJobs" SET "RequesterUserId" = ? WHERE "Id" = ?', (owner.hex, made.id.hex)
            )
        return f"/{made.id}"

    def completed(self, user: str, title: str = "") -> str:
        path = self.requested(user, title)
        self.desk.container.worker().drain()
        return path


@pytest.fixture(scope="module", params=BINDINGS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder: Path = tmp_path_factory.mktemp("desk")
    desk = make_desk(folder, 5, max_active_jobs_per_user=0)
    generous = make_desk(folder, 0, max_active_jobs_per_user=0, download_own=True)
    find = desk.container.user_directory().find_by_email
    actors = {each.user: actor for each in DESIGN if (actor := find(each.user))}
    client, other = (
        client_of(request.param, each.container, lambda name: actors[name] if name else None)
        for each in (desk, generous)
    )
    return Scene(desk, actors, client, other)


def is_missing(answer: Answer) -> bool:
    return answer.status == 404 and answer.json["code"] == "not-found"


@ROWS
def test_request(scene: Scene, rights: Rights) -> None:
    body = json.dumps({"columns": ["id"], "searchTerm": rights.user}).encode()
    for media_type, sent in (("application/json", body), (FORM, b"columns=id&order=id")):
        headers = {"Content-Type": media_type, "Sec-Fetch-Site": "same-origin"}
        status = scene.client.ask("POST", user=rights.user, headers=headers, body=sent).status
        assert (status in {202, 303}, status == 403) == (rights.request, not rights.request)
    assert scene.client.ask("GET", "/columns", user=rights.user).json["mayRequest"] is rights.request


@ROWS
def test_cancel_and_retry_own(scene: Scene, rights: Rights) -> None:
    path = scene.requested(rights.user, "cancel")
    offered = scene.client.ask("GET", path, user=rights.user).json
    assert (offered["mayCancel"], bool(offered["links"]["cancel"])) == (rights.request, rights.request)
    for change in ("cancel", "retry"):
        answer = scene.client.ask("POST", f"{path}/{change}", user=rights.user)
        assert answer.status == (202 if rights.request else 403)


@ROWS
def test_see_own(scene: Scene, rights: Rights) -> None:
    path = scene.completed(rights.user, "own")
    for accept in ("application/json", HTML):
        assert scene.client.ask("GET", path, user=rights.user, accept=accept).status == 200
    listed = scene.client.ask("GET", "/", user=rights.user).json["items"]
    assert path in {f"/{each['id']}" for each in listed}


@ROWS
def test_see_and_change_others(scene: Scene, rights: Rights) -> None:
    path = scene.completed(ADMIN_WITH if rights.user != ADMIN_WITH else STAFF_WITH, "others")
    seen = scene.client.ask("GET", path, user=rights.user)
    assert seen.status == 200 if rights.see_others else is_missing(seen)
    listed = scene.client.ask("GET", "/?pageSize=100", user=rights.user).json["items"]
    assert (path in {f"/{each['id']}" for each in listed}) is rights.see_others
    for change in ("cancel", "retry"):
        answer = scene.client.ask("POST", f"{path}/{change}", user=rights.user)
        assert answer.status == 403 if rights.see_others else is_missing(answer)
    download = scene.client.ask("GET", f"{path}/file", user=rights.user)
    assert download.status == 200 if rights.see_others else is_missing(download)


@ROWS
@pytest.mark.parametrize("is_generous", [False, True])
def test_download_own(scene: Scene, rights: Rights, is_generous: bool) -> None:
    client, may = (scene.generous, rights.download_own) if is_generous else (scene.client, rights.download)
    path = scene.completed(rights.user, "download")
    shown = client.ask("GET", path, user=rights.user).json
    assert (shown["mayDownload"], bool(shown["links"]["file"]), shown["refusal"] is None) == (may, may, may)
    asked: list[tuple[str, dict[str, str]]] = [("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-3"})]
    for method, headers in [*asked, ("GET", {"If-None-Match": "*"})]:
        answer = client.ask(method, f"{path}/file", user=rights.user, headers=headers)
        assert (answer.status in {200, 206, 304}, answer.status == 403) == (may, not may)


@contextmanager
def statements(scene: Scene) -> Iterator[list[str]]:
    """What the application asks of the database within the block."""
    asked: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(re.sub(r"\s+", " ", statement))

    engine = scene.desk.container.engine()
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", keep)


@pytest.mark.parametrize("user", [STAFF_WITH, STAFF_WITHOUT, ADMIN_WITHOUT])
@pytest.mark.parametrize("accept", ["application/json", HTML])
@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("GET", "/file"), ("POST", "/cancel"), ("POST", "/retry")])
@pytest.mark.parametrize("is_form", [False, True])
def test_stranger_cannot_tell_a_hidden_export_from_none(
    scene: Scene, user: str, accept: str, method: str, below: str, is_form: bool
) -> None:
    headers = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"} if is_form else {}
    make = scene.completed if below == "/file" else scene.requested
    hidden = make(ADMIN_WITH, str(uuid4())).strip("/")

    def answered(job_id: str) -> tuple[Answer, list[str]]:
        with statements(scene) as asked:
            answer = scene.client.ask(method, f"/{job_id}{below}", user=user, accept=accept, headers=headers)
        return answer, asked

    # A new id, since the answer about one that was asked for before may be cached.
    of_hidden, of_none = answered(hidden), answered(str(uuid4()))
    assert of_hidden[0].status == 404
    assert of_hidden[0].body == of_none[0].body
    assert _steady(of_hidden[0]) == _steady(of_none[0])
    assert of_hidden[1] == of_none[1]
    assert of_hidden[1]
    for malformed in MALFORMED:
        answer, asked = answered(malformed)
        assert (answer.body, _steady(answer)) == (of_none[0].body, _steady(of_none[0])), malformed
        assert asked == []


def _steady(answer: Answer) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name != "date"}
