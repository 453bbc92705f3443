"""Which copy of a database may delete objects in a storage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Self
from uuid import UUID, uuid4

import attrs
from pydantic import AwareDatetime, Field, ValidationError

from ticket_export.application.dto import Dto
from ticket_export.application.file.export_file import database_of, owner_key, require_there
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.safe_text import escaped
from ticket_export.errors import ObjectNotFoundError, StorageError, StorageNotOwnedError

_log = logging.getLogger(__name__)

#: Opens the writer of an object by its key and its content type, as `ExportStorage.open_writer` does.
WriterOpener = Callable[[ExportStorage, str, str], AbstractContextManager[ObjectWriter]]

#: For how long a process relies on what it has seen.
TRUST: Final = timedelta(minutes=1)
#: How many marks a database keeps for each storage. Forty processes issue so many in five minutes.
KEPT_MARKS: Final = 200
#: How many marks it keeps in all.
MOST_MARKS: Final = 20 * KEPT_MARKS
TAKE_OVER: Final = "ticket-export storage take-over"
_CONTENT_TYPE: Final = "application/json"
# Bytes of the object, and characters of a text in it.
_MAX_LENGTH: Final = 10_000
_LONGEST: Final = 500


@attrs.frozen
class Mark:
    """The number of a renewal of owner objects, and a random text that a copy of the database cannot know."""

    number: int
    nonce: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the mark in a text that `str` has made."""
        number, _, nonce = text.partition("-")
        return cls(int(number), nonce)

    def __str__(self) -> str:
        return f"{self.number}-{self.nonce}"


