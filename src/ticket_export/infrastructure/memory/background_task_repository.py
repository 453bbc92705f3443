"""Background tasks in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ticket_export.errors import LeaseLostError

if TYPE_CHECKING:
    from uuid import UUID

    from ticket_export.domain.background_task import BackgroundTask
    from ticket_export.infrastructure.memory.database import InMemoryTransaction


class InMemoryBackgroundTaskRepository:
    """Works inside one in-memory transaction."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, task: BackgroundTask) -> None:
        """Store a new task; ``ValueError`` if its id is taken."""
        tasks = self._transaction.writing().tasks
        if task.id in tasks:
            raise ValueError(f"task {task.id} is stored already")
        tasks[task.id] = attrs.evolve(task)

    def find(self, task_id: UUID) -> BackgroundTask | None:
        """The task of that id, or None."""
        task = self._transaction.reading().tasks.get(task_id)
        return None if task is None else attrs.evolve(task)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task, provided that its stored fencing token still is `fencing_token`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        tasks = self._transaction.writing().tasks
        stored = tasks.get(task.id)
        if stored is None or stored.fencing_token != fencing_token:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")
        tasks[task.id] = attrs.evolve(task)
