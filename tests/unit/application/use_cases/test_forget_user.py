from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PREFIX, HelpDesk, once, raising
from tests.unit.application.use_cases.test_purge_exports import a_media_item
from ticket_export import Actor, UserId
from ticket_export.application.use_cases.forget_user import Forgotten
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import (
    ExportNotFoundError,
    JobDatabaseError,
    LeaseLostError,
    StorageError,
    UserNotForgottenError,
)

ENDED = "The export was ended, because the data of its requester is deleted."


@pytest.fixture
def user(desk: HelpDesk) -> Actor:
    return desk.user(admin=True)


def completed(desk: HelpDesk, user: Actor, number: int = 0) -> UUID:
    job_id = desk.requested(user, number=number).id
    assert desk.run_export(job_id).status == "completed"
    return job_id


def claim_forgotten(desk: HelpDesk, user_id: UserId) -> None:
    """Nothing refers to the user, and nothing of theirs is readable."""
    rows = desk.database.committed
    assert [job for job in rows.jobs.values() if job.requester_user_id == user_id or job.is_stamped_by(user_id)] == []
    assert [item for item in rows.media_items.values() if item.is_stamped_by(user_id)] == []
    assert rows.tasks.keys() == {job.background_task_id for job in rows.jobs.values()}
    assert {key.split("/")[2] for key in desk.stored} <= set(map(str, rows.jobs))


def test_exports_of_every_status_go_with_files_manifests_and_rows_and_those_of_others_stay(
    desk: HelpDesk, user: Actor
) -> None:
    other = desk.user()
    theirs = completed(desk, other)
    completed(desk, user)
    desk.clock.advance(timedelta(hours=72))
    assert desk.clean_up_expired_exports().cleaned_up == 2
    completed(desk, user, 1)
    desk.requested(user, number=2)
    desk.claims.claim(desk.requested(user, number=3).id)
    kept = completed(desk, other, 4)
    assert desk.forget_user(user.user_id) == Forgotten(ended=2, removed=4)
    claim_forgotten(desk, user.user_id)
    assert desk.database.committed.jobs.keys() == {theirs, kept}
    assert len(desk.stored) == 2
    assert desk.file(kept)


def test_forgetting_twice_is_the_same_as_once(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    desk.forget_user(user.user_id)
    before = desk.database.committed
    assert desk.forget_user(user.user_id) == Forgotten()
    assert desk.database.committed == before


def test_user_who_does_not_exist_is_forgotten_too(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    desk.database.users.clear()
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)
    assert desk.forget_user(uuid4()) == Forgotten()


def test_more_than_a_page_is_forgotten_by_one_call(desk: HelpDesk, user: Actor) -> None:
    for number in range(203):
        desk.requested(user, number=number)
    assert desk.forget_user(user.user_id) == Forgotten(ended=203, removed=203)
    claim_forgotten(desk, user.user_id)


def test_first_the_exports_end_then_the_objects_go_then_the_rows(desk: HelpDesk, user: Actor) -> None:
    running = desk.requested(user).id
    desk.clock.advance(timedelta(seconds=1))
    # The newest one is the first to go.
    done = completed(desk, user, 1)
    desk.claims.claim(running)
    seen: list[tuple[str, str, int]] = []

    def look(place: str) -> None:
        jobs = desk.database.committed.jobs
        status = jobs[running].status.developer_name if running in jobs else "gone"
        seen.append((place, status, len(desk.files)))

    for place in ("work.failed", "storage.delete", f"jobs.remove {done}"):
        desk.happen[place] = once(lambda place=place: look(place))  # type: ignore[misc]
    desk.forget_user(user.user_id)
    assert seen == [
        ("work.failed", "running", 1),
        ("storage.delete", "failed", 1),
        (f"jobs.remove {done}", "failed", 0),
    ]


def test_worker_that_runs_the_export_stops_and_leaves_no_file(desk: HelpDesk, user: Actor) -> None:
    job_id = desk.requested(user).id
    desk.happen["storage.publish"] = lambda: desk.forget_user(user.user_id)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    claim_forgotten(desk, user.user_id)


def test_object_that_appears_later_is_swept(desk: HelpDesk, user: Actor) -> None:
    job_id = completed(desk, user)
    desk.forget_user(user.user_id)
    desk.storage.objects[f"{PREFIX}{job_id}/2/tickets.csv"] = b"of a worker that was killed"
    assert desk.sweep_orphaned_objects().removed == 1
    claim_forgotten(desk, user.user_id)


def test_objects_of_every_attempt_are_deleted(desk: HelpDesk, user: Actor) -> None:
    job_id = completed(desk, user)
    desk.storage.objects[f"{PREFIX}{job_id}/0/tickets.csv"] = b"of an earlier attempt"
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)
    assert desk.stored == {}


