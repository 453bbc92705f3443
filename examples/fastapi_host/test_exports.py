"""Test the routes of the application without a database and without a disk."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from dependency_injector.providers import Factory
from fastapi import FastAPI

from exports import container, current_actor, router
from ticket_export import Actor, SystemPermissions
from ticket_export.ports import User
from ticket_export.testing.memory import (
    InMemoryDatabase,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicket,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

PERMITTED = SystemPermissions.IMPORT_EXPORT_TICKETS


@pytest.fixture
def app() -> FastAPI:
    database = InMemoryDatabase()
    ada = User(id=uuid4(), first_name="Ada", last_name="Byron", email_address="ada@example.test", is_admin=True)
    users = InMemoryUserDirectory(database)
    users.add(ada, PERMITTED)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    ticket = InMemoryTicket(id=1, created_at=yesterday, values={"id": 1, "title": "Printer"})
    container.unit_of_work.override(Factory(InMemoryUnitOfWork, database))
    container.user_directory.override(users)
    container.ticket_source.override(InMemoryTicketSource(container.catalog().describe(), [ticket]))
    container.storage.override(InMemoryStorage())
    container.task_queue.override(InMemoryTaskQueue())
    app = FastAPI()
    app.include_router(router)
    app.dependency_overrides[current_actor] = lambda: Actor(user_id=ada.id, is_admin=True, permissions=PERMITTED)
    return app


def call(app: FastAPI, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send one request as a server does (ASGI). Return the status, headers and body of the response."""
    sent: list[dict[str, Any]] = []

    coming: list[dict[str, Any]] = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        # The client stays connected until the response ends.
        return coming.pop() if coming else await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "query_string": b"", "asgi": {}}
    scope["headers"] = [(b"content-type", b"application/json")]
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def test_an_export_is_requested_and_downloaded(app: FastAPI) -> None:
    status, _, answer = call(app, "POST", "/exports", json.dumps({"columns": ["id", "title"]}).encode())
    assert status == 202
    container.worker().drain()
    status, headers, file = call(app, "GET", f"/exports/{json.loads(answer)}/file")
    assert status == 200
    assert file.decode("utf-8-sig") == "Ticket ID,Title\n1,Printer\n"
    assert headers["content-length"] == str(len(file))
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["repr-digest"].startswith("sha-256=:")
