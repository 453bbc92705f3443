"""What is recorded of exports, whatever runs them."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.unit.application.use_cases.blocked_export import block_count
from tests.unit.application.use_cases.help_desk import VIEW, raising
from tests.unit.infrastructure.metrics.measured_desk import MeasuredDesk
from ticket_export import StopSignal
from ticket_export.errors import (
    LeaseLostError,
    StorageError,
    StorageUnavailableError,
    TicketExportError,
    TicketsUnavailableError,
)

ENDED = "ticket_export.exports"
DURATION = "ticket_export.export.duration"
STAGES = "ticket_export.stage.duration"
LOST = "ticket_export.attempts.lost"
ROWS = "ticket_export.rows"
BYTES = "ticket_export.file.io"


def run_next(measured: MeasuredDesk, *, stop: StopSignal | None = None) -> None:
    """Run the next export; some outcomes are errors."""
    with suppress(TicketExportError):
        measured.container.run_next_export()(stop=stop)


def test_completed_export_counts_with_its_rows_and_bytes(measured: MeasuredDesk) -> None:
    desk = measured.desk
    desk.fill(3)
    jobs = [desk.requested(number=number) for number in range(2)]
    for _ in jobs:
        run_next(measured)
    assert measured.values(ENDED) == {"completed": 2}
    assert measured.values(ROWS) == {"": 6}
    assert measured.values(BYTES) == {"": sum(len(desk.file(job.id)) for job in jobs)}


def test_export_that_is_run_by_its_id_counts_too(measured: MeasuredDesk) -> None:
    measured.container.run_export()(measured.desk.requested().id)
    assert measured.values(ENDED) == {"completed": 1}
    assert measured.values(STAGES)["queued"] == 1


def test_failed_export_counts_without_rows_and_bytes(measured: MeasuredDesk) -> None:
    measured.desk.fill(3)
    measured.desk.requested()
    measured.desk.happen["storage.publish"] = raising(StorageError("The file was refused."))
    run_next(measured)
    assert measured.values(ENDED) == {"failed": 1}
    assert (measured.values(ROWS), measured.values(BYTES)) == ({}, {})


def test_cancelled_export_is_not_a_failed_one(measured: MeasuredDesk) -> None:
    actor = measured.desk.user()
    job = measured.container.request_export()(actor, VIEW)
    measured.container.cancel_export()(actor, job.id)
    assert measured.values(ENDED) == {"cancelled": 1}


def test_export_that_ended_before_it_ran_counts_as_failed(measured: MeasuredDesk) -> None:
    measured.desk.requested()
    measured.desk.clock.advance(timedelta(hours=72))
    measured.container.clean_up_expired_exports()()
    assert measured.values(ENDED) == {"failed": 1}
    assert measured.seconds(DURATION) == {"failed": 72 * 3600}


def test_duration_is_that_from_the_request_to_the_end(measured: MeasuredDesk) -> None:
    desk = measured.desk
    desk.requested()
    desk.clock.advance(timedelta(seconds=40))
    desk.happen["source.count"] = lambda: desk.clock.advance(timedelta(seconds=5))
    run_next(measured)
    assert measured.seconds(DURATION) == {"completed": 45}
    assert measured.values(DURATION) == {"completed": 1}


def test_host_still_receives_its_events(measured: MeasuredDesk) -> None:
    desk = measured.desk
    actor = desk.user()
    desk.requested(actor, number=1)
    run_next(measured)
    measured.container.cancel_export()(actor, desk.requested(actor, number=2).id)
    desk.clock.advance(timedelta(hours=72))
    measured.container.clean_up_expired_exports()()
    assert [name for name, _ in desk.events.events] == ["completed", "failed", "expired", "expired"]
    assert sum(measured.values(ENDED).values()) == 2


def test_export_counts_although_a_subscriber_of_the_host_fails(measured: MeasuredDesk) -> None:
    measured.desk.requested()
    measured.desk.happen["events.completed"] = raising(RuntimeError("the mail server is gone"))
    run_next(measured)
    assert measured.values(ENDED) == {"completed": 1}


def test_every_stage_of_a_completed_export_is_timed(measured: MeasuredDesk) -> None:
    desk = measured.desk
    desk.fill(1)
    desk.requested()
    desk.clock.advance(timedelta(seconds=40))
    run_next(measured)
    assert measured.values(STAGES) == {"queued": 1, "counting": 1, "exporting": 1, "uploading": 1}
    seconds = measured.seconds(STAGES)
    assert seconds["queued"] == 40
    assert 0 < sum(seconds.values()) - seconds["queued"] < 30


def test_stage_in_which_an_export_fails_is_not_timed(measured: MeasuredDesk) -> None:
    measured.desk.fill(1)
    measured.desk.requested()
    measured.desk.happen["storage.publish"] = raising(StorageError("The file was refused."))
    run_next(measured)
    assert measured.values(STAGES) == {"queued": 1, "counting": 1, "exporting": 1}


def test_later_attempt_has_not_waited_for_a_worker_since_the_request(measured: MeasuredDesk) -> None:
    desk = measured.desk
    desk.requested()
    desk.happen["source.count"] = raising(TicketsUnavailableError("The connection is lost."))
    run_next(measured)
    del desk.happen["source.count"]
    run_next(measured)
    assert measured.values(STAGES)["queued"] == 1
    assert measured.values(ENDED) == {"completed": 1}


@pytest.mark.parametrize(
    ("place", "error", "part"),
    [
        ("source.count", TicketsUnavailableError("The connection is lost."), "tickets"),
        ("storage.publish", StorageUnavailableError("The storage is away."), "storage"),
    ],
)
def test_attempt_that_is_lost_counts_by_what_it_lacked(
    measured: MeasuredDesk, place: str, error: Exception, part: str
) -> None:
    measured.desk.requested()
    measured.desk.happen[place] = raising(error)
    run_next(measured)
    assert measured.values(LOST) == {part: 1}
    assert measured.values(ENDED) == {}
    # The last one that is allowed ends the export.
    run_next(measured)
    assert measured.values(LOST) == {part: 1}
    assert measured.values(ENDED) == {"failed": 1}


def test_export_that_is_handed_back_is_not_lost(measured: MeasuredDesk) -> None:
    stop = StopSignal()
    job_id = measured.desk.requested().id
    block_count(measured.desk, meanwhile=stop.give)
    run_next(measured, stop=stop)
    assert measured.desk.job(job_id).status == "queued"
    assert (measured.values(LOST), measured.values(ENDED)) == ({}, {})


def test_export_that_somebody_else_has_taken_is_counted_there(measured: MeasuredDesk) -> None:
    actor = measured.desk.user()
    job = measured.desk.requested(actor)
    cancel = measured.container.cancel_export()
    measured.desk.happen["source.count"] = lambda: cancel(actor, job.id)
    run_next(measured)
    assert measured.values(ENDED) == {"cancelled": 1}
    assert measured.values(LOST) == {}


def test_listener_of_the_caller_hears_of_the_progress_and_can_end_the_export(measured: MeasuredDesk) -> None:
    heard = []
    measured.desk.fill(1)
    measured.desk.requested()
    measured.container.run_next_export()(on_progress=lambda progress: heard.append(progress.stage))
    assert heard == ["Counting", "Exporting", "Uploading"]


def test_without_the_setting_there_are_no_metrics() -> None:
    measured = MeasuredDesk(setting="none")
    job_id = measured.desk.requested().id
    run_next(measured)
    assert measured.desk.job(job_id).status == "completed"
    assert measured.container.metrics() is None
    assert list(measured.metrics()) == []


def test_no_attribute_tells_of_a_user(measured: MeasuredDesk) -> None:
    desk = measured.desk
    actor = desk.user()
    desk.fill(2)
    for number in range(3):
        desk.requested(actor, number=number)
    run_next(measured)
    desk.happen["source.count"] = raising(TicketsUnavailableError("The connection of a@example.test is lost."))
    run_next(measured)
    run_next(measured)
    measured.container.housekeep()(now=True)
    found = {
        (key, value)
        for metric in measured.metrics()
        for point in metric.data.data_points
        for key, value in (point.attributes or {}).items()
    }
    assert found == {
        *(("ticket_export.stage", stage) for stage in ("queued", "counting", "exporting", "uploading")),
        *(("ticket_export.outcome", outcome) for outcome in ("completed", "failed", "cancelled")),
        *(("ticket_export.part", part) for part in ("worker", "tickets", "storage")),
        *(("ticket_export.chore", chore) for chore in ("recover", "dispatch", "clean_up", "sweep", "purge")),
        *(
            ("ticket_export.removed", kind)
            for kind in ("expired_export", "orphaned_object", "unfinished_object", "old_export")
        ),
    }


def test_lost_lease_error_reaches_the_caller(measured: MeasuredDesk) -> None:
    job_id = measured.desk.requested().id
    measured.desk.happen["work.completed"] = raising(LeaseLostError("another attempt has it"))
    with pytest.raises(LeaseLostError):
        measured.container.run_export()(job_id)
    assert measured.values(ENDED) == {}
