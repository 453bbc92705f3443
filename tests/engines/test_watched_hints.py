"""The kit notices a queue that takes long for a hint, or that raises."""

from __future__ import annotations

from time import sleep

from ticket_export.ports import BackgroundTask, TaskQueue
from ticket_export.testing.engines.watched_hints import WatchedHints
from ticket_export.testing.entities import a_task
from ticket_export.testing.memory import InMemoryTaskQueue


class Slow(TaskQueue):
    def dispatch(self, task: BackgroundTask) -> None:
        sleep(0.05)


class Refused(TaskQueue):
    def dispatch(self, task: BackgroundTask) -> None:
        raise ConnectionRefusedError


def test_hint_is_passed() -> None:
    queue, task = InMemoryTaskQueue(), a_task()
    hints = WatchedHints(queue)
    hints.dispatch(task)
    assert (queue.dispatched, hints.errors) == ([task], [])


def test_longest_call_is_kept() -> None:
    hints = WatchedHints(Slow())
    hints.dispatch(a_task())
    assert hints.slowest >= 0.05


def test_error_is_kept_and_does_not_fail_the_request() -> None:
    hints = WatchedHints(Refused())
    hints.dispatch(a_task())
    assert [type(error) for error in hints.errors] == [ConnectionRefusedError]
