from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, HelpDesk, once, raising
from tests.unit.application.use_cases.watched_adapters import WatchedStorage
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.errors import StorageError, StorageUnavailableError, TicketSourceError
from ticket_export.infrastructure.memory.clock import InMemoryClock


def key(job_id: UUID, attempt: int = 1, name: str = NAME) -> str:
    return f"{PREFIX}{job_id}/{attempt}/{name}"


def queued(desk: HelpDesk) -> UUID:
    return desk.requested().id


def running(desk: HelpDesk) -> UUID:
    """In its second attempt."""
    job_id = desk.requested().id
    desk.claims.claim(job_id).hand_back()
    assert desk.claims.claim(job_id).token == 2
    return job_id


def completed(desk: HelpDesk) -> UUID:
    """By its second attempt."""
    job_id = desk.requested().id
    desk.claims.claim(job_id).hand_back()
    assert desk.run_export(job_id).status == "completed"
    return job_id


def failed(desk: HelpDesk) -> UUID:
    job_id = desk.requested().id
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    desk.run_export(job_id)
    desk.happen.clear()
    return job_id


def cancelled(desk: HelpDesk) -> UUID:
    actor = desk.user()
    job_id = desk.requested(actor).id
    desk.claims.claim(job_id)
    desk.cancel_export(actor, job_id)
    return job_id


def cleaned_up(desk: HelpDesk) -> UUID:
    job_id = desk.requested().id
    desk.run_export(job_id)
    then = desk.clock.now()
    desk.clock.advance(desk.retention)
    desk.clean_up_expired_exports()
    desk.clock.set(then)
    return job_id


def running_without_a_task(desk: HelpDesk) -> UUID:
    job_id = desk.requested().id
    desk.claims.claim(job_id)
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))
    return job_id


def unknown(desk: HelpDesk) -> UUID:
    return UUID(int=7)


@pytest.mark.parametrize(
    ("job", "attempt", "stays"),
    [
        (completed, 1, False),
        (completed, 2, True),
        (completed, 3, False),
        (running, 1, False),
        (running, 2, True),
        (running, 3, False),
        (running_without_a_task, 1, False),
        (queued, 1, False),
        (failed, 1, False),
        (cancelled, 1, False),
        (cleaned_up, 1, False),
        (unknown, 1, False),
    ],
)
def test_only_what_an_export_has_or_is_writing_stays(
    desk: HelpDesk, job: Callable[[HelpDesk], UUID], attempt: int, stays: bool
) -> None:
    object_key = key(job(desk), attempt)
    desk.storage.objects[object_key] = b"x"
    others = {each for each in desk.stored if each != object_key}
    before = desk.database.committed
    assert desk.sweep_orphaned_objects() == Sweep(removed=not stays)
    assert set(desk.stored) == others | ({object_key} if stays else set())
    assert desk.database.committed == before


