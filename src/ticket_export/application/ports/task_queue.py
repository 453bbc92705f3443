"""How a worker learns that there is work."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ticket_export.domain.background_task import BackgroundTask


class TaskQueue(Protocol):
    """Sends committed tasks on their way.

    The task's row is written in the transaction of the request; this signal only follows it, so a
    lost signal delays a task and cannot lose it, and no task starts before its job exists.
    """

    @abstractmethod
    def dispatch(self, task: BackgroundTask) -> None:
        """See to it that `task`, which is committed, is run soon. Never raises for what the task does."""


@runtime_checkable
class SupportsWaiting(Protocol):
    """A queue that knows sooner than by asking over and over that there is work."""

    @abstractmethod
    def wait(self, timeout: float) -> bool:
        """Come back when a task may be waiting, or after `timeout` seconds; gives whether one may be."""


@runtime_checkable
class SupportsListening(Protocol):
    """A queue at which one can wait the better for holding something open meanwhile, such as a connection."""

    @abstractmethod
    def listening(self) -> AbstractContextManager[None]:
        """Around the time in which threads of a worker `wait`; whatever it opens is closed with it."""
