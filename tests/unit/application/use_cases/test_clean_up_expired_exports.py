from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, VIEW, HelpDesk, once, raising
from tests.unit.application.use_cases.watched_adapters import WatchedStorage
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.errors import (
    ExportExpiredError,
    LeaseLostError,
    StorageError,
    StorageUnavailableError,
    TicketSourceError,
)

EXPIRY = NOW + timedelta(hours=72)


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    """A completed export whose retention is over."""
    job_id = completed(desk)
    desk.clock.set(EXPIRY)
    return job_id


def completed(desk: HelpDesk) -> UUID:
    job_id = desk.requested().id
    assert desk.run_export(job_id).status == "completed"
    return job_id


def key_of(desk: HelpDesk, job_id: UUID) -> str:
    return f"{PREFIX}{job_id}/1/{NAME}"


def claim_cleaned_up(desk: HelpDesk, job_id: UUID) -> None:
    job = desk.job(job_id)
    assert (job.is_cleaned_up, job.media_item_id) == (True, None)
    assert list(desk.storage.list(f"{PREFIX}{job_id}/")) == []
    assert desk.audited(job_id).count("cleaned_up") == 1
    assert desk.announced(job_id).count("expired") == 1


def test_nothing_happens_until_the_very_moment(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.clock.set(EXPIRY - timedelta(microseconds=1))
    before, objects = desk.database.committed, desk.stored
    assert desk.clean_up_expired_exports() == CleanUp()
    assert (desk.database.committed, desk.stored) == (before, objects)
    desk.clock.set(EXPIRY)
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, job_id)


def test_object_goes_first_and_the_row_says_so_after_it(desk: HelpDesk, job_id: UUID) -> None:
    seen: list[tuple[str, bool, bool, int]] = []

    def look(place: str) -> None:
        job = desk.job(job_id)
        seen.append((place, job.is_cleaned_up, job.media_item_id is None, len(desk.files)))

    desk.use_own_audit_log()
    for place in ("storage.delete", "storage.delete.done", "work.cleaned_up", "audit.cleaned_up", "events.expired"):
        desk.happen[place] = lambda place=place: look(place)  # type: ignore[misc]
    desk.clean_up_expired_exports()
    assert seen == [
        ("storage.delete", False, False, 1),
        ("storage.delete.done", False, False, 0),
        ("work.cleaned_up", False, False, 0),
        ("audit.cleaned_up", True, True, 0),
        ("events.expired", True, True, 0),
    ]


def test_cleaned_up_export_keeps_its_story_and_loses_its_file(desk: HelpDesk, job_id: UUID) -> None:
    before = desk.job(job_id)
    desk.clean_up_expired_exports()
    assert desk.job(job_id) == attrs.evolve(
        before, is_cleaned_up=True, media_item_id=None, last_modification_time=EXPIRY
    )
    assert desk.database.committed.media_items == {}
    assert desk.stored == {}


def test_clean_up_is_audited_as_the_systems_own_doing(desk: HelpDesk, job_id: UUID) -> None:
    desk.clean_up_expired_exports()
    entry = desk.audit_log.entries[-1]
    assert (entry.action, entry.job_id, entry.actor_id, entry.at) == ("cleaned_up", job_id, None, EXPIRY)


def test_download_of_a_cleaned_up_export_says_that_it_expired(desk: HelpDesk, job_id: UUID) -> None:
    desk.clean_up_expired_exports()
    with pytest.raises(ExportExpiredError, match="expired at 2026-03-04T12:00:00"):
        desk.open_download(desk.user(admin=True), job_id)


