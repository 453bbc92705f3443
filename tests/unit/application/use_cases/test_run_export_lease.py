"""An attempt that lost its job removes what it wrote and touches nothing of the other's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, VIEW, HelpDesk, raising
from ticket_export.errors import LeaseLostError, TicketSourceError
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import BackgroundTaskStatus

OTHERS = PREFIX + "{}/2/" + NAME


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.request_export(desk.user(), VIEW).id


def taken_over(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def take() -> None:
        desk.take_over(job_id)
        desk.storage.objects[OTHERS.format(job_id)] = b"the other's"

    return take


def cancelled(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def cancel() -> None:
        job, task = attrs.evolve(desk.job(job_id)), attrs.evolve(desk.task(job_id))
        job.fail("Cancelled", desk.clock.now())
        task.fail("Cancelled", desk.clock.now())
        desk.change(job)
        desk.database.committed.tasks[task.id] = task

    return cancel


def handed_back(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def hand_back() -> None:
        task = attrs.evolve(desk.task(job_id), status=BackgroundTaskStatus.ENQUEUED, leased_until=None)
        desk.database.committed.tasks[task.id] = task

    return hand_back


def ended_by_the_host(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def end() -> None:
        task = attrs.evolve(desk.task(job_id))
        task.fail("Stopped", desk.clock.now())
        desk.database.committed.tasks[task.id] = task

    return end


def job_ended_alone(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def end() -> None:
        job = attrs.evolve(desk.job(job_id))
        job.fail("Stopped", desk.clock.now())
        desk.change(job)

    return end


def task_deleted(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def delete() -> None:
        desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))

    return delete


def job_deleted(desk: HelpDesk, job_id: UUID) -> Callable[[], None]:
    def delete() -> None:
        desk.database.committed.jobs.pop(job_id, None)

    return delete


LOSSES = pytest.mark.parametrize(
    "loss", [taken_over, cancelled, handed_back, ended_by_the_host, job_ended_alone, task_deleted, job_deleted]
)


@LOSSES
@pytest.mark.parametrize("place", ["source.open", "source.count", "source.block", "storage.publish"])
def test_attempt_that_lost_its_job_stops_and_leaves_nothing(
    desk: HelpDesk, job_id: UUID, loss: Callable[[HelpDesk, UUID], Callable[[], None]], place: str
) -> None:
    lose = loss(desk, job_id)
    after_the_loss: list[object] = []

    def happen() -> None:
        lose()
        desk.clock.advance(desk.lease)  # so that the next progress is written
        after_the_loss.append(desk.database.committed)

    desk.happen[place] = happen
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.database.committed == after_the_loss[0]
    assert {key: data for key, data in desk.stored.items() if "/1/" in key} == {}
    assert desk.stored == ({OTHERS.format(job_id): b"the other's"} if loss is taken_over else {})
    assert desk.audited(job_id) == ["requested", "started"]


@LOSSES
def test_published_file_of_an_attempt_that_lost_its_job_is_removed(
    desk: HelpDesk, job_id: UUID, loss: Callable[[HelpDesk, UUID], Callable[[], None]]
) -> None:
    # Between publishing and completing: the media item is being made then.
    desk.happen["storage.provider"] = loss(desk, job_id)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.stored == ({OTHERS.format(job_id): b"the other's"} if loss is taken_over else {})
    assert desk.database.committed.media_items == {}


def test_loss_at_the_very_commit_leaves_nothing(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["work.completed"] = raising(LeaseLostError("another was faster"))
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.stored == {}
    assert desk.database.committed.media_items == {}
    assert desk.job(job_id).status.developer_name == "running"


def test_reading_stops_at_the_first_look_after_a_cancellation(desk: HelpDesk, job_id: UUID) -> None:
    desk.fill(10 * BLOCK_ROWS)
    desk.read_ahead = 0
    blocks: list[int] = []

    def happen() -> None:
        blocks.append(len(blocks))
        cancelled(desk, job_id)()
        desk.clock.advance(desk.lease)

    desk.happen["source.block"] = happen
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert len(blocks) == 1
    assert desk.job(job_id).error_message == "Cancelled"


def test_loss_is_logged_under_the_job(desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture) -> None:
    desk.happen["storage.provider"] = taken_over(desk, job_id)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    (record,) = caplog.records
    assert record.getMessage() == f"attempt 1 stops: attempt 1 at export {job_id} no longer holds it"
    assert vars(record)["job_id"] == str(job_id)


def test_attempt_that_fails_after_it_lost_its_job_does_not_fail_the_others(desk: HelpDesk, job_id: UUID) -> None:
    def happen() -> None:
        desk.take_over(job_id)
        raise TicketSourceError("no")

    desk.happen["source.block"] = happen
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.job(job_id).status.developer_name == "running"
    assert desk.task(job_id).leased_by == "another"


def test_interrupted_attempt_that_lost_its_job_is_still_interrupted(desk: HelpDesk, job_id: UUID) -> None:
    def happen() -> None:
        desk.take_over(job_id)
        raise KeyboardInterrupt

    desk.happen["source.block"] = happen
    with pytest.raises(KeyboardInterrupt):
        desk.run_export(job_id)
    assert desk.job(job_id).status.developer_name == "running"


def test_worker_that_comes_second_changes_nothing(desk: HelpDesk, job_id: UUID) -> None:
    class FasterWorker(InMemoryClock):
        def now(self) -> datetime:
            # Asked between this worker's look at the job and its claim.
            if desk.task(job_id).fencing_token == 0:
                desk.take_over(job_id)
            return super().now()

    desk.clock = FasterWorker(NOW)
    desk.happen["source.open"] = lambda: pytest.fail("the tickets must not be read")
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert (desk.task(job_id).leased_by, desk.task(job_id).fencing_token) == ("another", 1)
    assert desk.job(job_id).status.developer_name == "queued"
    assert desk.audited(job_id) == ["requested"]
