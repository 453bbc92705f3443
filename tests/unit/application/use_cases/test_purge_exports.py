from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PREFIX, HelpDesk, once, raising
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import JobDatabaseError, TicketSourceError
from ticket_export.ports import MediaItem

EXPIRY = NOW + timedelta(hours=72)
DAYS = timedelta(days=30)
DUE = EXPIRY + DAYS


@pytest.fixture(autouse=True)
def _with_history(desk: HelpDesk) -> None:
    desk.history = DAYS


def cleaned_up(desk: HelpDesk, exports: int = 1) -> list[UUID]:
    """Completed exports that were cleaned up at their expiry, `DAYS` ago."""
    jobs = [desk.requested().id for _ in range(exports)]
    for job_id in jobs:
        assert desk.run_export(job_id).status == "completed"
    desk.clock.set(EXPIRY)
    assert desk.clean_up_expired_exports().cleaned_up == exports
    desk.clock.set(DUE)
    return jobs


def claim_gone(desk: HelpDesk, *jobs: UUID) -> None:
    rows = desk.database.committed
    assert not rows.jobs.keys() & set(jobs)
    assert {str(job_id) for job_id in jobs}.isdisjoint(key.split("/")[1] for key in desk.stored)
    assert len(rows.tasks) == len(rows.jobs), "a task is left"


def test_export_goes_with_its_task_some_days_after_its_clean_up(desk: HelpDesk) -> None:
    (job_id,) = cleaned_up(desk)
    desk.clock.set(DUE - timedelta(microseconds=1))
    assert desk.purge_exports() == Purge()
    desk.clock.set(DUE)
    assert desk.purge_exports() == Purge(purged=1)
    claim_gone(desk, job_id)
    assert desk.purge_exports() == Purge()


def test_nothing_is_purged_by_default(desk: HelpDesk) -> None:
    cleaned_up(desk)
    desk.history = None
    desk.clock.advance(timedelta(days=36_500))
    before = desk.database.committed
    assert desk.purge_exports() == Purge()
    assert desk.database.committed == before


def test_days_of_a_call_replace_those_of_the_setting(desk: HelpDesk) -> None:
    (job_id,) = cleaned_up(desk)
    assert desk.purge_exports(history=DAYS + timedelta(microseconds=1)) == Purge()
    desk.history = None
    assert desk.purge_exports(history=DAYS) == Purge(purged=1)
    claim_gone(desk, job_id)


def test_days_count_from_the_clean_up_and_not_from_the_expiry(desk: HelpDesk) -> None:
    desk.run_export(desk.requested().id)
    desk.clock.set(DUE)
    assert desk.clean_up_expired_exports().cleaned_up == 1
    assert desk.purge_exports() == Purge()
    desk.clock.advance(DAYS)
    assert desk.purge_exports() == Purge(purged=1)


@pytest.mark.parametrize("status", ["queued", "running", "completed", "failed"])
def test_export_that_is_not_cleaned_up_stays(desk: HelpDesk, status: str) -> None:
    job_id = desk.requested().id
    if status == "running":
        desk.claims.claim(job_id)
    elif status != "queued":
        if status == "failed":
            desk.happen["source.count"] = raising(TicketSourceError("no"))
        desk.run_export(job_id)
    desk.clock.set(DUE + DAYS)
    before = desk.database.committed
    assert desk.purge_exports() == Purge()
    assert desk.database.committed == before
    assert desk.job(job_id).status.developer_name == status


def test_rows_of_another_program_stay_whatever_their_age(desk: HelpDesk) -> None:
    without_task, other_task, mine = cleaned_up(desk, 3)
    desk.change(attrs.evolve(desk.job(without_task), background_task_id=None))
    foreign = BackgroundTask(name="tickets.export", creation_time=NOW)
    desk.change(attrs.evolve(desk.job(other_task), background_task_id=foreign.id), foreign)
    item = a_media_item(f"exports/{uuid4()}/1/tickets.csv")
    desk.database.committed.media_items[item.id] = item
    desk.change(attrs.evolve(desk.job(mine), media_item_id=item.id))
    desk.clock.advance(timedelta(days=9_999))
    assert desk.purge_exports() == Purge(purged=1)
    rows = desk.database.committed
    assert rows.jobs.keys() == {without_task, other_task}
    assert foreign.id in rows.tasks
    assert rows.media_items == {item.id: item}