def test_storage_that_is_away_is_one_traceback_in_the_log(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    job_ids = [completed(desk) for _ in range(3)]
    desk.clock.advance(desk.retention)
    desk.happen["storage.delete"] = raising(StorageError("the storage cannot be reached"))
    assert desk.clean_up_expired_exports() == CleanUp(failed=3)
    failed = [record for record in caplog.records if "could not be cleaned up" in record.getMessage()]
    assert {vars(record)["job_id"] for record in failed} == set(map(str, job_ids))
    assert [record.exc_info is not None for record in failed] == [True, False, False]
    assert all(record.getMessage().endswith("for the same reason") for record in failed[1:])


def test_storage_that_fails_for_one_is_tried_again_next_time(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    first, second, third = (completed(desk) for _ in range(3))
    desk.clock.set(EXPIRY)
    before = desk.job(second)
    desk.happen[f"storage.delete {key_of(desk, second)}"] = raising(StorageError("the storage is gone"))
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=2, failed=1)
    claim_cleaned_up(desk, first)
    claim_cleaned_up(desk, third)
    assert desk.job(second) == before
    assert list(desk.files) == [key_of(desk, second)]
    assert f"export {second} could not be cleaned up" in caplog.text
    assert {vars(record)["job_id"] for record in caplog.records} == {str(second)}
    desk.happen.clear()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, second)


def test_storage_that_is_away_is_left_to_the_next_time_and_the_others_are_cleaned_up(desk: HelpDesk) -> None:
    former = desk.storage
    away = [completed(desk) for _ in range(10)]
    desk.storage, desk.former = WatchedStorage(desk), [former]
    there = [completed(desk) for _ in range(2)]
    desk.clock.set(EXPIRY)
    asked: list[UUID] = []

    def be_away(job_id: UUID) -> None:
        asked.append(job_id)
        raise StorageUnavailableError("it does not answer")

    for job_id in away:
        desk.happen[f"storage.delete {key_of(desk, job_id)}"] = partial(be_away, job_id)
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=2, failed=10)
    assert len(asked) == 3
    assert all(desk.job(job_id).is_cleaned_up for job_id in there)
    assert not any(desk.job(job_id).is_cleaned_up for job_id in away)
    desk.happen.clear()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=10)


@pytest.mark.parametrize(
    "place", ["storage.delete", "storage.delete.done", "work.cleaned_up", "work.cleaned_up.committed"]
)
def test_clean_up_that_fails_midway_is_finished_next_time(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = once(raising(RuntimeError("a plugin's own")))
    assert desk.clean_up_expired_exports() == CleanUp(failed=1)
    # A commit that took effect, and whose answer was lost, leaves nothing to do, and nobody who tells of it.
    was_done = place == "work.cleaned_up.committed"
    assert desk.job(job_id).is_cleaned_up is was_done
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=not was_done)
    assert desk.job(job_id).is_cleaned_up
    assert desk.stored == {}


def test_clean_up_that_dies_midway_is_finished_next_time(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["storage.delete.done"] = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        desk.clean_up_expired_exports()
    desk.happen.clear()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, job_id)


@pytest.mark.parametrize("place", ["storage.delete", "storage.delete.done", "manifest.delete.done", "work.cleaned_up"])
def test_clean_up_of_a_moved_file_that_dies_midway_is_finished_next_time(
    desk: HelpDesk, job_id: UUID, place: str
) -> None:
    former = desk.storage
    desk.storage, desk.former = WatchedStorage(desk), [former]
    # One copy of the file in each.
    desk.storage.objects |= former.objects
    desk.happen[place] = once(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        desk.clean_up_expired_exports()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, job_id)
    assert [key for key in former.objects if str(job_id) in key] == []


def test_cleaning_up_twice_is_harmless(desk: HelpDesk, job_id: UUID) -> None:
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    before = desk.database.committed
    assert desk.clean_up_expired_exports() == CleanUp()
    assert desk.database.committed == before
    claim_cleaned_up(desk, job_id)


@pytest.mark.parametrize("place", ["storage.delete", "storage.delete.done", "jobs.found", "work.enter"])
def test_two_clean_ups_at_once_are_one(desk: HelpDesk, job_id: UUID, place: str) -> None:
    answers: list[CleanUp] = []
    desk.happen[place] = once(lambda: answers.append(desk.clean_up_expired_exports()))
    answers.append(desk.clean_up_expired_exports())
    assert sorted(answers, key=lambda each: each.cleaned_up) == [CleanUp(), CleanUp(cleaned_up=1)]
    claim_cleaned_up(desk, job_id)


