"""Make this copy of a database the owner of its storages."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ticket_export.application.file.ownership import Owner, StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects


@attrs.frozen(kw_only=True)
class TakeOver:
    """What a take-over means for the storage at `place`.

    `owner` is the owner object there, None if there is none that can be read. `is_ours` says whether this database is
    the owner already. `unknown` objects below its prefix belong to no export that it knows.
    """

    place: str
    owner: Owner | None
    is_ours: bool
    unknown: int


@attrs.frozen(kw_only=True)
class TakeOverStorage:
    """Let this database delete objects in the present storage and in the former ones, and no other copy of it.

    It is an operator's call, without an actor, for a database that was restored, cloned or moved.

    Rules:
        1. From then on every other copy of the database refuses to sweep and to clean up.
        2. Nothing is deleted now. The next sweep deletes the `unknown` objects: for example, the files of exports that
           the other copy has made since the two were one.
        3. Calling it twice is the same as once.
    """

    places: StoragePlaces
    ownership: StorageOwnership
    sweep: SweepOrphanedObjects

    def __call__(self, *, dry_run: bool = False) -> Sequence[TakeOver]:
        """Take over every storage, and return what that means; with `dry_run`, only return it.

        Raises:
            StorageError: a storage failed; the storages before it are taken over.
            JobDatabaseError: the database failed.
        """
        done = []
        for storage in self.places.every:
            done.append(
                TakeOver(
                    place=storage.place,
                    owner=self.ownership.owner(storage),
                    is_ours=self.ownership.refusal(storage) is None,
                    unknown=sum(1 for _ in attrs.evolve(self.sweep, storage=storage).orphans()),
                )
            )
            if not dry_run:
                self.ownership.take_over(storage)
        return done
