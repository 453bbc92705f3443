"""What is recorded of the housekeeping."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import PREFIX, raising
from tests.unit.infrastructure.metrics.measured_desk import MeasuredDesk
from ticket_export.errors import JobDatabaseError, StorageError

LOST = "ticket_export.attempts.lost"
REMOVALS = "ticket_export.housekeeping.removals"
FAILURES = "ticket_export.housekeeping.failures"


def test_attempt_whose_worker_has_vanished_is_lost(measured: MeasuredDesk) -> None:
    measured.desk.requested()
    for lost in (1, 1):
        assert measured.container.claims().claim_next() is not None
        measured.desk.clock.advance(timedelta(seconds=31))
        measured.container.housekeep()(now=True)
        assert measured.values(LOST) == {"worker": lost}
    # The last attempt that is allowed ends the export.
    assert measured.values("ticket_export.exports") == {"failed": 1}


def test_everything_that_is_removed_counts_by_its_kind(measured: MeasuredDesk) -> None:
    desk = measured.desk
    for number in range(2):
        desk.requested(number=number)
        measured.container.run_next_export()()
    desk.storage.objects[f"{PREFIX}{UUID(int=7)}/1/x.csv"] = b"left behind"
    measured.container.housekeep()(now=True)
    assert measured.values(REMOVALS) == {"orphaned_object": 1}
    desk.clock.advance(timedelta(hours=72))
    measured.container.housekeep()(now=True)
    assert measured.values(REMOVALS) == {"orphaned_object": 1, "expired_export": 2}
    desk.clock.advance(timedelta(days=2))
    measured.container.housekeep()(now=True)
    assert measured.values(REMOVALS) == {"orphaned_object": 1, "expired_export": 2, "old_export": 2}
    assert measured.values(FAILURES) == {}


def test_chore_that_fails_and_items_that_it_leaves_count_as_failures(measured: MeasuredDesk) -> None:
    desk = measured.desk
    for number in range(2):
        desk.requested(number=number)
        measured.container.run_next_export()()
    desk.happen["storage.list.done"] = raising(StorageError("The list was refused."))
    measured.container.housekeep()(now=True)
    assert measured.values(FAILURES) == {"sweep": 1}
    desk.happen = {"storage.delete": raising(StorageError("The deletion was refused."))}
    desk.clock.advance(timedelta(hours=72))
    measured.container.housekeep()(now=True)
    assert measured.values(FAILURES) == {"sweep": 1, "clean_up": 2}


def test_chore_that_another_caller_has_done_is_not_counted_again(measured: MeasuredDesk) -> None:
    measured.desk.requested()
    measured.container.run_next_export()()
    measured.desk.clock.advance(timedelta(hours=72))
    for _ in range(3):
        measured.container.housekeep()()
    assert measured.values(REMOVALS) == {"expired_export": 1}


def test_database_that_is_away_still_raises(measured: MeasuredDesk) -> None:
    measured.desk.happen["work.enter"] = raising(JobDatabaseError("the database is away"))
    with pytest.raises(JobDatabaseError):
        measured.container.housekeep()(now=True)
