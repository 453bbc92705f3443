"""A thread of the worker that may never come back is replaced, so that those who wait are exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Semaphore, Thread, current_thread
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk, once
from tests.unit.infrastructure.worker_desk import PATIENCE, a_worker, at_work
from ticket_export import StopSignal


@attrs.define
class HangingStorage:
    """The first of two exports hangs in it, in `thread`, until `wakes_up`."""

    desk: HelpDesk
    hangs: Event = attrs.field(factory=Event)
    wakes_up: Event = attrs.field(factory=Event)
    thread: Thread | None = None
    stuck: UUID = attrs.field(init=False)
    next: UUID = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stuck = self.desk.requested().id
        self.desk.clock.advance(timedelta(seconds=1))
        self.next = self.desk.requested().id
        self.desk.happen["storage.open"] = once(self._hang)

    def _hang(self) -> None:
        self.thread = current_thread()
        self.hangs.set()
        assert self.wakes_up.wait(PATIENCE)

    def wake_up(self) -> None:
        """And see that the thread ends, of itself."""
        self.wakes_up.set()
        assert self.thread is not None
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def status(self, job_id: UUID) -> str:
        return self.desk.job(job_id).status.developer_name


@pytest.fixture
def storage() -> Iterator[HangingStorage]:
    # Short enough to be waited for, and longer than anything that does not hang. The lease is the clock's,
    # which stands still; a third of it is how often somebody looks.
    storage = HangingStorage(HelpDesk(lease=timedelta(seconds=0.3), stall=timedelta(seconds=1)))
    yield storage
    storage.wakes_up.set()


def test_next_export_does_not_wait_for_one_that_hangs(storage: HangingStorage) -> None:
    ended = Semaphore(0)

    def work(stop: StopSignal) -> None:
        a_worker(storage.desk).run(stop=stop, on_end=lambda job: ended.release())

    with at_work(work):
        assert ended.acquire(timeout=PATIENCE)
        assert (storage.status(storage.stuck), storage.status(storage.next)) == ("running", "completed")
        # Its lease has been let go, so the same worker makes it, too.
        storage.desk.clock.advance(storage.desk.lease)
        assert ended.acquire(timeout=PATIENCE)
        assert storage.status(storage.stuck) == "completed"
        before = storage.desk.stored
        storage.wake_up()
        # It runs nothing more, though there is work; its place is taken.
        storage.desk.requested()
        assert ended.acquire(timeout=PATIENCE)
    assert len(before) == 4
    assert before.items() <= storage.desk.storage.objects.items()
    assert storage.desk.task(storage.stuck).number_of_retries == 1
    assert storage.desk.announced(storage.stuck) == ["completed"]


def test_drain_ends_without_the_one_that_hangs(storage: HangingStorage) -> None:
    a_worker(storage.desk).drain()
    assert not storage.wakes_up.is_set()
    assert (storage.status(storage.stuck), storage.status(storage.next)) == ("running", "completed")
    storage.wake_up()
    assert len(storage.desk.files) == 1
    storage.desk.clock.advance(storage.desk.lease)
    a_worker(storage.desk).drain()
    assert storage.status(storage.stuck) == "completed"


def test_stopped_worker_does_not_wait_for_one_that_was_replaced(storage: HangingStorage) -> None:
    ended = Semaphore(0)

    def work(stop: StopSignal) -> None:
        a_worker(storage.desk).run(stop=stop, on_end=lambda job: ended.release())

    with at_work(work):
        assert ended.acquire(timeout=PATIENCE)
    assert storage.thread is not None
    assert storage.thread.is_alive()
