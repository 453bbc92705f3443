"""What happens beside a running export: its lease lives on, and whatever ends it from outside is noticed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Semaphore, Thread
from threading import enumerate as enumerate_threads
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.blocked_export import PATIENCE, block_count
from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, HelpDesk, once, raising
from ticket_export import Actor, StopSignal
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.run.attempt import Attempt
from ticket_export.application.run.heartbeat import Heartbeat
from ticket_export.application.run.progress import Progress
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.application.use_cases.run_export import ignore_hand_back, ignore_stall
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import TicketColumns


@pytest.fixture
def actor(desk: HelpDesk) -> Actor:
    return desk.user()


@pytest.fixture
def job_id(desk: HelpDesk, actor: Actor) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested(actor).id


@pytest.mark.parametrize("place", ["audit.started", "users.find", "source.count"])
def test_lease_lives_on_while_something_takes_longer_than_it(desk: HelpDesk, job_id: UUID, place: str) -> None:
    written = Semaphore(0)

    def take_long() -> None:
        desk.happen["work.running.committed"] = written.release
        for _ in range(2):
            desk.clock.advance(desk.lease * 0.9)
            assert written.acquire(timeout=PATIENCE)
            assert desk.recover_stalled_exports() == Recovery()

    desk.happen[place] = take_long
    assert desk.run_export(job_id).status == "completed"
    assert desk.task(job_id).number_of_retries == 0


def test_heartbeat_writes_nothing_while_the_clock_stands_still(desk: HelpDesk, job_id: UUID) -> None:
    asked = Semaphore(0)

    class AskedClock(InMemoryClock):
        def now(self) -> datetime:
            asked.release()
            return super().now()

    def two_beats() -> None:
        before = desk.database.committed
        while asked.acquire(blocking=False):
            pass
        for _ in range(2):
            assert asked.acquire(timeout=PATIENCE)
        assert desk.database.committed is before

    desk.clock = AskedClock(NOW)
    desk.happen["source.count"] = two_beats
    assert desk.run_export(job_id).status == "completed"


def test_cancelled_export_is_interrupted_in_the_middle_of_a_long_count(
    desk: HelpDesk, actor: Actor, job_id: UUID
) -> None:
    def cancel() -> None:
        desk.cancel_export(actor, job_id)
        desk.clock.advance(timedelta(seconds=1))

    interrupted = block_count(desk, meanwhile=cancel)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert interrupted.is_set()
    assert desk.job(job_id).is_cancelled
    assert desk.stored == {}
    assert desk.audited(job_id) == ["requested", "started", "cancelled"]
    assert desk.announced(job_id) == ["failed"]


def test_interrupt_that_comes_too_early_is_repeated(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    interrupts = Semaphore(0)

    def cancel_and_wait_for_three() -> None:
        desk.cancel_export(actor, job_id)
        desk.clock.advance(timedelta(seconds=1))
        for _ in range(3):
            assert interrupts.acquire(timeout=PATIENCE)

    desk.happen |= {"source.count": cancel_and_wait_for_three, "source.interrupt": interrupts.release}
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)


def test_interrupt_that_fails_is_logged_and_tried_again(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    stop = StopSignal()
    interrupted = block_count(desk, meanwhile=stop.give)
    failed = once(raising(ConnectionError("the connection is gone")))

    def interrupt() -> None:
        failed()
        interrupted.set()

    desk.happen["source.interrupt"] = interrupt
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id, stop=stop)
    assert f"export {job_id}: its query or upload could not be interrupted" in caplog.text
    assert "the connection is gone" in caplog.text
    assert desk.job(job_id).status.developer_name == "queued"


def test_export_that_makes_no_progress_is_let_go(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    desk.stall = timedelta(milliseconds=1)
    interrupted = block_count(desk, meanwhile=lambda: None)
    stalled: list[object] = []
    with pytest.raises(LeaseLostError, match=r"made no progress for 0\.001 s"):
        desk.run_export(job_id, on_stall=lambda: stalled.append(interrupted.is_set()))
    assert interrupted.is_set()
    # Told once, and without waiting for what may never come back.
    assert stalled == [False]
    assert f"export {job_id} makes no progress and is let go" in caplog.text
    assert desk.stored == {}
    # Its lease is renewed no more, so another attempt gets it.
    assert desk.job(job_id).status.developer_name == "running"
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)
    desk.happen.clear()
    desk.stall = timedelta(minutes=10)
    assert desk.run_export(job_id).status == "completed"


def test_sign_of_life_that_cannot_be_written_is_logged_and_tried_again(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    refused, written = Event(), Event()

    def refuse() -> None:
        refused.set()
        raise ConnectionError("the database is gone")

    def count_slowly() -> None:
        desk.happen["work.running"] = refuse
        desk.clock.advance(timedelta(seconds=1))
        assert refused.wait(PATIENCE)
        desk.happen["work.running"] = written.set
        desk.clock.advance(timedelta(seconds=1))
        assert written.wait(PATIENCE)

    desk.happen["source.count"] = count_slowly
    assert desk.run_export(job_id).status == "completed"
    assert f"export {job_id}: the heartbeat could not be written" in caplog.text
    assert "the database is gone" in caplog.text
    assert {(record.levelno, vars(record)["job_id"]) for record in caplog.records} == {(logging.WARNING, str(job_id))}


def test_export_completes_though_no_progress_could_ever_be_written(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse_from_now_on() -> None:
        desk.happen["work.running"] = raising(ConnectionError("the database is gone"))

    desk.happen |= {"source.open": refuse_from_now_on, "source.block": lambda: desk.clock.advance(desk.lease / 2)}
    assert desk.run_export(job_id).status == "completed"
    assert desk.announced(job_id) == ["completed"]
    assert "the database is gone" in caplog.text


def test_progress_does_not_wait_for_a_heartbeat_that_is_writing(desk: HelpDesk, job_id: UUID) -> None:
    writing, published = Event(), Event()
    was_published: list[bool] = []

    def write_until_published() -> None:
        writing.set()
        # Shorter than everybody else's patience: this thread's errors are the heartbeat's own affair.
        was_published.append(published.wait(PATIENCE / 3))

    def count() -> None:
        desk.happen["work.running"] = once(write_until_published)
        desk.clock.advance(timedelta(seconds=1))
        assert writing.wait(PATIENCE)

    desk.happen |= {"source.count": count, "storage.publish": published.set}
    assert desk.run_export(job_id).status == "completed"
    assert was_published == [True]


def test_progress_is_not_written_while_it_is_being_written(desk: HelpDesk, job_id: UUID) -> None:
    heartbeat = Heartbeat(
        desk.claims.claim(job_id),
        stop=StopSignal(),
        stall=desk.stall,
        on_stall=ignore_stall,
        on_hand_back=ignore_hand_back,
    )
    before = desk.database.committed
    with heartbeat, heartbeat._writing:
        desk.clock.advance(timedelta(seconds=1))
        heartbeat.tell(Progress(ProgressStage.COUNTING))
        assert desk.database.committed is before


@attrs.frozen
class StubbornSource:
    """Its reader cannot be interrupted."""

    desk: HelpDesk

    def columns(self, actor: Actor) -> TicketColumns:
        return COLUMNS

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        yield self

    def count(self) -> int:
        self.desk.at("source.count")
        return 0

    def blocks(self) -> Iterator[RowBlock]:
        yield from ()


def test_reader_that_cannot_be_interrupted_is_waited_for(desk: HelpDesk, job_id: UUID) -> None:
    stop, handed_back = StopSignal(), Event()

    def happen() -> None:
        stop.give()
        assert handed_back.wait(PATIENCE)

    desk.happen |= {"source.count": happen, "work.queued.committed": handed_back.set}
    with pytest.raises(LeaseLostError):
        attrs.evolve(desk.run_export, ticket_source=StubbornSource(desk))(job_id, stop=stop)
    assert desk.job(job_id).status.developer_name == "queued"


class Listening(Heartbeat):
    """Tells of every interrupt that it made or would have made."""

    def __init__(self, attempt: Attempt, *, stop: StopSignal, stall: timedelta) -> None:
        super().__init__(attempt, stop=stop, stall=stall, on_stall=ignore_stall, on_hand_back=ignore_hand_back)
        self._due = Semaphore(0)

    def _interrupt(self) -> None:
        super()._interrupt()
        self._due.release()

    def wait(self) -> None:
        """Until one more that began after the call."""
        while self._due.acquire(blocking=False):
            pass
        for _ in range(2):
            assert self._due.acquire(timeout=PATIENCE)


class Reader:
    def __init__(self) -> None:
        self.interrupted = 0

    def count(self) -> int:
        return 0

    def blocks(self) -> Iterator[RowBlock]:
        yield from ()

    def interrupt(self) -> None:
        self.interrupted += 1


def test_reader_that_is_no_longer_in_use_is_not_interrupted(desk: HelpDesk, job_id: UUID) -> None:
    reader, stop = Reader(), StopSignal()
    stop.give()
    with Listening(desk.claims.claim(job_id), stop=stop, stall=desk.stall) as heartbeat:
        with heartbeat.interrupting(reader):
            heartbeat.wait()
        before = reader.interrupted
        assert before > 0
        heartbeat.wait()
    assert reader.interrupted == before


def test_lost_export_is_interrupted_now_and_then_even_if_the_worker_stops_too(
    desk: HelpDesk, actor: Actor, job_id: UUID
) -> None:
    reader, stop = Reader(), StopSignal()
    heartbeat = Heartbeat(
        desk.claims.claim(job_id),
        stop=stop,
        stall=desk.stall,
        on_stall=ignore_stall,
        on_hand_back=ignore_hand_back,
    )
    desk.cancel_export(actor, job_id)
    desk.clock.advance(timedelta(seconds=1))
    with heartbeat, heartbeat.interrupting(reader):
        with pytest.raises(LeaseLostError, match="was cancelled"):
            heartbeat.tell(Progress(ProgressStage.COUNTING))
        began = monotonic()
        stop.give()
        sleep(0.5)
        interrupted, seconds = reader.interrupted, monotonic() - began
    # Ten a second, one at the beginning, and one that may just have been due.
    assert interrupted <= 10 * seconds + 2


def test_stop_of_the_worker_does_not_call_an_export_stalled(desk: HelpDesk, job_id: UUID) -> None:
    stop, stalled = StopSignal(), Event()
    block_count(desk, meanwhile=stop.give)
    with pytest.raises(LeaseLostError, match="is back in the queue"):
        desk.run_export(job_id, stop=stop, on_stall=stalled.set)
    assert not stalled.is_set()


def test_heartbeat_whose_start_is_interrupted_ends(
    desk: HelpDesk, job_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Thread.start

    def interrupted(thread: Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.run_export(job_id)
    monkeypatch.undo()
    for thread in enumerate_threads():
        if thread.name.startswith("heartbeat"):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert desk.job(job_id).error_message == "The export was interrupted."


def test_interrupt_between_publishing_and_completing_leaves_no_file(
    desk: HelpDesk, job_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = Heartbeat.__exit__

    def interrupted(heartbeat: Heartbeat, *exc_info: Any) -> None:
        leave(heartbeat, *exc_info)
        assert desk.stored
        raise KeyboardInterrupt

    monkeypatch.setattr(Heartbeat, "__exit__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.run_export(job_id)
    assert desk.stored == {}
    assert desk.job(job_id).error_message == "The export was interrupted."
