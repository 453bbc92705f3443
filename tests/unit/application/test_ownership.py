"""Two copies of a database and one storage, in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.file.export_file import owner_key
from ticket_export.application.file.ownership import (
    KEPT_MARKS,
    MOST_MARKS,
    TRUST,
    IssuedMark,
    Mark,
    Owner,
    StorageOwnership,
    kept_marks,
)
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.errors import StorageError, StorageNotOwnedError
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.testing.entities import NOW

ID = UUID(int=13)
KEY = owner_key(ID)


@attrs.frozen
class Copy:
    """A copy of the database, with the one process that works on it."""

    database: InMemoryDatabase
    clock: InMemoryClock = attrs.field(factory=lambda: InMemoryClock(NOW))
    ownership: StorageOwnership = attrs.field(init=False)

    @ownership.default
    def _new_process(self) -> StorageOwnership:
        return StorageOwnership(
            unit_of_work=lambda: InMemoryUnitOfWork(self.database),
            clock=self.clock,
            process=lambda: f"host:{self.database.identity.copy}",
        )

    def restarted(self) -> Copy:
        """The same database, with another process."""
        return Copy(self.database)

    def cloned(self, copy: str) -> Copy:
        """Another database with the same rows."""
        database = InMemoryDatabase(DatabaseIdentity(ID, copy))
        database.committed = self.database.committed.copy()
        return Copy(database)

    def snapshot(self) -> Copy:
        """Another database that nothing tells from this one: its disk was copied."""
        return self.cloned(self.database.identity.copy)

    def owns(self, storage: ExportStorage) -> bool:
        return self.ownership.refusal(storage) is None


class Elsewhere(InMemoryStorage):
    """Another storage, with another place."""

    place = "memory://elsewhere"


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture
def original() -> Copy:
    return Copy(InMemoryDatabase(DatabaseIdentity(ID, "original")))


def owner_in(storage: InMemoryStorage) -> Owner:
    return Owner.model_validate_json(storage.objects[KEY])


def test_the_first_database_claims_a_storage(original: Copy, storage: InMemoryStorage) -> None:
    original.ownership.require(storage)
    owner = owner_in(storage)
    assert (owner.database, owner.copy_name, owner.seen_at, owner.seen_by) == (ID, "original", NOW, "host:original")
    (issued,) = map(IssuedMark.read, original.database.committed.marks)
    assert str(issued.mark) == owner.mark
    assert original.restarted().owns(storage)


def test_an_owner_is_not_read_or_renewed_more_often_than_once_a_minute(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.require(storage)
    original.clock.advance(TRUST - timedelta(seconds=1))
    storage.objects[KEY] = b"nobody looks"
    original.ownership.require(storage)
    assert storage.objects[KEY] == b"nobody looks"
    original.clock.advance(timedelta(seconds=1))
    with pytest.raises(StorageNotOwnedError):
        original.ownership.require(storage)


@pytest.mark.parametrize("made", [lambda original: original.cloned("a dump"), Copy.snapshot])
def test_a_copy_of_the_database_is_not_the_owner_and_the_original_stays_it(
    original: Copy, storage: InMemoryStorage, made: Callable[[Copy], Copy]
) -> None:
    original.ownership.require(storage)
    copy = made(original)
    original.restarted().ownership.require(storage)
    before = dict(storage.objects)
    for call in (copy.ownership.require, copy.ownership.renew, copy.ownership.require_still):
        with pytest.raises(StorageNotOwnedError, match=r"another copy of this database owns .* `ticket-export storage"):
            call(storage)
    assert storage.objects == before
    assert original.owns(storage)


def test_the_original_is_not_the_owner_any_more_once_a_snapshot_of_its_disk_has_acted(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.require(storage)
    snapshot = original.snapshot()
    snapshot.ownership.require(storage)
    assert not original.owns(storage)
    assert snapshot.owns(storage)


def test_two_that_renew_at_once_after_a_snapshot_are_told_apart(original: Copy, storage: InMemoryStorage) -> None:
    original.ownership.require(storage)
    snapshot = original.snapshot()
    at_first = dict(storage.objects)
    snapshot.ownership.renew(storage)
    storage.objects.update(at_first)
    original.ownership.renew(storage)
    assert not snapshot.owns(storage)
    assert original.owns(storage)


def test_a_refusal_is_kept_for_a_minute_and_the_storage_is_not_asked(original: Copy, storage: InMemoryStorage) -> None:
    original.ownership.require(storage)
    clone = original.cloned("a dump")
    for _ in range(2):
        with pytest.raises(StorageNotOwnedError, match="another copy of this database"):
            clone.ownership.require(storage)
        storage.objects[KEY] = b"nobody looks"
    with pytest.raises(StorageNotOwnedError, match="does not say"):
        clone.ownership.renew(storage)


def test_a_take_over_makes_the_clone_the_owner_and_the_original_none(original: Copy, storage: InMemoryStorage) -> None:
    original.ownership.require(storage)
    clone = original.cloned("a dump")
    with pytest.raises(StorageNotOwnedError):
        clone.ownership.require(storage)
    clone.ownership.take_over(storage)
    clone.ownership.require(storage)
    assert not original.owns(storage)
    original.ownership.take_over(storage)
    assert original.owns(storage)
    assert not clone.owns(storage)


def test_a_database_whose_owner_object_was_deleted_claims_the_storage_again(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.renew(storage)
    del storage.objects[KEY]
    original.ownership.require_still(storage)
    assert original.ownership.owner(storage) is None
    original.ownership.renew(storage)
    assert original.owns(storage)
    assert original.ownership.owner(storage) == owner_in(storage)


@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b"{}", b"\xff", b"null", b"[" * 9_999, b" " * 20_000),
        Owner(
            database=UUID(int=14), copy_name="original", mark="1-000000000000", seen_at=NOW, seen_by=""
        ).model_dump_json(),
        Owner.model_construct(database=ID, copy_name="original", mark="1", seen_at=NOW, seen_by="").model_dump_json(),
    ],
)
def test_an_owner_object_that_cannot_be_read_belongs_to_nobody_until_a_take_over(
    original: Copy, storage: InMemoryStorage, garbage: bytes | str
) -> None:
    original.ownership.renew(storage)
    data = garbage.encode() if isinstance(garbage, str) else garbage
    storage.objects[KEY] = data
    with pytest.raises(StorageNotOwnedError, match=f"the object {KEY} does not say which database owns the storage"):
        original.ownership.renew(storage)
    assert storage.objects[KEY] == data
    assert original.ownership.owner(storage) is None
    original.ownership.take_over(storage)
    assert original.owns(storage)


def test_a_mark_that_a_paused_process_writes_late_is_known(original: Copy, storage: InMemoryStorage) -> None:
    original.ownership.renew(storage)
    late = storage.objects[KEY]
    for _ in range(KEPT_MARKS - 1):
        original.restarted().ownership.renew(storage)
    storage.objects[KEY] = late
    assert original.owns(storage)


def test_a_database_keeps_a_limited_number_of_marks(original: Copy, storage: InMemoryStorage) -> None:
    for _ in range(KEPT_MARKS + 5):
        original.ownership.renew(storage)
    assert len(original.database.committed.marks) == KEPT_MARKS
    issued = [IssuedMark(Mark(number, "0"), str(number % 25)) for number in range(MOST_MARKS + 5)]
    assert kept_marks(issued, seen=None) == issued[-MOST_MARKS:]


def test_a_storage_that_is_away_for_long_still_belongs_to_its_database(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.renew(storage)
    other = Elsewhere()
    for _ in range(KEPT_MARKS + 5):
        original.ownership.renew(other)
    assert original.owns(storage)
    original.ownership.renew(storage)


def test_one_storage_with_two_places_has_one_owner(original: Copy, storage: InMemoryStorage) -> None:
    same = Elsewhere()
    same.objects = storage.objects
    for each in (storage, same, storage):
        for _ in range(KEPT_MARKS + 5):
            original.restarted().ownership.renew(each)
    assert original.owns(same)


def test_a_take_over_by_an_old_snapshot_of_a_disk_ends_the_rights_of_the_original(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.renew(storage)
    snapshot = original.snapshot()
    for _ in range(KEPT_MARKS + 5):
        original.ownership.renew(storage)
    snapshot.ownership.take_over(storage)
    assert snapshot.owns(storage)
    with pytest.raises(StorageNotOwnedError):
        original.ownership.renew(storage)


def test_a_snapshot_of_a_disk_that_renews_more_often_in_its_own_storage_is_not_the_owner(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.renew(storage)
    snapshot = original.snapshot()
    original.ownership.renew(storage)
    for _ in range(KEPT_MARKS + 5):
        snapshot.ownership.renew(Elsewhere())
    with pytest.raises(StorageNotOwnedError):
        snapshot.ownership.renew(storage)
    assert original.owns(storage)


def test_a_process_that_dies_before_it_writes_its_mark_leaves_the_owner_as_it_was(
    original: Copy, storage: InMemoryStorage
) -> None:
    class Full(InMemoryStorage):
        place = storage.place

        def open_writer(self, key: str, content_type: str) -> object:  # type: ignore[override]
            raise StorageError("no space is left")

    original.ownership.renew(storage)
    full = Full()
    full.objects = storage.objects
    for _ in range(KEPT_MARKS + 5):
        with pytest.raises(StorageError, match="no space"):
            original.ownership.renew(full)
    assert original.owns(storage)
    original.ownership.renew(storage)


def test_a_copy_with_a_new_id_does_not_delete_the_files_of_the_original(
    original: Copy, storage: InMemoryStorage
) -> None:
    key = f"exports/{ID}/{UUID(int=1)}/1/x.csv"
    original.ownership.require_of(storage, key)
    copy = Copy(InMemoryDatabase(DatabaseIdentity(UUID(int=14), "a dump")))
    with pytest.raises(StorageNotOwnedError, match=f"another database owns the files of the id {ID}"):
        copy.ownership.require_of(storage, key)
    copy.ownership.require_of(storage, f"exports/{UUID(int=1)}/1/x.csv")
    # The same database, whose tables were created again.
    renewed = Copy(InMemoryDatabase(DatabaseIdentity(UUID(int=14), "original")))
    renewed.ownership.take_over(storage)
    renewed.ownership.require_of(storage, key)
    del storage.objects[KEY]
    copy.ownership.take_over(storage)
    copy.ownership.require_of(storage, key)


def test_a_name_in_an_owner_object_sends_no_control_characters_to_a_terminal(
    original: Copy, storage: InMemoryStorage
) -> None:
    original.ownership.renew(storage)
    assert str(owner_in(storage)).endswith("UTC in the process host:original")
    foreign = owner_in(storage).model_copy(update={"seen_by": "host\x1b[2J\n"})
    assert str(foreign).endswith(r"UTC in the process host\x1b[2J\n")


def test_two_databases_share_a_storage_and_each_owns_its_own_prefix(original: Copy, storage: InMemoryStorage) -> None:
    other = Copy(InMemoryDatabase())
    original.ownership.renew(storage)
    other.ownership.renew(storage)
    assert original.owns(storage)
    assert other.owns(storage)


def test_a_copy_that_is_not_the_owner_writes_under_keys_of_its_own(original: Copy, storage: InMemoryStorage) -> None:
    identity = original.database.identity
    snapshot = original.snapshot()
    assert original.ownership.to_write(storage, identity) == identity
    other = snapshot.ownership.to_write(storage, identity)
    assert other.id == identity.id
    assert other.copy != identity.copy


def test_a_storage_that_fails_does_not_keep_an_export_from_trying_itself(original: Copy) -> None:
    class Away(InMemoryStorage):
        def open_reader(self, key: str, start: int = 0) -> object:  # type: ignore[override]
            raise StorageError("the store is away")

    identity = original.database.identity
    assert original.ownership.to_write(Away(), identity) == identity


def test_a_refusal_is_logged_once_a_process_until_the_database_is_the_owner_again(
    original: Copy, storage: InMemoryStorage, caplog: pytest.LogCaptureFixture
) -> None:
    original.ownership.renew(storage)
    clone = original.cloned("a dump")

    def told() -> int:
        for _ in range(3):
            clone.ownership.to_write(storage, clone.database.identity)
            original.clock.advance(TRUST)
            original.ownership.renew(storage)
            clone.clock.advance(TRUST)
        return sum(record.levelname == "WARNING" for record in caplog.records)

    assert told() == 1
    (record,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert record.exc_info is None
    assert f"exports are not cleaned up: {storage.place}: another copy of this database owns" in record.getMessage()
    clone.ownership.take_over(storage)
    original.ownership.take_over(storage)
    clone.clock.advance(TRUST)
    assert told() == 2


class MissingFolder(InMemoryStorage):
    """Looks empty, and would be made by a write."""

    def is_at(self, place: str) -> bool:
        return place == self.place

    def require_there(self) -> None:
        if not self.objects:
            raise StorageError("the folder of the storage does not exist")


def test_a_storage_that_is_not_there_is_made_by_an_export_and_not_by_a_sweep(original: Copy) -> None:
    storage = MissingFolder()
    original.ownership.renew(storage)
    original.ownership.require(storage)
    assert not storage.objects
    original.ownership.to_write(storage, original.database.identity)
    assert owner_in(storage).copy_name == "original"
    original.ownership.renew(storage)
    del storage.objects[KEY]
    storage.objects["another"] = b""
    original.ownership.renew(storage)
    assert owner_in(storage).copy_name == "original"


@given(st.lists(st.sampled_from(["original", "snapshot"]), max_size=60), st.integers(0, 30))
def test_of_a_database_and_a_snapshot_of_its_disk_at_most_one_is_the_owner(turns: list[str], before: int) -> None:
    storage, original = InMemoryStorage(), Copy(InMemoryDatabase(DatabaseIdentity(ID, "original")))
    for _ in range(before):
        original.ownership.renew(storage)
    snapshot = original.snapshot()
    winner = None
    for name in turns:
        copy = {"original": original, "snapshot": snapshot}[name]
        if winner is None or name == winner:
            copy.ownership.renew(storage)
            winner = name
        else:
            with pytest.raises(StorageNotOwnedError):
                copy.ownership.renew(storage)


def test_a_mark_is_read_as_it_was_written() -> None:
    issued = IssuedMark(Mark(42, "0123456789ab"), "01234567")
    assert IssuedMark.read(str(issued)) == issued