def test_second_file_of_the_completing_attempt_goes(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.storage.objects[key(job_id, 2, "another.csv")] = b"x"
    assert desk.sweep_orphaned_objects() == Sweep(removed=1)
    assert list(desk.files) == [key(job_id, 2)]


FOREIGN = [
    "exports/readme.txt",
    "exports/2026/1/report.csv",
    f"exports/{UUID(int=7)}",
    f"exports/{UUID(int=7)}/1",
    f"exports/{UUID(int=7)}/one/x.csv",
    f"exports/{UUID(int=7)}-old/1/x.csv",
    f"exports/{str(UUID(int=0xABC)).upper()}/1/x.csv",
    f"exports/old/{UUID(int=7)}/1/x.csv",
    f"exports2/{UUID(int=7)}/1/x.csv",
    f"{UUID(int=7)}/1/x.csv",
    "attachments/1/photo.png",
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_keys_that_no_attempt_was_given_are_not_touched(desk: HelpDesk, foreign: str) -> None:
    desk.storage.objects[foreign] = b"somebody else's"
    assert desk.sweep_orphaned_objects() == Sweep()
    assert list(desk.files) == [foreign]


@pytest.mark.parametrize(
    "foreign",
    [
        f"exports/{UUID(int=99)}/{UUID(int=7)}/1/{NAME}",
        f"exports/{UUID(int=99)}/owner.json",
        f"exports/{UUID(int=7)}/1/{NAME}",
    ],
)
def test_objects_of_another_database_are_not_touched(desk: HelpDesk, foreign: str) -> None:
    with_an_older_file(desk)
    desk.storage.objects[foreign] = b"the other's"
    assert desk.sweep_orphaned_objects() == Sweep()
    assert foreign in desk.storage.objects


def with_an_older_file(desk: HelpDesk) -> UUID:
    """Complete an export as an older version did."""
    job_id = completed(desk)
    item = desk.media_item(job_id)
    old_key = f"exports/{job_id}/2/{NAME}"
    for suffix in ("", ".manifest.json"):
        desk.storage.objects[old_key + suffix] = desk.storage.objects.pop(item.object_key + suffix)
    desk.database.committed.media_items[item.id] = attrs.evolve(item, object_key=old_key, storage_place=None)
    return job_id


def test_orphans_of_an_older_version_go_while_a_file_of_an_older_version_is_there(desk: HelpDesk) -> None:
    job_id, other = with_an_older_file(desk), failed(desk)
    kept = set(desk.stored)
    for orphan in (f"exports/{job_id}/1/{NAME}", f"exports/{other}/1/{NAME}"):
        desk.storage.objects[orphan] = b"x"
    assert desk.sweep_orphaned_objects() == Sweep(removed=2)
    assert set(desk.stored) == kept


def test_objects_of_older_versions_are_not_looked_for_without_a_file_of_an_older_version(desk: HelpDesk) -> None:
    orphan = f"exports/{failed(desk)}/1/{NAME}"
    desk.storage.objects[orphan] = b"x"
    assert desk.sweep_orphaned_objects() == Sweep()
    assert list(desk.stored) == [orphan]


def test_clone_deletes_nothing_and_says_why_in_one_line(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    desk.run_export(queued(desk))
    clone = desk.cloned()
    desk.run_export(queued(desk))
    clone.run_export(queued(clone))
    before = dict(desk.storage.objects)
    for _ in range(2):
        sweep = clone.sweep_orphaned_objects()
        assert (sweep.removed, sweep.failed, sweep.unfinished) == (0, 0, 0)
        assert sweep.refused
        assert "another copy of this database owns the storage" in sweep.refused
        assert "ticket-export storage take-over" in sweep.refused
    assert desk.storage.objects == before
    (record,) = (each for each in caplog.records if each.levelname == "WARNING")
    assert record.exc_info is None


def test_sweep_stops_where_another_copy_takes_the_storage_over(desk: HelpDesk) -> None:
    desk.sweep_orphaned_objects()
    orphan = key(UUID(int=7))
    desk.storage.objects[orphan] = b"x"
    clone = desk.cloned()
    desk.happen["storage.list.done"] = once(lambda: clone.ownership.take_over(desk.storage))
    assert desk.sweep_orphaned_objects().refused
    assert list(desk.files) == [orphan]


def test_sweep_logs_the_number_of_what_it_removed_and_each_key(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assert desk.sweep_orphaned_objects() == Sweep()
    assert not caplog.messages
    keys = [key(UUID(int=number)) for number in range(3)]
    desk.storage.objects.update(dict.fromkeys(keys, b"x"))
    desk.sweep_orphaned_objects()
    assert caplog.record_tuples[-1][1:] == (logging.INFO, "the sweep removed 3 orphaned and 0 unfinished objects")
    assert caplog.messages[:-1] == [f"the sweep removed {each}" for each in keys]


def test_nothing_to_sweep_is_fine(desk: HelpDesk) -> None:
    assert desk.sweep_orphaned_objects() == Sweep()


def test_more_than_a_page_is_swept_at_once(desk: HelpDesk) -> None:
    kept = key(completed(desk), 2)
    for number in range(1100):
        desk.storage.objects[key(UUID(int=number))] = b"x"
    assert desk.sweep_orphaned_objects() == Sweep(removed=1100)
    assert list(desk.files) == [kept]


def test_object_that_cannot_be_removed_is_counted_and_the_others_go(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    keys = [key(UUID(int=number)) for number in range(3)]
    desk.storage.objects.update(dict.fromkeys(keys, b"x"))
    desk.happen[f"storage.delete {keys[1]}"] = raising(StorageError("refused"))
    assert desk.sweep_orphaned_objects() == Sweep(removed=2, failed=1)
    assert list(desk.files) == [keys[1]]
    assert f"the orphaned object {keys[1]} could not be removed" in caplog.text
    desk.happen.clear()
    assert desk.sweep_orphaned_objects() == Sweep(removed=1)


def test_storage_that_is_away_is_not_asked_to_delete_every_object(desk: HelpDesk) -> None:
    keys = [key(UUID(int=number)) for number in range(100)]
    desk.storage.objects.update(dict.fromkeys(keys, b"x"))
    asked: list[object] = []

    def be_away() -> None:
        asked.append(None)
        if len(asked) in {3, 8, 9, 10}:
            raise StorageUnavailableError("it does not answer")

    desk.happen["storage.delete"] = be_away
    assert desk.sweep_orphaned_objects() == Sweep(removed=6, failed=94)
    assert len(asked) == 10
    desk.happen.clear()
    assert desk.sweep_orphaned_objects() == Sweep(removed=94)


def test_storage_that_cannot_be_listed_says_so(desk: HelpDesk) -> None:
    desk.happen["storage.list.done"] = raising(StorageError("the storage is gone"))
    with pytest.raises(StorageError, match="the storage is gone"):
        desk.sweep_orphaned_objects()


def test_export_that_completes_between_the_listing_and_the_look_keeps_its_file(desk: HelpDesk) -> None:
    job_id = queued(desk)
    desk.storage.objects[key(job_id)] = b"about to be published"
    desk.happen["storage.list.done"] = once(lambda: desk.run_export(job_id))
    assert desk.sweep_orphaned_objects() == Sweep()
    assert list(desk.files) == [key(job_id)]
    assert desk.job(job_id).status.developer_name == "completed"


def test_file_between_its_publication_and_its_completion_stays(desk: HelpDesk) -> None:
    job_id, swept = queued(desk), list[Sweep]()
    # The media item is being made then: the object is readable, and no row points at it.
    desk.happen["storage.provider"] = lambda: swept.append(desk.sweep_orphaned_objects())
    assert desk.run_export(job_id).status == "completed"
    assert swept == [Sweep()]
    assert list(desk.files) == [key(job_id)]


class StorageWithPartials(WatchedStorage):
    """Keeps when each unfinished object was last written to."""

    def __init__(self, desk: HelpDesk, *written_at: datetime) -> None:
        super().__init__(desk)
        self.partials = list(written_at)

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        stale = [each for each in self.partials if each < before]
        self.partials = [each for each in self.partials if each >= before]
        return len(stale)


def test_what_was_begun_and_never_finished_goes_when_it_is_stale(desk: HelpDesk) -> None:
    limit = NOW - timedelta(hours=1)
    fresh = [limit, NOW]
    desk.storage = storage = StorageWithPartials(desk, limit - timedelta(microseconds=1), *fresh)
    assert desk.sweep_orphaned_objects() == Sweep(unfinished=1)
    assert storage.partials == fresh
    assert desk.sweep_orphaned_objects() == Sweep()


@pytest.mark.parametrize("hours", [-5, 5])
def test_what_is_written_now_by_either_clock_does_not_look_stale(desk: HelpDesk, hours: int) -> None:
    other = InMemoryClock(NOW + timedelta(hours=hours))
    desk.storage = storage = StorageWithPartials(desk, NOW, other.now())
    sweep = attrs.evolve(desk.sweep_orphaned_objects, clocks=[desk.clock, other])
    assert sweep() == Sweep()
    assert len(storage.partials) == 2


def test_listing_that_is_a_snapshot_may_name_what_is_gone(desk: HelpDesk) -> None:
    class Snapshot(WatchedStorage):
        def list(self, prefix: str) -> Iterator[str]:
            yield key(UUID(int=7))

    desk.storage = Snapshot(desk)
    assert desk.sweep_orphaned_objects() == Sweep(removed=1)