def test_subscriber_and_audit_log_are_told_that_an_export_ended(desk: HelpDesk, user: Actor) -> None:
    job_id = desk.requested(user).id
    desk.forget_user(user.user_id)
    assert desk.announced(job_id) == ["failed"]
    assert desk.audited(job_id) == ["requested", "failed"]
    assert desk.audit_log.entries[-1].detail == ENDED


def test_storage_that_fails_for_one_export_leaves_its_rows_and_the_error_says_so(
    desk: HelpDesk, user: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = (completed(desk, user, number) for number in range(3))
    before = desk.job(second)
    key = desk.media_item(second).object_key
    desk.happen[f"storage.delete {key}"] = raising(StorageError("the storage is gone"))
    with pytest.raises(UserNotForgottenError) as caught:
        desk.forget_user(user.user_id)
    assert str(caught.value) == (
        "1 of the user's exports could not be deleted: the storage is gone. Their rows stay; call it again"
    )
    assert desk.database.committed.jobs == {second: before}
    assert list(desk.files) == [key]
    assert f"export {second} could not be deleted" in caplog.text
    desk.happen.clear()
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)
    claim_forgotten(desk, user.user_id)
    assert first != third


def test_error_that_may_hold_a_secret_is_only_logged(
    desk: HelpDesk, user: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    completed(desk, user)
    desk.happen["jobs.remove"] = raising(RuntimeError("password=tiger"))
    with pytest.raises(UserNotForgottenError, match="could not be deleted: the log has the cause"):
        desk.forget_user(user.user_id)
    assert "password=tiger" in caplog.text


def test_file_in_another_storage_is_not_forgotten_silently(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    (item,) = desk.database.committed.media_items.values()
    item.file_storage_provider, item.storage_place = "s3", None
    with pytest.raises(UserNotForgottenError, match="the file is in the storage 's3', not in 'memory'"):
        desk.forget_user(user.user_id)
    assert len(desk.files) == 1
    assert len(desk.database.committed.jobs) == 1


@pytest.mark.parametrize(
    "place", ["work.failed", "work.failed.committed", "storage.delete", "storage.delete.done", "manifest.delete.done"]
)
def test_forgetting_that_dies_midway_is_finished_next_time(desk: HelpDesk, user: Actor, place: str) -> None:
    desk.requested(user)
    completed(desk, user, 1)
    desk.happen[place] = once(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        desk.forget_user(user.user_id)
    left = desk.database.committed.jobs
    assert {job.background_task_id for job in left.values()} == desk.database.committed.tasks.keys()
    assert desk.forget_user(user.user_id).removed == len(left) > 0
    claim_forgotten(desk, user.user_id)


@pytest.mark.parametrize("place", ["jobs.remove", "work.removed", "work.removed.committed"])
def test_forgetting_that_dies_at_the_rows_is_finished_next_time(desk: HelpDesk, user: Actor, place: str) -> None:
    completed(desk, user)
    desk.happen[place] = once(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        desk.forget_user(user.user_id)
    assert len(desk.database.committed.jobs) == len(desk.database.committed.tasks)
    assert desk.forget_user(user.user_id).removed == (0 if place.endswith("committed") else 1)
    claim_forgotten(desk, user.user_id)


@pytest.mark.parametrize("place", ["storage.delete", "manifest.delete.done", "work.removed.committed"])
def test_two_calls_at_once_forget_everything(desk: HelpDesk, user: Actor, place: str) -> None:
    for number in range(3):
        completed(desk, user, number)
    answers: list[Forgotten] = []
    desk.happen[place] = once(lambda: answers.append(desk.forget_user(user.user_id)))
    answers.append(desk.forget_user(user.user_id))
    assert all((answer.ended, answer.left) == (0, 0) for answer in answers)
    claim_forgotten(desk, user.user_id)


def test_export_that_another_transaction_keeps_is_left_to_the_next_call(
    desk: HelpDesk, user: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = completed(desk, user)
    with desk.unit_of_work() as work:
        tasks = type(work.tasks)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "remove", lambda *_: False)
        with pytest.raises(UserNotForgottenError, match=f"another transaction keeps export {job_id}"):
            desk.forget_user(user.user_id)
    assert desk.database.committed.jobs.keys() == {job_id}
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)


def test_export_that_completes_before_it_is_ended_goes_too(desk: HelpDesk, user: Actor) -> None:
    job_id = desk.requested(user).id
    looks: list[int] = []

    def second() -> None:
        looks.append(len(looks))
        if len(looks) == 2:  # the first is the look for active exports
            desk.run_export(job_id)

    desk.happen["work.enter"] = second
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)
    assert desk.announced(job_id) == ["completed"]
    claim_forgotten(desk, user.user_id)


def test_export_that_changes_between_read_and_write_is_ended_at_the_next_try(desk: HelpDesk, user: Actor) -> None:
    desk.requested(user)
    desk.happen["audit.failed"] = once(raising(LeaseLostError("a worker was faster")))
    assert desk.forget_user(user.user_id) == Forgotten(ended=1, removed=1)


def test_exports_that_keep_changing_are_told(desk: HelpDesk, user: Actor) -> None:
    desk.requested(user)
    desk.happen["audit.failed"] = raising(LeaseLostError("a worker was faster"))
    with pytest.raises(UserNotForgottenError, match="keep changing; deactivate the user"):
        desk.forget_user(user.user_id)


def test_export_that_the_user_requests_meanwhile_is_told(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    desk.happen["storage.delete"] = once(lambda: desk.requested(user, number=1))
    desk.happen["work.removed.committed"] = once(lambda: desk.requested(user, number=2))
    with pytest.raises(UserNotForgottenError, match="was requested, or handed back, meanwhile"):
        desk.forget_user(user.user_id)
    assert desk.forget_user(user.user_id) == Forgotten(ended=2, removed=2)


def test_exports_of_another_program_stay_and_are_counted(desk: HelpDesk, user: Actor) -> None:
    without_task, other_task, queued = (completed(desk, user, number) for number in range(3))
    foreign = BackgroundTask(name="tickets.export", creation_time=NOW)
    for job_id, task in ((without_task, None), (other_task, foreign), (queued, foreign)):
        item = a_media_item("reports/tickets.csv")
        desk.database.committed.media_items[item.id] = item
        task_id = None if task is None else task.id
        desk.change(attrs.evolve(desk.job(job_id), background_task_id=task_id, media_item_id=item.id), task)
    desk.change(attrs.evolve(desk.job(queued), status=desk.job(queued).status.from_developer_name("queued")))
    before = dict(desk.database.committed.jobs)
    assert desk.forget_user(user.user_id) == Forgotten(left=3, cleared=3)
    assert desk.database.committed.jobs == before


def test_export_whose_task_the_host_deleted_is_known_by_its_file(desk: HelpDesk, user: Actor) -> None:
    job_id = completed(desk, user)
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))
    desk.database.committed.tasks.clear()
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)
    claim_forgotten(desk, user.user_id)


