"""The queue that does to hints what a broker may do."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ticket_export.domain.background_task import BackgroundTask
from ticket_export.testing.entities import NOW
from ticket_export.testing.memory import Fate, InMemoryTaskQueue, UnreliableTaskQueue


def tasks(count: int) -> list[BackgroundTask]:
    return [BackgroundTask(name="export", creation_time=NOW, status_info=str(number)) for number in range(count)]


def arrivals(seed: int, count: int, *, released: bool = True) -> list[str | None]:
    arrived = InMemoryTaskQueue()
    queue = UnreliableTaskQueue(arrived, Random(seed))
    for task in tasks(count):
        queue.dispatch(task)
    if released:
        queue.release()
    return [task.status_info for task in arrived.dispatched]


@given(st.integers(), st.integers(0, 40))
def test_every_hint_has_one_fate_and_each_fate_comes_once_in_four(seed: int, count: int) -> None:
    arrived = InMemoryTaskQueue()
    queue = UnreliableTaskQueue(arrived, Random(seed))
    sent = tasks(4 * count)
    for task in sent:
        queue.dispatch(task)
    queue.release()
    assert queue.fates == Counter({fate: count for fate in Fate if count})
    times = Counter(Counter(task.id for task in arrived.dispatched)[task.id] for task in sent)
    assert times == Counter({times: n for times, n in {0: count, 1: 2 * count, 2: count}.items() if n})


@given(st.integers(), st.integers(0, 40))
def test_same_seed_does_the_same_to_hints(seed: int, count: int) -> None:
    assert arrivals(seed, count) == arrivals(seed, count)


def test_hints_are_overtaken() -> None:
    orders = [arrivals(seed, 12, released=False) for seed in range(20)]
    assert any(order != sorted(order, key=lambda number: int(number or 0)) for order in orders)


def test_hint_that_is_held_arrives_when_it_is_released() -> None:
    held = {fate: arrivals(0, 40).count(None) for fate in Fate}
    assert set(held.values()) == {0}
    assert len(arrivals(0, 40)) == 40 >= len(arrivals(0, 40, released=False))
