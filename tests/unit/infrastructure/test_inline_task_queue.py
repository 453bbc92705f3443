from __future__ import annotations

import logging

import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk, raising
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.errors import TicketsUnavailableError
from ticket_export.infrastructure.tasks import inline_task_queue
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue
from ticket_export.ports import BackgroundTask


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


def run_inline(desk: HelpDesk) -> None:
    for task in desk.queue.dispatched:
        InlineTaskQueue(desk.run_export).dispatch(task)


def test_dispatched_task_is_run_at_once(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    run_inline(desk)
    assert desk.job(job_id).status.developer_name == "completed"


def test_error_of_the_run_is_logged_under_the_job_and_not_raised(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    error = ConnectionError("the database is gone")
    desk.happen["work.running"] = raising(error)
    run_inline(desk)
    (record,) = caplog.records
    assert record.getMessage() == f"export {job_id} could not be run"
    assert vars(record)["job_id"] == str(job_id)
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert desk.job(job_id).status.developer_name == "queued"


def test_task_that_names_no_export_is_logged(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    task = BackgroundTask(name=TASK_NAME, creation_time=NOW)
    InlineTaskQueue(desk.run_export).dispatch(task)
    assert [record.getMessage() for record in caplog.records] == [f"task {task.id} names no export"]


def test_task_that_is_dispatched_again_is_run_once_and_is_no_error(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    run_inline(desk)
    before = desk.database.committed
    with caplog.at_level(logging.INFO, "ticket_export.infrastructure.tasks"):
        run_inline(desk)
    assert desk.database.committed == before
    (record,) = caplog.records
    assert record.getMessage() == f"another thread runs or has ended export {job_id}"
    assert record.levelno == logging.INFO


def test_interrupt_goes_through_to_whoever_asked(desk: HelpDesk) -> None:
    desk.request_export(desk.user(), VIEW)
    desk.happen["source.open"] = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_inline(desk)


@pytest.mark.parametrize(("losses", "end"), [(2, "completed"), (3, "failed")])
def test_lost_attempt_is_followed_by_the_next_one_until_there_are_no_more(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, losses: int, end: str
) -> None:
    monkeypatch.setattr(inline_task_queue, "PAUSE", 0)
    job_id = desk.request_export(desk.user(), VIEW).id
    left = [TicketsUnavailableError("The database was away.")] * losses

    def lose() -> None:
        if left:
            raise left.pop()

    desk.happen["source.count"] = lose
    run_inline(desk)
    assert desk.job(job_id).status.developer_name == end
