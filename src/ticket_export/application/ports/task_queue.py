"""The queue that tells workers of tasks."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ticket_export.domain.background_task import BackgroundTask


class TaskQueue(Protocol):
    """Sends workers hints that a task waits.

    The row of the task is the truth. The transaction of the request writes it, and the hint follows. So a lost hint
    delays an export but cannot lose it, and no hint arrives before its task exists.
    """

    @abstractmethod
    def dispatch(self, task: BackgroundTask) -> None:
        """Send a hint that `task`, which is committed, waits.

        A hint means *run the next export*, not *run this one*; the task is for the log. The queue may lose, double,
        delay and reorder hints. `Housekeep` sends one again for a task that waits for more than 5 seconds.

        The call takes at most 2 seconds. It raises no error of the task and none of a broker that is away. (An inline
        queue is the exception: it runs the export in this call.)
        """


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