def test_two_clean_ups_at_once_are_one_for_an_export_without_a_file(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    desk.run_export(job_id)
    desk.clock.set(EXPIRY)
    answers: list[CleanUp] = []
    looks = 0

    def second() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first is the look for what is due
            answers.append(desk.clean_up_expired_exports())

    desk.happen["work.enter"] = second
    answers.append(desk.clean_up_expired_exports())
    assert answers == [CleanUp(cleaned_up=1), CleanUp()]
    claim_cleaned_up(desk, job_id)


def test_clean_ups_in_many_threads_do_everything_once(desk: HelpDesk) -> None:
    jobs = [completed(desk) for _ in range(20)]
    desk.clock.set(EXPIRY)
    together = Barrier(4, timeout=30)

    def clean_up(_number: int) -> CleanUp:
        together.wait(60)
        return desk.clean_up_expired_exports()

    with ThreadPoolExecutor(4) as workers:
        answers = list(workers.map(clean_up, range(4)))
    assert sum(answer.cleaned_up for answer in answers) == len(jobs)
    assert sum(answer.failed for answer in answers) == 0
    for job_id in jobs:
        claim_cleaned_up(desk, job_id)


@pytest.mark.parametrize("running", [False, True])
def test_export_that_expires_before_it_is_finished_fails_first(desk: HelpDesk, running: bool) -> None:
    job_id = desk.requested().id
    if running:
        desk.claims.claim(job_id)
    desk.clock.set(EXPIRY)
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    job, task = desk.job(job_id), desk.task(job_id)
    message = "The export expired before it was finished."
    assert (job.status.developer_name, job.error_message) == ("failed", message)
    assert (task.status, task.error_message, task.leased_by) == ("error", message, None)
    assert desk.audited(job_id) == ["requested", "failed", "cleaned_up"]
    assert desk.announced(job_id) == ["failed", "expired"]
    claim_cleaned_up(desk, job_id)
    assert desk.run_next_export().result is RunResult.NOTHING


def test_export_that_expires_without_a_task_that_goes_on_fails_too(desk: HelpDesk) -> None:
    without, ended = desk.requested().id, desk.requested().id
    desk.change(attrs.evolve(desk.job(without), background_task_id=None))
    task = attrs.evolve(desk.task(ended))
    task.fail("The host stopped it.", NOW)
    desk.change(desk.job(ended), task)
    desk.clock.set(EXPIRY)
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=2)
    assert desk.task(ended).error_message == "The host stopped it."


