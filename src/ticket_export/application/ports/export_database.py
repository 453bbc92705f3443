"""What a database of export jobs knows about itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
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
