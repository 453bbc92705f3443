"""Background tasks in the host's table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.persistence.mapping import background_task_from, row_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ticket_export.domain.background_task import BackgroundTask
    from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyBackgroundTaskRepository:
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tasks = tables.background_tasks

    def add(self, task: BackgroundTask) -> None:
        """Store a new task."""
        self._connection.execute(insert(self._tasks).values(row_of(task, self._tasks)))

    def find(self, task_id: UUID) -> BackgroundTask | None:
        """The task of that id, or None."""
        row = self._connection.execute(select(self._tasks).where(self._tasks.c.id == task_id)).mappings().one_or_none()
        return None if row is None else background_task_from(row, self._tasks)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task, provided that its stored fencing token still is `fencing_token`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        unchanged = (self._tasks.c.id == task.id) & (self._tasks.c.fencing_token == fencing_token)
        statement = update(self._tasks).where(unchanged).values(row_of(task, self._tasks))
        if self._connection.execute(statement).rowcount == 0:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")
