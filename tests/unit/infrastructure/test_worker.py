from __future__ import annotations

import sys
from _thread import interrupt_main
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from threading import Barrier, Event, Semaphore, Timer, main_thread
from time import monotonic, sleep
from traceback import walk_stack
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.blocked_export import block_count
from tests.unit.application.use_cases.help_desk import PREFIX, HelpDesk, once, raising
from tests.unit.infrastructure.worker_desk import PATIENCE, a_house, a_worker, at_work
from ticket_export import ExportJobDto, StopSignal
from ticket_export.application.use_cases.housekeep import Chore
from ticket_export.errors import (
    JobDatabaseError,
    LeaseLostError,
    StorageError,
    TicketSourceError,
)
from ticket_export.infrastructure.tasks import runner as runner_module

ORPHAN = f"{PREFIX}{UUID(int=7)}/1/x.csv"


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


def statuses(desk: HelpDesk) -> list[str]:
    return [job.status.developer_name for job in desk.database.committed.jobs.values()]


def test_drain_runs_what_is_queued_and_ends(desk: HelpDesk) -> None:
    asked = [desk.requested().id for _ in range(5)]
    ended: list[ExportJobDto] = []
    a_worker(desk).drain(on_end=ended.append)
    assert {job.id for job in ended} == set(asked)
    assert statuses(desk) == ["completed"] * 5
    assert len(desk.files) == 5


def test_drain_of_an_empty_queue_ends(desk: HelpDesk) -> None:
    a_worker(desk).drain()
    assert desk.database.committed.jobs == {}


def test_failed_export_is_an_end_too(desk: HelpDesk) -> None:
    desk.requested()
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    ended: list[ExportJobDto] = []
    a_worker(desk).drain(on_end=ended.append)
    assert [(job.status, job.error_message) for job in ended] == [("failed", "no")]


def test_exports_are_run_as_many_at_a_time_as_was_asked_for_and_each_once(desk: HelpDesk) -> None:
    asked = {desk.requested().id for _ in range(12)}
    # No export goes on until three are at it.
    together = Barrier(3, timeout=PATIENCE)
    desk.happen["source.open"] = together.wait
    ended: list[ExportJobDto] = []
    a_worker(desk).drain(concurrency=3, on_end=ended.append)
    assert len(ended) == 12
    assert {job.id for job in ended if job.status == "completed"} == asked
    assert all(desk.audited(job_id) == ["requested", "started", "completed"] for job_id in asked)


