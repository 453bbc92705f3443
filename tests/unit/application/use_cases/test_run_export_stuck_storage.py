"""A storage that takes nothing more cannot hold the snapshot of an export."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, current_thread

import pytest

from tests.unit.application.use_cases.blocked_export import PATIENCE
from tests.unit.application.use_cases.help_desk import HelpDesk
from ticket_export.application.run.progress import Progress
from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS


def test_snapshot_ends_while_the_storage_still_hangs_and_the_attempt_is_lost(desk: HelpDesk) -> None:
    desk.fill(10 * BLOCK_ROWS)
    desk.storage_patience = timedelta(seconds=0.2)
    is_released = Event()

    def hang() -> None:
        assert is_released.wait(PATIENCE), "the snapshot is held as long as the storage hangs"

    desk.happen |= {"storage.write": hang, "source.abandon": is_released.set}
    job_id = desk.requested().id
    with pytest.raises(StorageUnavailableError, match=r"^The storage accepted no data for 0\.2 s\.$"):
        desk.run_export(job_id)
    assert desk.job(job_id).status.developer_name == "queued"
    assert desk.stored == {}
    assert desk.database.committed.media_items == {}


def test_next_rows_are_read_while_the_storage_takes_the_last(desk: HelpDesk) -> None:
    desk.fill(3 * BLOCK_ROWS)
    is_read = Event()

    def take() -> None:
        assert is_read.wait(PATIENCE), "nothing is read while the storage is busy"

    desk.happen |= {"storage.write": take, "source.block": is_read.set}
    assert desk.run_export(desk.requested().id).row_count == 3 * BLOCK_ROWS


def test_listener_that_does_not_come_back_cannot_hold_the_snapshot_either(desk: HelpDesk) -> None:
    desk.fill(10 * BLOCK_ROWS)
    desk.storage_patience = timedelta(seconds=0.2)
    is_released = Event()

    def listen(progress: Progress) -> None:
        if progress.rows:
            assert is_released.wait(PATIENCE), "the snapshot is held as long as the listener hangs"

    desk.happen["source.abandon"] = is_released.set
    job = desk.run_export(desk.requested().id, on_progress=listen)
    assert (job.status, job.error_message) == ("failed", "The progress callback has not returned for 0.2 s.")
    assert desk.stored == {}


def test_listener_hears_of_the_counting_before_there_is_a_snapshot(desk: HelpDesk) -> None:
    heard: list[str] = []
    desk.happen["source.open"] = lambda: heard.append("open")
    desk.run_export(desk.requested().id, on_progress=lambda progress: heard.append(progress.stage))
    assert heard == ["Counting", "open", "Uploading"]


def test_database_of_the_jobs_may_take_longer_than_the_storage(desk: HelpDesk) -> None:
    desk.fill(10 * BLOCK_ROWS)
    desk.storage_patience = timedelta(seconds=0.2)
    began = Event()

    def be_slow() -> None:
        if current_thread().name.startswith("progress of export") and not began.is_set():
            began.set()
            Event().wait(1)

    desk.happen |= {"work.enter": be_slow, "storage.write": lambda: desk.clock.advance(desk.lease / 2)}
    job = desk.run_export(desk.requested().id)
    assert began.is_set()
    assert (job.status, job.row_count) == ("completed", 10 * BLOCK_ROWS)
