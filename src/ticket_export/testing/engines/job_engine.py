"""What the chaos kit needs to know of a job engine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from ticket_export.container import TicketExportContainer
from ticket_export.settings import Settings


class JobEngine(Protocol):
    """An engine that runs exports in processes of its own; the author of the adapter inherits it."""

    @abstractmethod
    def container(self, settings: Settings) -> TicketExportContainer:
        """Return the container of a process that requests exports; its hints go to the engine."""

    @abstractmethod
    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        """Return the commands of the engine's processes, at least two of which run exports.

        The kit starts a process for each command, and another one when that ends. Each finds the settings in its
        environment. `folder` is for files that the processes need.
        """

    def environment(self) -> Mapping[str, str]:
        """Return the variables that the processes need in addition to the settings and this process's variables."""
        return {}


@runtime_checkable
class SupportsBroker(Protocol):
    """An engine with a broker that the kit may disturb. Each method returns when its work is done."""

    @abstractmethod
    def stop_broker(self) -> None:
        """Stop the broker."""

    @abstractmethod
    def start_broker(self) -> None:
        """Start the broker that was stopped, with the messages that it has kept, if any."""

    @abstractmethod
    def flush_broker(self) -> None:
        """Delete every message that waits in the broker."""


@runtime_checkable
class SupportsDatabaseRestart(Protocol):
    """An engine whose tests may restart the database."""

    @abstractmethod
    def restart_database(self) -> None:
        """End every connection and start the database again; return when it accepts connections."""