def test_rows_that_cannot_be_read_are_counted_and_end_nothing(
    desk: HelpDesk, user: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed(desk, user)
    with desk.unit_of_work() as work:
        jobs = type(work.jobs)
    page, count_of = jobs.page, jobs.count_of
    # The page leaves out rows that it cannot read, and counts them.
    monkeypatch.setattr(jobs, "page", lambda self, **kwargs: (page(self, **kwargs)[0], page(self, **kwargs)[1] + 130))
    monkeypatch.setattr(jobs, "count_of", lambda self, user_id: count_of(self, user_id) + 130)
    assert desk.forget_user(user.user_id) == Forgotten(removed=1, left=130)


def test_stamps_of_the_user_on_other_rows_are_emptied(desk: HelpDesk, user: Actor) -> None:
    theirs = completed(desk, desk.user())
    desk.change(attrs.evolve(desk.job(theirs), last_modifier_user_id=user.user_id))
    item = attrs.evolve(a_media_item(f"exports/{uuid4()}/1/tickets.csv"), creator_user_id=user.user_id)
    hosts = attrs.evolve(a_media_item("manuals/printer.pdf"), creator_user_id=user.user_id)
    desk.database.committed.media_items.update({item.id: item, hosts.id: hosts})
    before = desk.job(theirs)
    assert desk.forget_user(user.user_id) == Forgotten(cleared=2)
    assert desk.job(theirs) == attrs.evolve(before, last_modifier_user_id=None)
    items = desk.database.committed.media_items
    assert items[item.id] == attrs.evolve(item, creator_user_id=None)
    assert items[hosts.id] == hosts


def test_audit_entries_stay_as_they_are_by_default(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    before = list(desk.audit_log.entries)
    assert desk.forget_user(user.user_id).anonymised == 0
    assert desk.audit_log.entries == before


def test_anonymised_audit_entries_name_neither_user_nor_view(desk: HelpDesk, user: Actor) -> None:
    other = desk.user()
    job_id, _ = completed(desk, user), completed(desk, other)
    kept = [entry for entry in desk.audit_log.entries if entry.actor_id == other.user_id]
    desk.forget_audit = "anonymise"
    assert desk.forget_user(user.user_id).anonymised == 3
    entries = desk.audit_log.entries
    assert [entry for entry in entries if entry.actor_id == other.user_id] == kept
    anonymous = [entry for entry in entries if entry.job_id == job_id]
    assert [entry.action for entry in anonymous] == ["requested", "started", "completed"]
    assert {(entry.actor_id, entry.view, entry.detail) for entry in anonymous} == {(None, "", None)}
    assert desk.forget_user(user.user_id).anonymised == 0


def test_log_that_cannot_change_its_entries_is_told(desk: HelpDesk, user: Actor) -> None:
    desk.use_own_audit_log()
    completed(desk, user)
    desk.forget_audit = "anonymise"
    assert desk.forget_user(user.user_id) == Forgotten(removed=1, anonymised=None)


def test_audit_entries_are_anonymised_only_when_all_exports_are_gone(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    desk.forget_audit = "anonymise"
    desk.happen["storage.delete"] = once(raising(StorageError("no")))
    before = list(desk.audit_log.entries)
    with pytest.raises(UserNotForgottenError):
        desk.forget_user(user.user_id)
    assert desk.audit_log.entries == before
    assert desk.forget_user(user.user_id) == Forgotten(removed=1, anonymised=3)


def test_database_that_fails_is_told_and_the_next_call_goes_on(desk: HelpDesk, user: Actor) -> None:
    completed(desk, user)
    desk.happen["work.enter"] = once(raising(JobDatabaseError("the database is busy")))
    with pytest.raises(JobDatabaseError):
        desk.forget_user(user.user_id)
    assert desk.forget_user(user.user_id) == Forgotten(removed=1)


def test_forgotten_export_is_not_found_any_more(desk: HelpDesk, user: Actor) -> None:
    job_id = completed(desk, user)
    desk.forget_user(user.user_id)
    with pytest.raises(ExportNotFoundError):
        desk.get_export(user, job_id)


def test_clone_deletes_no_file_that_the_original_may_need(desk: HelpDesk) -> None:
    user = desk.user()
    job_id = desk.requested(user).id
    desk.run_export(job_id)
    clone = desk.cloned()
    before = dict(desk.storage.objects)
    with pytest.raises(UserNotForgottenError, match="another copy of this database owns the storage"):
        clone.forget_user(user.user_id)
    clone.database.committed.media_items.clear()
    with pytest.raises(UserNotForgottenError, match="another copy of this database owns the storage"):
        clone.forget_user(user.user_id)
    assert desk.storage.objects == before
    assert clone.job(job_id).id == job_id