def test_drain_takes_up_what_a_vanished_worker_left(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.claims.claim(job_id)
    desk.clock.advance(desk.lease)
    a_worker(desk).drain()
    assert statuses(desk) == ["completed"]
    assert desk.task(job_id).number_of_retries == 1


def test_drain_leaves_to_another_worker_what_it_runs(desk: HelpDesk) -> None:
    desk.claims.claim(desk.requested().id)
    a_worker(desk).drain()
    assert statuses(desk) == ["running"]


@pytest.mark.parametrize("stopped", [False, True])
def test_drain_tidies_at_its_end_unless_it_is_stopped(desk: HelpDesk, stopped: bool) -> None:
    desk.requested()
    stop, swept = StopSignal(), Event()
    desk.happen["storage.list.done"] = swept.set

    def on_end(job: ExportJobDto) -> None:
        # The worker sweeps when it begins, too; this comes after it.
        assert swept.wait(PATIENCE)
        desk.storage.objects[ORPHAN] = b"left behind"
        if stopped:
            stop.give()

    a_worker(desk).drain(stop=stop, on_end=on_end)
    assert (ORPHAN in desk.files) is stopped


def test_drain_that_is_stopped_before_it_begins_runs_nothing(desk: HelpDesk) -> None:
    desk.requested()
    stop = StopSignal()
    stop.give()
    a_worker(desk).drain(stop=stop)
    assert statuses(desk) == ["queued"]


def test_worker_goes_on_until_it_is_stopped(desk: HelpDesk) -> None:
    ended = Semaphore(0)

    def work(stop: StopSignal) -> None:
        a_worker(desk).run(stop=stop, on_end=lambda job: ended.release())

    with at_work(work):
        for _ in range(2):
            desk.requested()
            assert ended.acquire(timeout=PATIENCE)
    assert statuses(desk) == ["completed"] * 2
    desk.requested()
    assert statuses(desk)[-1] == "queued"


def test_stopped_worker_hands_back_what_it_runs(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    ended: list[ExportJobDto] = []
    stop = StopSignal()
    block_count(desk, meanwhile=stop.give)
    a_worker(desk).run(stop=stop, on_end=ended.append)
    assert statuses(desk) == ["queued"]
    assert (desk.task(job_id).status, desk.task(job_id).number_of_retries) == ("enqueued", 0)
    assert desk.stored == {}
    assert ended == []


def test_all_threads_of_a_stopped_worker_hand_back(desk: HelpDesk) -> None:
    asked = [desk.requested().id for _ in range(3)]
    # Each is waited for twice: by its export, and by the heartbeat that hands it back.
    together, handed_back = Barrier(3, timeout=PATIENCE), Barrier(6, timeout=PATIENCE)
    stop = StopSignal()

    def count() -> None:
        together.wait(PATIENCE)
        stop.give()
        handed_back.wait(PATIENCE)
        raise TicketSourceError("The query was interrupted.")

    desk.happen |= {"source.count": count, "work.queued.committed": handed_back.wait}
    a_worker(desk).run(concurrency=3, stop=stop)
    assert statuses(desk) == ["queued"] * 3
    assert [desk.task(job_id).number_of_retries for job_id in asked] == [0] * 3


def test_worker_that_finishes_ends_its_export_and_begins_no_other(desk: HelpDesk) -> None:
    first = desk.requested().id
    desk.clock.advance(timedelta(seconds=1))
    second = desk.requested().id
    finish = StopSignal()
    desk.happen["source.count"] = finish.give
    a_worker(desk).run(finish=finish)
    assert (desk.job(first).status.developer_name, desk.job(second).status.developer_name) == ("completed", "queued")
    assert desk.audited(first) == ["requested", "started", "completed"]


@pytest.mark.parametrize("is_draining", [False, True])
def test_worker_that_is_to_finish_before_it_begins_runs_nothing(desk: HelpDesk, is_draining: bool) -> None:
    desk.storage.objects[ORPHAN] = b"left behind"
    desk.requested()
    finish = StopSignal()
    finish.give()
    worker = a_worker(desk)
    (worker.drain if is_draining else worker.run)(finish=finish)
    assert statuses(desk) == ["queued"]


def test_worker_that_finishes_can_still_be_told_to_hand_back(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    finish, stop = StopSignal(), StopSignal()

    def both() -> None:
        finish.give()
        stop.give()

    block_count(desk, meanwhile=both)
    a_worker(desk).run(stop=stop, finish=finish)
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("queued", 0)


def test_worker_that_finishes_keeps_house_until_its_export_ends(desk: HelpDesk) -> None:
    desk.requested()
    finish, deleted = StopSignal(), Event()
    desk.happen["storage.delete.done"] = deleted.set

    def go_on() -> None:
        finish.give()
        # Another chore of the house, long after the signal.
        desk.storage.objects[ORPHAN] = b"left behind"
        assert deleted.wait(PATIENCE)

    desk.happen["source.count"] = go_on
    often = dict.fromkeys(Chore, timedelta(seconds=0.01))
    attrs.evolve(a_worker(desk), housekeeping=a_house(desk, often)).run(finish=finish)
    assert statuses(desk) == ["completed"]


def test_worker_that_finishes_does_not_wait_for_an_export_without_progress(desk: HelpDesk) -> None:
    desk.stall = timedelta(seconds=0.1)
    desk.requested()
    finish = StopSignal()
    blocked = block_count(desk, meanwhile=finish.give)
    a_worker(desk).run(finish=finish)
    assert blocked.is_set()
    assert statuses(desk) == ["running"]


def test_loop_of_a_worker_turns_while_its_thread_is_in_a_call(desk: HelpDesk) -> None:
    desk.requested()
    turned = Semaphore(0)

    def wait_for_turns() -> None:
        for _ in range(3):
            assert turned.acquire(timeout=PATIENCE)

    desk.happen["source.count"] = wait_for_turns
    a_worker(desk).drain(on_turn=turned.release)
    assert statuses(desk) == ["completed"]


def test_worker_without_anything_to_do_is_stopped_at_once(desk: HelpDesk) -> None:
    with at_work(lambda stop: a_worker(desk).run(concurrency=2, stop=stop)):
        pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LeaseLostError("another was faster"), ""),
        (ConnectionError("the database is gone"), "the worker failed"),
    ],
)
def test_worker_survives_whatever_claiming_raises(
    desk: HelpDesk, error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.requested()
    desk.requested()
    desk.happen["work.running"] = once(raising(error))
    a_worker(desk).drain()
    assert statuses(desk) == ["completed"] * 2
    assert said in caplog.text
    assert bool(said) == bool(caplog.text)


def test_worker_survives_who_is_told_of_an_end(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    desk.requested()
    desk.requested()

    def refuse(_job: ExportJobDto) -> None:
        tell()

    tell = once(raising(RuntimeError("the host's own")))
    a_worker(desk).drain(on_end=refuse)
    assert statuses(desk) == ["completed"] * 2
    assert "the host's own" in caplog.text


def test_pause_after_an_error_grows_to_a_limit_and_ends_with_the_trouble(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(runner_module, "_LONGEST_PAUSE", 0.004)
    is_down = iter([True, True, True, True, False, True, False])

    def claim() -> None:
        if next(is_down):
            raise ConnectionError("the database is gone")

    desk.requested()
    desk.requested()
    desk.happen["work.running"] = claim
    ended = Semaphore(0)
    with at_work(lambda stop: a_worker(desk).run(stop=stop, on_end=lambda _job: ended.release())):
        assert ended.acquire(timeout=PATIENCE)
        assert ended.acquire(timeout=PATIENCE)
    pauses = [record.getMessage().split()[-2] for record in caplog.records if "continues in" in record.getMessage()]
    assert pauses == ["0.001", "0.002", "0.004", "0.004", "0.001"]


def test_worker_that_pauses_after_an_error_is_stopped_at_once(desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "_FIRST_PAUSE", 10 * PATIENCE)
    failed = Event()

    def fail() -> None:
        failed.set()
        raise ConnectionError("the database is gone")

    desk.requested()
    desk.happen["work.running"] = fail
    with at_work(lambda stop: a_worker(desk).run(stop=stop)):
        assert failed.wait(PATIENCE)


def test_cancelled_export_does_not_end_the_worker(desk: HelpDesk) -> None:
    actor = desk.user()
    first = desk.requested(actor).id
    desk.clock.advance(timedelta(seconds=1))
    desk.requested()
    desk.happen["source.count"] = once(lambda: desk.cancel_export(actor, first))
    a_worker(desk).drain()
    assert sorted(statuses(desk)) == ["completed", "failed"]
    assert desk.job(first).is_cancelled


def test_worker_keeps_house_beside_its_exports(desk: HelpDesk) -> None:
    desk.storage.objects[ORPHAN] = b"left behind"
    swept = Event()
    desk.happen["storage.delete.done"] = swept.set
    with at_work(lambda stop: a_worker(desk).run(stop=stop)):
        assert swept.wait(PATIENCE)
    assert desk.stored == {}


def test_house_in_disorder_does_not_end_the_worker(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    desk.requested()
    desk.happen["storage.list.done"] = raising(StorageError("the storage is gone"))
    a_worker(desk).drain()
    assert statuses(desk) == ["completed"]
    assert "the chore sweep failed" in caplog.text


def test_drain_that_cannot_look_at_the_queue_gives_up_and_says_why(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(runner_module, "_LONGEST_PAUSE", 0.008)
    desk.happen["work.enter"] = raising(JobDatabaseError("the database cannot be reached"))
    with pytest.raises(JobDatabaseError, match="cannot be reached"):
        a_worker(desk).drain(concurrency=2)


def test_nobody_works_less_than_one_at_a_time(desk: HelpDesk) -> None:
    desk.requested()
    for work in (a_worker(desk).run, a_worker(desk).drain):
        for concurrency in (0, -1):
            with pytest.raises(ValueError, match=f"concurrency must be at least 1, not {concurrency}"):
                work(concurrency=concurrency)
    assert statuses(desk) == ["queued"]


def interrupt_the_watch() -> None:
    # The worker's caller is the main thread, where a signal's handler runs.
    main = main_thread().ident
    assert main is not None
    deadline = monotonic() + PATIENCE
    while not any(frame.f_code.co_name == "_look_after" for frame, _ in walk_stack(sys._current_frames()[main])):
        assert monotonic() < deadline
        sleep(0.001)
    # By then it waits.
    sleep(0.05)
    interrupt_main()


# Interrupted while it holds its own lock, the measurement of coverage would wait for it for ever.
@pytest.mark.no_cover
@pytest.mark.parametrize("interrupt", [interrupt_main, interrupt_the_watch], ids=["at any moment", "as it watches"])
def test_interrupted_worker_hands_back_what_it_runs(desk: HelpDesk, interrupt: Callable[[], None]) -> None:
    job_id = desk.requested().id
    interrupted, stop = block_count(desk, meanwhile=interrupt), StopSignal()
    # Python drops an interrupt that meets a callback of its garbage collector.
    limit = Timer(PATIENCE, stop.give)
    limit.daemon = True
    limit.start()
    with pytest.raises(KeyboardInterrupt):
        a_worker(desk).run(stop=stop)
    limit.cancel()
    assert interrupted.is_set()
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("queued", 0)


@pytest.mark.parametrize("error", [SystemExit, GeneratorExit])
def test_thread_that_dies_ends_the_worker_after_the_others_have_handed_back(
    desk: HelpDesk, error: type[BaseException]
) -> None:
    first = desk.requested().id
    desk.clock.advance(timedelta(seconds=1))
    second = desk.requested().id
    counting, both = count(), Barrier(2, timeout=PATIENCE)
    interrupted = Event()

    def one_dies() -> None:
        number = next(counting)
        both.wait(PATIENCE)
        if number == 0:
            raise error("the host's own")
        assert interrupted.wait(PATIENCE)
        raise TicketSourceError("The query was interrupted.")

    desk.happen |= {"source.count": one_dies, "source.interrupt": interrupted.set}
    with pytest.raises(error, match="the host's own"):
        a_worker(desk).run(concurrency=2)
    assert sorted(statuses(desk)) == ["failed", "queued"]
    assert [desk.task(job_id).number_of_retries for job_id in (first, second)] == [0, 0]


def test_lost_claims_do_not_keep_a_processor_busy(desk: HelpDesk) -> None:
    desk.requested()
    claims: list[float] = []

    def lose() -> None:
        claims.append(monotonic())
        raise LeaseLostError("another was faster")

    desk.happen["work.running"] = lose
    with at_work(lambda stop: a_worker(desk).run(stop=stop)):
        sleep(0.5)
    # Twenty a second, and the first.
    assert 0 < len(claims) <= 20 * (claims[-1] - claims[0]) + 1
