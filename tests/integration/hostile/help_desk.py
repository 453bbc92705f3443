"""A small help desk on SQLite, and everything that is sent to its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from dependency_injector.providers import Object
from sqlalchemy import event

from tests.reference_help_desk import NOW, ReferenceTicket, store_people, store_tickets
from ticket_export import Actor, ExportJobDto, Settings, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.testing.entities import AN_ACTOR

TICKETS = [
    ReferenceTicket(id=1, title="a", category="b", tags=("c", "d"), contact=0, assignee=1, team=0),
    ReferenceTicket(id=-2, title="' OR 1=1 --", description="%_\\", status="closed", deleted=True),
    ReferenceTicket(id=3, title="", language="en", creator=0, contact=2, sla_due_at=NOW),
]


class HostileHelpDesk:
    """Every request is run at once, to the end."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "desk.db"
        self.container = TicketExportContainer()
        self.container.settings.override(
            Object(Settings(database_url=f"sqlite:///{self.database}", task_queue="inline"))
        )
        self.container.clock.override(InMemoryClock(NOW))
        self.storage = InMemoryStorage()
        self.container.storage.override(self.storage)
        engine, tables = self.container.engine(), self.container.tables()
        upgrade(engine, reference_schema=True)
        store_people(engine, tables)
        with engine.begin() as connection:
            role = {"id": UUID(int=9), "label": "R", "developer_name": "r", "system_permissions": 512}
            connection.execute(tables.roles.insert(), role)
            connection.execute(tables.role_user.insert(), {"roles_id": UUID(int=9), "users_id": UUID(int=1)})
        store_tickets(engine, tables, TICKETS)
        self.columns = list(self.container.ticket_source().columns(AN_ACTOR))
        self.actor = Actor(user_id=UUID(int=1), permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
        self._request = self.container.request_export()
        self._get = self.container.get_export()
        self._before = self._data()

    def export(self, payload: Any) -> ExportJobDto:
        """The job as it ended."""
        return self._get(self.actor, self._request(self.actor, payload).id)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is sent to the database about tickets."""
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if '"Tickets"' in statement:
                sent.append(statement)

        engine = self.container.engine()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def claim_data_unchanged(self) -> None:
        assert self._data() == self._before

    def _data(self) -> object:
        with closing(sqlite3.connect(self.database)) as connection:
            schema = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
            names = ("Tickets", "Users", "Roles", "RoleUser", "Teams", "Contacts")
            return schema, [connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names]
