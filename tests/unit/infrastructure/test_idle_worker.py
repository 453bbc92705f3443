"""A worker without work waits at its queue, and leaves the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Semaphore

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk
from tests.unit.infrastructure.worker_desk import PATIENCE, a_worker, at_work
from ticket_export import StopSignal
from ticket_export.application.ports.task_queue import SupportsWaiting
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.infrastructure.tasks.worker import Worker
from ticket_export.ports import BackgroundTask


class WaitingQueue:
    """Waits as long as it likes, and counts how often it was waited at in vain."""

    def __init__(self) -> None:
        self.in_vain = Semaphore(0)
        self._dispatched = Event()

    def dispatch(self, task: BackgroundTask) -> None:
        self._dispatched.set()

    def wait(self, timeout: float) -> bool:
        if self._dispatched.wait(0.01):
            return True
        self.in_vain.release()
        return False


@attrs.define
class Scene:
    desk: HelpDesk = attrs.field(factory=HelpDesk)
    queue: WaitingQueue = attrs.field(factory=WaitingQueue)
    looks: int = 0

    def look(self) -> UnitOfWork:
        self.looks += 1
        return self.desk.unit_of_work()

    @property
    def worker(self) -> Worker:
        """Its house-keeping looks by itself, and is not counted."""
        claims = attrs.evolve(self.desk.claims, unit_of_work=self.look)
        run_next = attrs.evolve(self.desk.run_next_export, claims=claims)
        return attrs.evolve(a_worker(self.desk), run_next_export=run_next, task_queue=self.queue)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def wait_for(semaphore: Semaphore, times: int) -> None:
    for _ in range(times):
        assert semaphore.acquire(timeout=PATIENCE)


def test_idle_worker_claims_nothing_until_its_queue_says_so(scene: Scene) -> None:
    assert isinstance(scene.queue, SupportsWaiting)
    ended = Event()
    worker = scene.worker

    def work(stop: StopSignal) -> None:
        worker.run(stop=stop, on_end=lambda job: ended.set())

    with at_work(work):
        wait_for(scene.queue.in_vain, 5)
        assert scene.looks == 1  # when it began
        attrs.evolve(scene.desk.request_export, task_queue=scene.queue)(scene.desk.user(), {"columns": ["id"]})
        assert ended.wait(PATIENCE)
    (job,) = scene.desk.database.committed.jobs.values()
    assert job.status.developer_name == "completed"


def test_idle_worker_is_stopped_though_its_queue_has_nothing_to_say(scene: Scene) -> None:
    with at_work(lambda stop: scene.worker.run(stop=stop)):
        wait_for(scene.queue.in_vain, 2)


class ListeningQueue(WaitingQueue):
    """Keeps, for every time that it was waited at, whether somebody listened."""

    def __init__(self) -> None:
        super().__init__()
        self.is_listening = False
        self.waited_at: set[bool] = set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.is_listening = True
        yield
        self.is_listening = False

    def wait(self, timeout: float) -> bool:
        self.waited_at.add(self.is_listening)
        return super().wait(timeout)


def test_worker_listens_for_as_long_as_it_waits() -> None:
    queue = ListeningQueue()
    scene = Scene(queue=queue)
    with at_work(lambda stop: scene.worker.run(stop=stop, concurrency=2)):
        wait_for(queue.in_vain, 4)
    assert queue.waited_at == {True}
    assert not queue.is_listening


def test_worker_that_drains_does_not_listen() -> None:
    queue = ListeningQueue()
    scene = Scene(queue=queue)
    scene.desk.requested()
    heard: list[bool] = []
    scene.worker.drain(on_end=lambda _job: heard.append(queue.is_listening))
    assert heard == [False]