@attrs.frozen
class IssuedMark:
    """A mark that this database has issued, and the storage for which it has: a short text made from its place."""

    mark: Mark
    storage: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what is in a text that `str` has made."""
        mark, _, storage = text.partition(" ")
        return cls(Mark.read(mark), storage)

    @classmethod
    def after(cls, issued: Sequence[IssuedMark], place: str) -> Self:
        """Return a new mark for the storage at `place`."""
        number = issued[-1].mark.number + 1 if issued else 1
        return cls(Mark(number, uuid4().hex[:12]), sha256(place.encode()).hexdigest()[:8])

    def __str__(self) -> str:
        return f"{self.mark} {self.storage}"


def kept_marks(issued: Sequence[IssuedMark], *, seen: Mark | None) -> Sequence[IssuedMark]:
    """Return those of the marks that may be in an owner object now, or later by a process that was paused.

    The last one of `issued` is new, and `seen` is in the owner object of its storage. The marks of another storage
    stay: it may be away for long. A mark that is not kept is as unknown as that of a copy.
    """
    storage = issued[-1].storage
    latest = set([each for each in issued if each.storage == storage][-KEPT_MARKS:])
    kept = [each for each in issued if each.storage != storage or each.mark == seen or each in latest]
    return kept[-MOST_MARKS:]


class Owner(Dto):
    """The owner object below the prefix of a database: which copy of the database deletes objects there.

    `seen_at` (aware UTC) is the time of the last renewal, `seen_by` the process that made it. `mark` was committed to
    the owner's database before it was written here, so that a copy that was made earlier does not have it.
    """

    database: UUID
    copy_name: str = Field(max_length=_LONGEST)
    mark: str = Field(pattern=r"^[0-9]{1,15}-[0-9a-f]{12}$")
    seen_at: AwareDatetime
    seen_by: str = Field(max_length=_LONGEST)

    def __str__(self) -> str:
        # Everybody who may write into the storage may have chosen the name, and a terminal shows it.
        process = escaped(self.seen_by)
        return f"last seen on {self.seen_at:%Y-%m-%d at %H:%M:%S} UTC in the process {process}"


@attrs.frozen
class _Seen:
    at: datetime
    database: DatabaseIdentity
    refusal: str | None = None


@attrs.frozen
class OwnershipMemory:
    """What a process has seen of the owner of each storage, and the storages of which it has logged the refusal."""

    seen: dict[str, _Seen] = attrs.field(factory=dict)
    told: set[str] = attrs.field(factory=set)


def _opened(storage: ExportStorage, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
    return storage.open_writer(key, content_type)


@attrs.frozen(kw_only=True)
class StorageOwnership:
    """Decides whether this database may delete objects below its prefix in a storage.

    Rules:
        1. The owner object names a copy of the database. Without the object, the first process that writes or deletes
           there claims the storage for its database. An object that cannot be read belongs to nobody, and nothing is
           deleted until `take_over`.
        2. A restored dump, a cloned database and a copied file have the id of the original, and another
           `DatabaseIdentity.copy`. They are not the owner.
        3. A snapshot of a whole disk has the same `copy` too. So every renewal of the owner object has a new mark,
           which is committed to the database first. A database that does not know the mark as its own is not the owner.
        4. A renewal also keeps a lifecycle rule that deletes old objects from deleting the owner object.

    `process` returns the name of this process. One `memory` serves all threads of a process.
    """

    unit_of_work: Callable[[], UnitOfWork]
    clock: Clock
    process: Callable[[], str]
    memory: OwnershipMemory = attrs.field(factory=OwnershipMemory)

    def require(self, storage: ExportStorage) -> None:
        """Return if this database is the owner of the storage; claim it, or renew it, at most once a minute.

        A storage that does not exist, such as a folder, is not made.

        Raises:
            StorageNotOwnedError: it is not the owner; nothing may be deleted.
            StorageError: the storage failed.
            JobDatabaseError: the database failed.
        """
        self._require(storage, creates=False)

    def require_of(self, storage: ExportStorage, key: str) -> None:
        """Return if this database may delete the file of that key in the storage.

        The key has another id if the database got a new one. A copy with a new id owns its own prefix, not that of the
        original.

        Raises:
            StorageNotOwnedError, StorageError, JobDatabaseError: as `require` does.
        """
        self.require(storage)
        seen = self.memory.seen.get(storage.place)
        named, database = database_of(key), seen.database if seen else self._identity()
        if named in {None, database.id}:
            return
        owner = _read(storage, named)
        if owner is not None and owner.copy_name != database.copy:
            raise StorageNotOwnedError(
                storage.place,
                f"another database owns the files of the id {named}, {owner}; if that database is in use, delete the "
                "rows of these files in this one",
            )

    def renew(self, storage: ExportStorage) -> None:
        """Do what `require` does, and do it now.

        Raises:
            StorageNotOwnedError, StorageError, JobDatabaseError: as `require` does.
        """
        self._renew(storage, creates=False)

    def require_still(self, storage: ExportStorage) -> None:
        """Return unless another copy of the database is the owner now. Nothing is written.

        Raises:
            StorageNotOwnedError, StorageError, JobDatabaseError: as `require` does.
        """
        database = self._identity()
        owner = _read(storage, database.id)
        with self.unit_of_work() as work:
            # After the object is read, since its mark was committed before it was written.
            _require_own(storage, owner, database, _marks(work))

    def refusal(self, storage: ExportStorage) -> str | None:
        """Return why this database may not delete objects in the storage; None if it may. Nothing is written.

        Raises:
            StorageError, JobDatabaseError: as `require` does.
        """
        try:
            self.require_still(storage)
        except StorageNotOwnedError as error:
            return str(error)
        return None

    def owner(self, storage: ExportStorage) -> Owner | None:
        """Return the owner object of this database in the storage; None if there is none that can be read.

        Raises:
            StorageError, JobDatabaseError: as `require` does.
        """
        with suppress(StorageNotOwnedError):
            return _read(storage, self._identity().id)
        return None

    def take_over(self, storage: ExportStorage) -> None:
        """Make this database the owner, whatever the owner object says.

        Raises:
            StorageError, JobDatabaseError: as `require` does.
        """
        database = self._identity()
        self._write(storage, database, self._issue(storage, None, lambda _issued: None))

    def to_write(
        self, storage: ExportStorage, database: DatabaseIdentity, opener: WriterOpener = _opened
    ) -> DatabaseIdentity:
        """Claim the storage before an export writes there, and return the identity for the keys of its objects.

        A database that is not the owner may write. Since the owner may run the same export and may have the same
        `copy`, the identity has a new one then. If the storage fails, the export itself finds that out. `opener`
        opens the writer of the owner object, so that it can be interrupted.

        Raises:
            JobDatabaseError: the database failed.
        """
        try:
            self._require(storage, creates=True, opener=opener)
        except StorageNotOwnedError as error:
            self.tell(error)
            return attrs.evolve(database, copy=uuid4().hex)
        except StorageError:
            _log.info("the owner object could not be read or written", exc_info=True)
        return database

    def tell(self, error: StorageNotOwnedError) -> None:
        """Log why nothing is deleted in a storage: once a process, until this database is the owner again."""
        if error.place not in self.memory.told:
            self.memory.told.add(error.place)
            _log.warning("exports are not cleaned up: %s", error)

    def _require(self, storage: ExportStorage, *, creates: bool, opener: WriterOpener = _opened) -> None:
        seen = self.memory.seen.get(storage.place)
        if seen is None or abs(self.clock.now() - seen.at) >= TRUST:
            self._renew(storage, creates=creates, opener=opener)
        elif seen.refusal is not None:
            raise StorageNotOwnedError(storage.place, seen.refusal)

    def _renew(self, storage: ExportStorage, *, creates: bool, opener: WriterOpener = _opened) -> None:
        database, now = self._identity(), self.clock.now()
        try:
            owner = _read(storage, database.id)
            if owner is None and not creates and not _is_there(storage):
                # Such as a disk that is not mounted. A folder in its place would look like a storage without files.
                return
            mark = self._issue(storage, owner, lambda issued: _require_own(storage, owner, database, issued))
        except StorageNotOwnedError as error:
            self.memory.seen[storage.place] = _Seen(now, database, error.why)
            raise
        self._write(storage, database, mark, opener)

    def _identity(self) -> DatabaseIdentity:
        with self.unit_of_work() as work:
            return work.database.identity()

    def _issue(
        self, storage: ExportStorage, owner: Owner | None, require: Callable[[Sequence[IssuedMark]], None]
    ) -> Mark:
        seen = Mark.read(owner.mark) if owner else None
        with self.unit_of_work() as work:
            issued = _marks(work, to_change=True)
            require(issued)
            new = IssuedMark.after(issued, storage.place)
            work.database.set_marks(list(map(str, kept_marks([*issued, new], seen=seen))))
            work.commit()
        return new.mark

    def _write(
        self, storage: ExportStorage, database: DatabaseIdentity, mark: Mark, opener: WriterOpener = _opened
    ) -> None:
        now = self.clock.now()
        process = self.process()[:_LONGEST]
        owner = Owner(database=database.id, copy_name=database.copy, mark=str(mark), seen_at=now, seen_by=process)
        with opener(storage, owner_key(database.id), _CONTENT_TYPE) as writer:
            writer.write(owner.model_dump_json(indent=2).encode() + b"\n")
        self.memory.seen[storage.place] = _Seen(now, database)
        self.memory.told.discard(storage.place)


def _is_there(storage: ExportStorage) -> bool:
    try:
        require_there(storage)
    except StorageError:
        return False
    return True


def _marks(work: UnitOfWork, *, to_change: bool = False) -> Sequence[IssuedMark]:
    return [IssuedMark.read(text) for text in work.database.marks(to_change=to_change)]


def _read(storage: ExportStorage, database_id: UUID) -> Owner | None:
    key = owner_key(database_id)
    try:
        with storage.open_reader(key) as reader:
            data = reader.read(_MAX_LENGTH)
    except ObjectNotFoundError:
        return None
    try:
        owner = Owner.model_validate_json(data)
    except ValidationError as error:
        raise _unreadable(storage, key) from error
    if owner.database != database_id:
        raise _unreadable(storage, key)
    return owner


def _unreadable(storage: ExportStorage, key: str) -> StorageNotOwnedError:
    return StorageNotOwnedError(
        storage.place,
        f"the object {key} does not say which database owns the storage; if no other copy of this "
        f"database uses it, run `{TAKE_OVER}`",
    )


def _require_own(
    storage: ExportStorage, owner: Owner | None, database: DatabaseIdentity, issued: Sequence[IssuedMark]
) -> None:
    if owner is None:
        return
    if owner.copy_name == database.copy and any(str(each.mark) == owner.mark for each in issued):
        return
    raise StorageNotOwnedError(
        storage.place,
        f"another copy of this database owns the storage, {owner}; set TICKET_EXPORT_STORAGE_URL to "
        f"a storage for this copy alone, or run `{TAKE_OVER}` if the other one is not used any more",
    )
