"""The contract of `TaskQueue`.

Inherit it in your adapter's tests::

    class TestMyQueue(TaskQueueContract[MyQueue]):
        @pytest.fixture
        def queue(self) -> MyQueue: ...
        def commit_task_behind(self, queue: MyQueue) -> BackgroundTask: ...
        def is_on_its_way_behind(self, queue: MyQueue, task: BackgroundTask) -> bool: ...
        def away_behind(self, queue: MyQueue) -> AbstractContextManager[None]: ...

A hint may be lost, so each test sends it again until it arrives. The tests of the optional abilities `SupportsWaiting`
and `SupportsListening` are skipped for a queue that lacks them, and that of a broker that is away if you do not
override `away_behind`. No test measures how soon a hint arrives: each waits for a minute at most.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier, Thread
from time import monotonic, sleep
from typing import Final, Generic, TypeVar

import attrs
import pytest

from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting, TaskQueue
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.testing.entities import NOW

Q = TypeVar("Q", bound=TaskQueue)

DISPATCHERS = 4
#: Seconds that a hint may take, and that a busy machine may add.
HINT_LIMIT: Final = 2.0
SLACK: Final = 2.0
# Seconds.
_PATIENCE = 60
# How often a hint is sent until it arrives, and the seconds between two of them.
_MOST_HINTS, _PAUSE = 20, 0.05


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
        """Return whether a hint of the task is where a worker finds it, or has arrived, seen without the adapter."""
        raise NotImplementedError

    def away_behind(self, queue: Q) -> AbstractContextManager[None]:
        """Return a block in which the broker to which the queue sends hints is away."""
        pytest.skip(f"the tests of {type(queue).__name__} do not override `away_behind`")

    def test_hint_that_is_sent_again_and_again_arrives(self, queue: Q) -> None:
        for _ in range(3):
            self._hint(queue, self.commit_task_behind(queue))

    def test_hint_may_be_sent_after_it_has_arrived(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        self._hint(queue, task)
        queue.dispatch(task)
        self._hint(queue, self.commit_task_behind(queue))

    def test_hints_may_be_sent_in_another_order_than_their_tasks(self, queue: Q) -> None:
        for task in reversed([self.commit_task_behind(queue) for _ in range(3)]):
            self._hint(queue, task)

    def test_dispatching_changes_nothing_of_the_task_it_is_given(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        before = attrs.evolve(task)
        queue.dispatch(task)
        assert task == before

    def test_hint_takes_two_seconds_at_most(self, queue: Q) -> None:
        task = self.commit_task_behind(queue)
        began_at = monotonic()
        queue.dispatch(task)
        assert monotonic() - began_at < HINT_LIMIT + SLACK

    @pytest.mark.parametrize("args", ["", "no JSON", "{}", '{"exportJobId": "of nobody"}'])
    def test_what_is_wrong_with_a_task_is_not_raised_and_keeps_no_other_from_its_way(self, queue: Q, args: str) -> None:
        queue.dispatch(BackgroundTask(name=TASK_NAME, args=args, creation_time=NOW))
        self._hint(queue, self.commit_task_behind(queue))

    def test_several_threads_may_dispatch_at_once(self, queue: Q) -> None:
        tasks = [self.commit_task_behind(queue) for _ in range(DISPATCHERS)]
        ready = Barrier(DISPATCHERS)

        def dispatch(task: BackgroundTask) -> None:
            ready.wait(_PATIENCE)
            self._hint(queue, task)

        with ThreadPoolExecutor(DISPATCHERS) as threads:
            list(threads.map(dispatch, tasks))

    def test_broker_that_is_away_is_no_error_and_costs_two_seconds_at_most(self, queue: Q) -> None:
        tasks = [self.commit_task_behind(queue) for _ in range(3)]
        with self.away_behind(queue):
            for task in tasks:
                began_at = monotonic()
                queue.dispatch(task)
                assert monotonic() - began_at < HINT_LIMIT + SLACK
        self._hint(queue, tasks[0], most=round(_PATIENCE / _PAUSE))

    # Optional abilities

    @pytest.mark.parametrize("timeout", [0, 0.01])
    def test_waiting_at_an_empty_queue_ends_and_says_that_there_is_nothing(self, queue: Q, timeout: float) -> None:
        assert self._waiting(queue)(timeout) is False

    def test_task_that_is_there_is_not_waited_for(self, queue: Q) -> None:
        wait = self._waiting(queue)
        self._hint(queue, self.commit_task_behind(queue))
        assert wait(_PATIENCE) is True

    def test_whoever_waits_is_told_of_a_task_that_is_dispatched_meanwhile(self, queue: Q) -> None:
        wait = self._waiting(queue)
        answers: list[bool] = []
        # Its first look finds nothing, so that the dispatch wakes it, or it looks again.
        waiting = Thread(target=lambda: answers.append(wait(_PATIENCE)), daemon=True)
        waiting.start()
        self._hint(queue, self.commit_task_behind(queue))
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
            self._hint(queue, task)
            if isinstance(queue, SupportsWaiting):
                assert queue.wait(_PATIENCE) is True

    def test_error_of_a_block_that_listens_comes_out_unchanged(self, queue: Q) -> None:
        listening, error = self._listening(queue), ValueError("the block's own")
        with pytest.raises(ValueError, match="the block's own") as caught, listening.listening():
            raise error
        assert caught.value is error

    def _hint(self, queue: Q, task: BackgroundTask, *, most: int = _MOST_HINTS) -> None:
        for _ in range(most):
            queue.dispatch(task)
            if self.is_on_its_way_behind(queue, task):
                return
            sleep(_PAUSE)
        raise AssertionError(f"{most} hints were sent, and none has arrived")

    def _waiting(self, queue: Q) -> Callable[[float], bool]:
        if not isinstance(queue, SupportsWaiting):
            pytest.skip(f"{type(queue).__name__} does not implement SupportsWaiting")
        return queue.wait

    def _listening(self, queue: Q) -> SupportsListening:
        if not isinstance(queue, SupportsListening):
            pytest.skip(f"{type(queue).__name__} does not implement SupportsListening")
        return queue