def test_failed_export_is_cleaned_up_though_it_has_no_file(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    desk.run_export(job_id)
    desk.clock.set(EXPIRY)
    desk.happen["storage.delete"] = lambda: pytest.fail("there is nothing to delete")
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    assert desk.job(job_id).error_message == "no"
    claim_cleaned_up(desk, job_id)


def test_running_attempt_that_expires_stops_and_leaves_no_file(desk: HelpDesk) -> None:
    job_id = desk.requested().id

    def expire() -> None:
        desk.clock.set(EXPIRY)
        desk.clean_up_expired_exports()

    desk.happen["storage.publish"] = expire
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    claim_cleaned_up(desk, job_id)


def test_file_in_another_storage_is_not_lost_without_a_word(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    (media_item,) = desk.database.committed.media_items.values()
    media_item.file_storage_provider, media_item.storage_place = "s3", None
    before, objects = desk.job(job_id), desk.stored
    assert desk.clean_up_expired_exports() == CleanUp(failed=1, unknown_places=("s3://...",))
    assert (desk.job(job_id), desk.stored) == (before, objects)
    assert "the file is in the storage 's3', not in 'memory'" in caplog.text


@pytest.mark.parametrize("form", ["exports/{other}/1/a.csv", "exports/{job}/report.pdf", "invoices/1.pdf"])
def test_export_with_a_file_of_another_program_is_not_touched(desk: HelpDesk, job_id: UUID, form: str) -> None:
    (media_item,) = desk.database.committed.media_items.values()
    media_item.object_key, media_item.storage_place = form.format(other=UUID(int=7), job=job_id), None
    desk.storage.objects[media_item.object_key] = b"not ours"
    before, objects = desk.database.committed, dict(desk.storage.objects)
    for days in (0, 9_999):
        desk.clock.advance(timedelta(days=days))
        assert desk.clean_up_expired_exports() == CleanUp()
    assert (desk.database.committed, desk.storage.objects) == (before, objects)


def test_export_that_completes_at_the_last_moment_is_left_for_the_next_time(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.clock.set(EXPIRY)
    # Found queued and due; before it can be failed, a worker is through with it.
    desk.happen["jobs.found"] = once(lambda: desk.run_export(job_id))
    assert desk.clean_up_expired_exports() == CleanUp()
    job = desk.job(job_id)
    assert (job.status.developer_name, job.is_cleaned_up) == ("completed", False)
    assert len(desk.files) == 1
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, job_id)
    assert desk.announced(job_id) == ["completed", "expired"]


def test_export_that_completed_before_the_second_look_is_left_for_the_next_time(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.clock.set(EXPIRY)
    looks: list[int] = []

    def second() -> None:
        looks.append(len(looks))
        if len(looks) == 2:  # the first is the look for what is due
            desk.run_export(job_id)

    desk.happen["work.enter"] = second
    assert desk.clean_up_expired_exports() == CleanUp()
    assert desk.job(job_id).status.developer_name == "completed"
    assert len(desk.files) == 1
    desk.happen.clear()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    claim_cleaned_up(desk, job_id)
    assert desk.announced(job_id) == ["completed", "expired"]


@pytest.mark.parametrize("ended", [False, True])
def test_export_that_is_deleted_meanwhile_is_nobodys_trouble(desk: HelpDesk, ended: bool) -> None:
    job_id = completed(desk) if ended else desk.requested().id
    desk.clock.set(EXPIRY)
    looks: list[int] = []

    def second() -> None:
        looks.append(len(looks))
        if len(looks) == 2:
            del desk.database.committed.jobs[job_id]

    desk.happen["work.enter"] = second
    assert desk.clean_up_expired_exports() == CleanUp()
    assert "cleaned_up" not in desk.audited(job_id)


def test_media_item_that_the_host_removed_hinders_nothing(desk: HelpDesk, job_id: UUID) -> None:
    media_item_id = desk.job(job_id).media_item_id
    assert media_item_id is not None
    with desk.unit_of_work() as work:
        work.media_items.remove(media_item_id)
        work.commit()
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    assert desk.job(job_id).is_cleaned_up


def test_more_than_a_page_is_cleaned_up_at_once_and_one_that_fails_does_not_hold_up_the_rest(desk: HelpDesk) -> None:
    jobs = [desk.request_export(desk.user(), VIEW).id for _ in range(203)]
    desk.clock.set(EXPIRY)
    expected = CleanUp(cleaned_up=202, failed=1)
    desk.happen["work.cleaned_up"] = once(raising(RuntimeError("a driver's own")))
    assert desk.clean_up_expired_exports() == expected
    assert sum(desk.job(job_id).is_cleaned_up for job_id in jobs) == 202


@pytest.mark.parametrize("place", ["audit.cleaned_up", "events.expired", "audit.failed", "events.failed"])
def test_clean_up_that_cannot_be_told_is_done(desk: HelpDesk, place: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.use_own_audit_log()
    job_id = desk.requested().id
    desk.clock.set(EXPIRY)
    desk.happen[place] = raising(ConnectionError("nobody listens"))
    assert desk.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    assert desk.job(job_id).is_cleaned_up
    assert "nobody listens" in caplog.text


def test_clone_cleans_up_no_file_that_the_original_may_need(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    job_id = desk.requested().id
    desk.run_export(job_id)
    queued = desk.requested(number=1).id
    clone = desk.cloned()
    clone.clock.advance(desk.retention)
    before = dict(desk.storage.objects)
    for _ in range(3):
        done = clone.clean_up_expired_exports()
        assert done.failed == 1
        assert done.refused
        assert "another copy of this database owns the storage" in done.refused
    assert desk.storage.objects == before
    assert not clone.job(job_id).is_cleaned_up
    assert clone.job(queued).is_cleaned_up
    assert [record.exc_info for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == [None]
    clone.ownership.take_over(clone.storage)
    assert clone.clean_up_expired_exports() == CleanUp(cleaned_up=1)
    assert desk.stored == {}
