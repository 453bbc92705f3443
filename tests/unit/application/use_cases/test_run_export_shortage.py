"""A worker that runs out of something loses its attempt, and the export nothing."""

from __future__ import annotations

import errno
from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk, once, raising
from ticket_export.application.run.shortage import FILES, MEMORY, THREADS, shortage_of
from ticket_export.application.use_cases import run_export
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import (
    JobDatabaseError,
    LeaseLostError,
    StorageError,
    TicketsUnavailableError,
    WorkerShortageError,
)
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import BackgroundTask

PLACES = [
    *("audit.started", "users.find", "source.open", "source.count", "source.block", "source.close"),
    *("storage.open", "storage.write", "storage.publish", "manifest.publish", "work.completed"),
]


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def met_on_the_way(error: Exception, before: BaseException) -> Exception:
    error.__context__ = before
    return error


def no_more_files(number: int = errno.EMFILE) -> OSError:
    return OSError(number, "no")


SHORTAGES = [
    (no_more_files(), FILES),
    (no_more_files(errno.ENFILE), FILES),
    (no_more_files(errno.ENOBUFS), FILES),
    (StorageError(errno.EMFILE, "no"), FILES),
    (caused(StorageError("the file could not be written"), no_more_files()), FILES),
    (caused(TicketsUnavailableError("away"), caused(ConnectionError("no"), no_more_files())), FILES),
    (met_on_the_way(JobDatabaseError("away"), no_more_files()), FILES),
    (RuntimeError("can't start new thread"), THREADS),
    (BlockingIOError(errno.EAGAIN, "no"), THREADS),
    (MemoryError(), MEMORY),
    (OSError(errno.ENOMEM, "no"), MEMORY),
    (caused(StorageError("the file could not be written"), MemoryError()), MEMORY),
]


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested().id


@pytest.mark.parametrize(("error", "lacking"), SHORTAGES)
def test_shortage_is_known_however_deep_it_lies(error: Exception, lacking: str) -> None:
    assert shortage_of(error) == lacking


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError("no number"),
        RuntimeError("cannot schedule new futures"),
        JobDatabaseError("away"),
        caused(StorageError("no"), OSError(errno.EACCES, "no")),
    ],
)
def test_other_trouble_is_no_shortage(error: Exception) -> None:
    assert shortage_of(error) is None


def test_error_that_hides_what_came_before_it_is_judged_by_itself() -> None:
    error = met_on_the_way(ValueError("no"), no_more_files())
    error.__suppress_context__ = True
    assert shortage_of(error) is None


def test_errors_that_cause_each_other_are_looked_at_once() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert shortage_of(one) is None


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [no_more_files(), RuntimeError("can't start new thread")], ids=["files", "threads"])
def test_export_waits_again_and_no_attempt_counts(desk: HelpDesk, job_id: UUID, place: str, error: Exception) -> None:
    for _ in range(desk.max_attempts + 1):
        desk.happen[place] = once(raising(error))
        with pytest.raises(WorkerShortageError, match="raise its limits"):
            desk.run_export(job_id)
        assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("queued", 0)
        assert desk.stored == {}
    assert desk.run_export(job_id).status == "completed"


def test_queue_hears_of_what_waits_again(desk: HelpDesk, job_id: UUID) -> None:
    told: list[BackgroundTask] = []
    desk.happen["source.count"] = once(raising(no_more_files()))
    with pytest.raises(WorkerShortageError):
        desk.run_export.run(desk.claims.claim(job_id), on_hand_back=told.append)
    assert told == [desk.task(job_id)]


@pytest.mark.parametrize("place", PLACES)
def test_attempt_without_memory_counts_when_its_lease_ends(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = once(raising(MemoryError()))
    with pytest.raises(WorkerShortageError, match="out of memory"):
        desk.run_export(job_id)
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("running", 0)
    assert desk.recover_stalled_exports() == Recovery()
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)
    assert desk.task(job_id).number_of_retries == 1
    assert desk.run_export(job_id).status == "completed"


def test_export_that_takes_all_memory_each_time_ends(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["source.block"] = raising(MemoryError())
    for _ in range(desk.max_attempts):
        with pytest.raises(WorkerShortageError):
            desk.run_export(job_id)
        desk.clock.advance(desk.lease)
        desk.recover_stalled_exports()
    assert desk.job(job_id).status.developer_name == "failed"


def test_handing_back_is_tried_again_while_the_shortage_lasts(
    desk: HelpDesk, job_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_export, "_HAND_BACK_PAUSES", (0.0, 0.0, 0.0))
    tries: list[None] = []

    def refuse_twice() -> None:
        tries.append(None)
        if len(tries) < 3:
            raise no_more_files()

    desk.happen |= {"source.count": raising(no_more_files()), "work.queued": refuse_twice}
    with pytest.raises(WorkerShortageError):
        desk.run_export(job_id)
    assert (len(tries), desk.job(job_id).status.developer_name) == (3, "queued")


def test_attempt_that_cannot_be_handed_back_is_left_to_its_lease(
    desk: HelpDesk, job_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_export, "_HAND_BACK_PAUSES", (0.0, 0.0))
    desk.happen |= {"source.count": raising(no_more_files()), "work.queued": raising(no_more_files())}
    with pytest.raises(WorkerShortageError):
        desk.run_export(job_id)
    assert desk.job(job_id).status.developer_name == "running"
    del desk.happen["work.queued"]
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)


def test_attempt_that_has_lost_its_job_meanwhile_hands_nothing_back(desk: HelpDesk, job_id: UUID) -> None:
    def lose_it_all() -> None:
        desk.clock.advance(desk.lease)
        desk.recover_stalled_exports()
        raise no_more_files()

    desk.happen["manifest.publish"] = once(lose_it_all)
    with pytest.raises((LeaseLostError, WorkerShortageError)):
        desk.run_export(job_id)
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("queued", 1)
