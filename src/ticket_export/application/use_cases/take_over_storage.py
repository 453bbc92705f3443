"""Make this copy of a database the owner of its storages."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ticket_export.application.file.export_file import require_there
from ticket_export.application.file.ownership import Owner, StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects
from ticket_export.errors import StorageError


@attrs.frozen(kw_only=True)
class TakeOver:
    """What a take-over means for the storage at `place`.

    `owner` is the owner object there, None if there is none that can be read. `is_ours` says whether this database is
    the owner already. `unknown` objects below its prefix belong to no export that it knows. `failed` says why a former
    storage is not taken over; then nothing else is known.
    """

    place: str
    owner: Owner | None = None
    is_ours: bool = False
    unknown: int = 0
    failed: str | None = None


@attrs.frozen(kw_only=True)
class TakeOverStorage:
    """Let this database delete objects in the present storage and in the former ones, and no other copy of it.

    It is an operator's call, without an actor, for a database that was restored, cloned or moved.

    Rules:
        1. From then on every other copy of the database refuses to sweep and to clean up.
        2. Nothing is deleted now. The next sweep deletes the `unknown` objects: for example, the files of exports that
           the other copy has made since the two were one.
        3. Calling it twice is the same as once.
        4. A former storage that fails, or whose folder does not exist, is passed over: it may be a disk that is not
           mounted, and a folder that was created in its place would hide that.
    """

    places: StoragePlaces
    ownership: StorageOwnership
    sweep: SweepOrphanedObjects

    def __call__(self, *, dry_run: bool = False) -> Sequence[TakeOver]:
        """Take over every storage, and return what that means; with `dry_run`, only return it.

        Raises:
            StorageError: the present storage failed; no storage is taken over.
            JobDatabaseError: the database failed.
        """
        done = [self._take_over(self.places.present, dry_run=dry_run)]
        for storage in self.places.former:
            try:
                require_there(storage)
                done.append(self._take_over(storage, dry_run=dry_run))
            except StorageError as error:
                done.append(TakeOver(place=storage.place, failed=str(error)))
        return done

    def _take_over(self, storage: ExportStorage, *, dry_run: bool) -> TakeOver:
        means = TakeOver(
            place=storage.place,
            owner=self.ownership.owner(storage),
            is_ours=self.ownership.refusal(storage) is None,
            unknown=sum(1 for _ in self.sweep.orphans(storage)),
        )
        if not dry_run:
            self.ownership.take_over(storage)
        return means