def test_media_item_that_a_clean_up_left_goes_with_its_export(desk: HelpDesk) -> None:
    (job_id,) = cleaned_up(desk)
    item = a_media_item(f"{PREFIX}{job_id}/1/tickets.csv")
    desk.database.committed.media_items[item.id] = item
    desk.change(attrs.evolve(desk.job(job_id), media_item_id=item.id))
    desk.storage.objects[item.object_key] = b"left"
    desk.sweep_orphaned_objects()
    assert desk.files == {item.object_key: b"left"}
    assert desk.purge_exports() == Purge(purged=1)
    assert desk.database.committed.media_items == {}
    desk.sweep_orphaned_objects()
    assert desk.files == {}


def test_audit_entries_outlive_the_export_and_none_is_added(desk: HelpDesk) -> None:
    (job_id,) = cleaned_up(desk)
    before = list(desk.audit_log.entries)
    assert desk.purge_exports() == Purge(purged=1)
    assert desk.audit_log.entries == before
    assert desk.audited(job_id)[-1] == "cleaned_up"


@pytest.mark.parametrize(
    "error", [JobDatabaseError("lock_timeout"), RuntimeError("a driver's own")], ids=["database", "other"]
)
def test_export_that_cannot_be_deleted_does_not_stop_the_others(
    desk: HelpDesk, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = cleaned_up(desk, 3)
    stays = sorted(jobs)[1]
    before = desk.job(stays)
    desk.happen[f"jobs.remove {stays}"] = raising(error)
    assert desk.purge_exports() == Purge(purged=2, failed=1)
    assert desk.database.committed.jobs == {stays: before}
    assert len(desk.database.committed.tasks) == 1
    assert f"export {stays} could not be purged" in caplog.text
    assert {vars(record)["job_id"] for record in caplog.records} == {str(stays)}
    desk.happen.clear()
    assert desk.purge_exports() == Purge(purged=1)
    claim_gone(desk, *jobs)


@pytest.mark.parametrize("kept", ["jobs", "tasks"])
def test_export_that_another_transaction_keeps_is_left_to_the_next_call(
    desk: HelpDesk, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job_id,) = cleaned_up(desk)
    before = desk.database.committed
    with desk.unit_of_work() as work:
        repository = type(getattr(work, kept))
    with monkeypatch.context() as patch:
        patch.setattr(repository, "remove", lambda *_: False)
        assert desk.purge_exports() == Purge()
    assert desk.database.committed == before
    assert desk.purge_exports() == Purge(purged=1)
    claim_gone(desk, job_id)


@pytest.mark.parametrize("place", ["jobs.remove", "work.removed", "work.removed.committed"])
def test_purge_that_dies_midway_is_finished_next_time(desk: HelpDesk, place: str) -> None:
    jobs = cleaned_up(desk, 2)
    desk.happen[place] = once(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        desk.purge_exports()
    left = 1 if place.endswith("committed") else 2
    assert len(desk.database.committed.jobs) == len(desk.database.committed.tasks) == left
    assert desk.purge_exports() == Purge(purged=left)
    claim_gone(desk, *jobs)


def test_two_purges_at_once_delete_each_export_once(desk: HelpDesk) -> None:
    jobs = cleaned_up(desk, 3)
    answers: list[Purge] = []
    desk.happen["work.removed.committed"] = once(lambda: answers.append(desk.purge_exports()))
    answers.append(desk.purge_exports())
    assert sum(answer.purged for answer in answers) == 3
    assert sum(answer.failed for answer in answers) == 0
    claim_gone(desk, *jobs)


def test_purges_in_many_threads_delete_everything_once(desk: HelpDesk) -> None:
    jobs = cleaned_up(desk, 20)
    together = Barrier(4, timeout=30)

    def purge(_number: int) -> Purge:
        together.wait(60)
        return desk.purge_exports()

    with ThreadPoolExecutor(4) as workers:
        answers = list(workers.map(purge, range(4)))
    assert sum(answer.purged for answer in answers) == len(jobs)
    assert sum(answer.failed for answer in answers) == 0
    claim_gone(desk, *jobs)


def test_more_than_a_page_is_purged_by_one_call(desk: HelpDesk) -> None:
    jobs = [desk.requested().id for _ in range(203)]
    desk.clock.set(EXPIRY)
    assert desk.clean_up_expired_exports().cleaned_up == 203
    desk.clock.set(DUE)
    desk.happen[f"jobs.remove {jobs[7]}"] = raising(RuntimeError("no"))
    assert desk.purge_exports() == Purge(purged=202, failed=1)
    assert desk.database.committed.jobs.keys() == {jobs[7]}


def a_media_item(key: str) -> MediaItem:
    return MediaItem(
        length=1,
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="memory",
        object_key=key,
        creation_time=NOW,
    )
