"""Find out whether the database and the storage answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

import attrs

from ticket_export.application.file.export_file import owner_key
from ticket_export.application.ports.export_storage import ExportStorage, SupportsPlaces
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.errors import ObjectNotFoundError

# No database has this id, so the storage has no object below its prefix.
_NO_DATABASE: Final = UUID(int=0)


@attrs.frozen(kw_only=True)
class CheckReadiness:
    """Ask the database and the storage one small question each. Nothing is written.

    Each argument is a provider, since making a part may take long or fail too. The calls have no time limit.
    """

    unit_of_work: Callable[[], UnitOfWork]
    storage: Callable[[], ExportStorage]

    @property
    def questions(self) -> Mapping[str, Callable[[], None]]:
        """The questions by the name of the part. Each may raise any error, which says that the part is not ready."""
        return {"database": self._ask_database, "storage": self._ask_storage}

    def _ask_database(self) -> None:
        with self.unit_of_work() as work:
            work.database.identity()

    def _ask_storage(self) -> None:
        storage = self.storage()
        if isinstance(storage, SupportsPlaces):
            storage.require_there()
        try:
            with storage.open_reader(owner_key(_NO_DATABASE)):
                pass
        except ObjectNotFoundError:
            # Any other store says so too.
            return
