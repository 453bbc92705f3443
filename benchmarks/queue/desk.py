"""A help desk with requests for many small exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import attrs
from sqlalchemy import insert, select

from benchmarks.contenders import HelpDesk
from benchmarks.fill.loader import fill_help_desk
from benchmarks.query import COLUMNS
from ticket_export import Actor, TicketExportContainer
from ticket_export.settings import Settings

_REQUESTER = "admin@example.test"
# A user may have this many queued exports by default.
_JOBS_PER_USER = 5
# Some of the sample tickets are deleted.
_SPARE = 1.1


@attrs.frozen
class QueueDesk:
    """`views` are distinct and show `rows` tickets each; the `requesters` suffice for one request of each view."""

    environment: dict[str, str]
    container: TicketExportContainer
    rows: int
    views: Sequence[dict[str, object]]
    requesters: Sequence[Actor]

    def request(self, views: Sequence[dict[str, object]]) -> list[UUID]:
        """Request an export of each view; return the ids of the jobs."""
        request_export = self.container.request_export()
        jobs = [request_export(self.requesters[number // _JOBS_PER_USER], view) for number, view in enumerate(views)]
        return [job.id for job in jobs]


def fill(folder: Path, *, jobs: int, rows: int, postgresql_url: str | None = None) -> QueueDesk:
    """Create a help desk for `jobs` exports of `rows` tickets each, in SQLite or in the empty `postgresql_url`."""
    environment = HelpDesk(folder / "desk.db", folder).environment
    if postgresql_url is not None:
        environment["TICKET_EXPORT_DATABASE_URL"] = postgresql_url
    url = environment["TICKET_EXPORT_DATABASE_URL"]
    fill_help_desk(url, int(jobs * rows * _SPARE))
    container = TicketExportContainer()
    storage_url = environment["TICKET_EXPORT_STORAGE_URL"]
    container.settings.override(Settings(database_url=url, storage_url=storage_url, task_queue="database"))
    views = list(_views(container, jobs, rows))
    return QueueDesk(environment, container, rows, views, _colleagues(container, -(-jobs // _JOBS_PER_USER)))


def _views(container: TicketExportContainer, jobs: int, rows: int) -> Iterator[dict[str, object]]:
    tickets = container.tables().tickets.c
    with container.engine().connect() as connection:
        shown = select(tickets.id).where(tickets.is_deleted.is_(False)).order_by(tickets.id)
        ids = connection.execute(shown).scalars().all()
    for start in range(0, jobs * rows, rows):
        first, last = ids[start], ids[start + rows - 1]
        yield {
            "columns": list(COLUMNS),
            "filters": [
                {"field": "id", "operator": "gte", "value": str(first)},
                {"field": "id", "operator": "lte", "value": str(last)},
            ],
            "sortField": "creationTime",
            "sortDirection": "desc",
        }


def _colleagues(container: TicketExportContainer, count: int) -> list[Actor]:
    """Add `count` administrators with the roles of the one in the sample data."""
    model = container.user_directory().find_by_email(_REQUESTER)
    assert model is not None, f"the sample data has no {_REQUESTER}"
    tables = container.tables()
    ids = [uuid4() for _ in range(count)]
    users = [
        {
            "id": user_id,
            "first_name": "Colleague",
            "last_name": str(number),
            "email_address": f"colleague-{number}@example.test",
            "is_admin": True,
            "is_active": True,
        }
        for number, user_id in enumerate(ids)
    ]
    role_user = tables.role_user
    with container.engine().begin() as connection:
        roles = connection.execute(select(role_user.c.roles_id).where(role_user.c.users_id == model.user_id)).scalars()
        granted = [{"roles_id": role, "users_id": user_id} for role in roles.all() for user_id in ids]
        connection.execute(insert(tables.users), users)
        connection.execute(insert(role_user), granted)
    found = [container.user_directory().find(user_id) for user_id in ids]
    return [actor for actor in found if actor is not None]
