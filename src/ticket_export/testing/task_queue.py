"""The contract of `TaskQueue`.

Inherit it in your adapter's tests::

    class TestMyQueue(TaskQueueContract[MyQueue]):
        @pytest.fixture
        def queue(self) -> MyQueue: ...
        def commit_task_behind(self, queue: MyQueue) -> BackgroundTask: ...
        def is_on_its_way_behind(self, queue: MyQueue, task: BackgroundTask) -> bool: ...

The tests of the optional abilities `SupportsWaiting` and `SupportsListening` are skipped for a queue that lacks them.
No test measures how soon: each waits for a minute at most.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Generic, TypeVar

import attrs
import pytest

from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting, TaskQueue
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.testing.entities import NOW

Q = TypeVar("Q", bound=TaskQueue)

DISPATCHERS = 4
#: Seconds.
_PATIENCE = 60


class TaskQueueContract(Generic[Q]):
    """The tests; override the fixture `queue` and its back door."""

    @pytest.fixture
    def queue(self) -> Q:
        """The adapter under test, with nothing in it."""
        raise NotImplementedError("override the fixture `queue`")

    def commit_task_behind(self, queue: Q) -> BackgroundTask:
        """Store one more enqueued task, with its export where the queue needs one, and do not tell the queue."""
        raise NotImplementedError

    def is_on_its_way_behind(self, queue: Q, task: BackgroundTask) -> bool:
        """Return whether the task has run, or is where a worker finds it, seen without the adapter."""
        raise NotImplementedError

    def test_dispatched_task_is_on_its_way(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        queue.dispatch(task)
        assert self.is_on_its_way_behind(queue, task)

    def test_every_one_of_several_tasks_is_on_its_way(self, queue: Q) -> None:
        tasks = [self.commit_task_behind(queue) for _ in range(3)]
        for task in reversed(tasks):
            queue.dispatch(task)
        assert [self.is_on_its_way_behind(queue, task) for task in tasks] == [True] * 3

    def test_task_that_is_dispatched_twice_is_on_its_way_all_the_same(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        queue.dispatch(task)
        queue.dispatch(task)
        assert self.is_on_its_way_behind(queue, task)

    def test_dispatching_changes_nothing_of_the_task_it_is_given(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        before = attrs.evolve(task)
        queue.dispatch(task)
        assert task == before

    @pytest.mark.parametrize("args", ["", "no JSON", "{}", '{"exportJobId": "of nobody"}'])
    def test_what_is_wrong_with_a_task_is_not_raised_and_keeps_no_other_from_its_way(self, queue: Q, args: str) -> None:
        queue.dispatch(BackgroundTask(name=TASK_NAME, args=args, creation_time=NOW))
        task = self.commit_task_behind(queue)
        queue.dispatch(task)
        assert self.is_on_its_way_behind(queue, task)

    def test_several_threads_may_dispatch_at_once(self, queue: Q) -> None:
        tasks = [self.commit_task_behind(queue) for _ in range(DISPATCHERS)]
        ready = Barrier(DISPATCHERS)

        def dispatch(task: BackgroundTask) -> None:
            ready.wait(_PATIENCE)
            queue.dispatch(task)

        with ThreadPoolExecutor(DISPATCHERS) as threads:
            list(threads.map(dispatch, tasks))
        assert [self.is_on_its_way_behind(queue, task) for task in tasks] == [True] * DISPATCHERS

    # Optional abilities

    @pytest.mark.parametrize("timeout", [0, 0.01])
    def test_waiting_at_an_empty_queue_ends_and_says_that_there_is_nothing(self, queue: Q, timeout: float) -> None:
        assert self._waiting(queue)(timeout) is False

    def test_task_that_is_there_is_not_waited_for(self, queue: Q) -> None:
        wait = self._waiting(queue)
        queue.dispatch(self.commit_task_behind(queue))
        assert wait(_PATIENCE) is True

    def test_whoever_waits_is_told_of_a_task_that_is_dispatched_meanwhile(self, queue: Q) -> None:
        wait = self._waiting(queue)
        answers: list[bool] = []
        # Its first look finds nothing, so that the dispatch wakes it, or it looks again.
        waiting = Thread(target=lambda: answers.append(wait(_PATIENCE)), daemon=True)
        waiting.start()
        queue.dispatch(self.commit_task_behind(queue))
        waiting.join(_PATIENCE)
        assert answers == [True]

    def test_listening_can_begin_anew_and_waiting_goes_on_in_it(self, queue: Q) -> None:
        listening = self._listening(queue)
        for _ in range(2):
            with listening.listening():
                if isinstance(queue, SupportsWaiting):
                    assert queue.wait(0.01) is False
        task = self.commit_task_behind(queue)
        with listening.listening():
            queue.dispatch(task)
            if isinstance(queue, SupportsWaiting):
                assert queue.wait(_PATIENCE) is True
        assert self.is_on_its_way_behind(queue, task)

    def test_error_of_a_block_that_listens_comes_out_unchanged(self, queue: Q) -> None:
        listening, error = self._listening(queue), ValueError("the block's own")
        with pytest.raises(ValueError, match="the block's own") as caught, listening.listening():
            raise error
        assert caught.value is error

    def _waiting(self, queue: Q) -> Callable[[float], bool]:
        if not isinstance(queue, SupportsWaiting):
            pytest.skip(f"{type(queue).__name__} does not implement SupportsWaiting")
        return queue.wait

    def _listening(self, queue: Q) -> SupportsListening:
        if not isinstance(queue, SupportsListening):
            pytest.skip(f"{type(queue).__name__} does not implement SupportsListening")
        return queue
