"""A help desk in an SQLite file, of tickets of a megabyte, whose exports go into a bucket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from dependency_injector.providers import Object

from tests.reference_help_desk import ReferenceTicket, store_people, store_tickets
from tests.s3_fixtures import ENVIRONMENT, Bucket
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.migrate import upgrade

REPOSITORY = Path(__file__).parents[3]
ACTOR = Actor(user_id=UUID(int=1), is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
#: What is exported of every ticket.
VIEW = {"columns": ["id", "description"], "sortField": "id", "sortDirection": "asc"}
_TEXT = "x" * 1_000_000


@contextmanager
def stored_desk(
    bucket: Bucket, folder: Path, *, tickets: int, text: Callable[[int], str] = lambda _number: _TEXT
) -> Iterator[TicketExportContainer]:
    """The parts of the library; `ACTOR` may export. Each ticket is described by its `text`."""
    parts = TicketExportContainer()
    parts.settings.override(Object(bucket.settings(database_url=f"sqlite:///{folder / 'desk.db'}")))
    upgrade(parts.engine(), reference_schema=True)
    engine, tables = parts.engine(), parts.tables()
    store_people(engine, tables)
    with engine.begin() as connection:
        connection.execute(tables.users.update().values(is_admin=True))
        role = {"id": UUID(int=9), "label": "R", "developer_name": "r", "system_permissions": 512}
        connection.execute(tables.roles.insert(), role)
        connection.execute(tables.role_user.insert(), {"roles_id": UUID(int=9), "users_id": UUID(int=1)})
    store_tickets(
        engine, tables, [ReferenceTicket(id=number, description=text(number), contact=0) for number in range(tickets)]
    )
    yield parts
    engine.dispose()


def right_bytes(tickets: int) -> bytes:
    """The file of an export of `VIEW`."""
    return ("\ufeffTicket ID,Description\n" + "".join(f"{number},{_TEXT}\n" for number in range(tickets))).encode()


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment variables of a process of its own that works for this desk."""
    return {
        **ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'src'}",
        "TICKET_EXPORT_DATABASE_URL": settings.database_url,
        "TICKET_EXPORT_STORAGE_URL": settings.storage_url,
        "TICKET_EXPORT_S3_ENDPOINT_URL": settings.s3_endpoint_url or "",
    }
