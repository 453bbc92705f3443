"""The optional ability of a unit of work to read beside transactions that write."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from ticket_export.application.ports.unit_of_work import UnitOfWork


@runtime_checkable
class SupportsReading(Protocol):
    """A `UnitOfWork` whose transaction may wait for another one when it begins, and need not if it only reads."""

    @abstractmethod
    def reading(self) -> UnitOfWork:
        """Return a unit of work whose block only reads: it waits for no transaction that writes, and none waits for it.

        Nothing is changed and committed in its block.
        """


def for_reading(unit_of_work: UnitOfWork) -> UnitOfWork:
    """Return the unit of work for a block that only reads: its own, or itself if it does not tell them apart."""
    return unit_of_work.reading() if isinstance(unit_of_work, SupportsReading) else unit_of_work
