"""The queue that tells workers of tasks."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ticket_export.domain.background_task import BackgroundTask


class TaskQueue(Protocol):
    """Tells workers of committed tasks.

    The transaction of the request writes the task's row, and this call follows it. So a lost call delays a task but
    cannot lose it, and no task starts before its job exists.
    """

    @abstractmethod
    def dispatch(self, task: BackgroundTask) -> None:
        """Let a worker run `task`, which is committed, soon. An error of the task itself is never raised here."""


@runtime_checkable
class SupportsWaiting(Protocol):
    """A queue that a worker can wait at, instead of asking for work again and again."""

    @abstractmethod
    def wait(self, timeout: float) -> bool:
        """Return True as soon as a task may be waiting, or False after `timeout` seconds."""


@runtime_checkable
class SupportsListening(Protocol):
    """A queue that needs an open resource, such as a connection, while a worker waits."""

    @abstractmethod
    def listening(self) -> AbstractContextManager[None]:
        """Return a context manager that is open while the threads of a worker `wait`."""
