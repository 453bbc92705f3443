"""What a database of export jobs knows about itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import attrs


@attrs.frozen
class DatabaseIdentity:
    """Which database this is.

    `id` is stored in it, so a copy of the database has it too. `copy` is a text that tells the copies apart: it stays
    as long as the database is the same one, and a copy, such as a restored dump, has another one.
    """

    id: UUID
    copy: str


def time_until_due(begun: datetime | None, *, now: datetime, interval: timedelta) -> timedelta:
    """Return how long a chore that was last begun at `begun` is not due yet, by `ExportDatabase.begin_chore`."""
    if begun is None or abs(now - begun) >= interval:
        return timedelta(0)
    return min(interval, interval - (now - begun))


class ExportDatabase(Protocol):
    """The database, inside a transaction."""

    @abstractmethod
    def identity(self) -> DatabaseIdentity:
        """Return which database this is.

        Raises:
            JobDatabaseError: it has no id; ``ticket-export migrate`` gives it one.
        """

    @abstractmethod
    def marks(self, *, to_change: bool = False) -> Sequence[str]:
        """Return the latest marks that this database issued for its owner objects, oldest first.

        With `to_change`, no other transaction can change them until this one ends.
        """

    @abstractmethod
    def set_marks(self, marks: Sequence[str]) -> None:
        """Store `marks` instead of those that `marks` returned with `to_change` in this transaction."""

    @abstractmethod
    def begin_chore(self, chore: str, *, now: datetime, interval: timedelta) -> timedelta:
        """Return zero and store that the chore was begun at `now`, if it is due; else return the time until it is.

        A chore is due `interval` after it was last begun, and if it never was. A stored time a little after `now` is
        that of another transaction, which this one has waited for; one `interval` or more after `now` is that of a
        clock which was wrong, and does not count. Of several transactions, one begins the chore.
        """
