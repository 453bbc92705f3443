"""Nobody's small export waits behind another user's many, in whatever order requests, claims and losses come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.use_cases.help_desk import PERMITTED, HelpDesk
from ticket_export import Actor
from ticket_export.application.run.attempt import Attempt
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus

ACTIONS = ["request", "request", "claim", "claim", "end", "lose", "hand back"]
# Users, the last two of one tenant.
USERS = 5
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9)), max_size=80)


@attrs.define
class Arena:
    """Workers that claim and end exports, one step at a time."""

    workers: int
    limit: int = 0
    desk: HelpDesk = attrs.field(factory=HelpDesk)
    running: list[Attempt] = attrs.field(factory=list)
    #: By export that its user requested while none of that share was active: how often others have started since.
    behind: dict[UUID, Counter[str]] = attrs.field(factory=dict)
    actors: list[Actor] = attrs.field(init=False)
    views: count[int] = attrs.field(factory=count)

    def __attrs_post_init__(self) -> None:
        tenants = [{"tenant": "t"} if n >= USERS - 2 else {} for n in range(USERS)]
        self.actors = [Actor(user_id=uuid4(), permissions=PERMITTED, attributes=each) for each in tenants]
        self.desk.max_attempts = 99

    def request(self, number: int) -> UUID:
        actor = self.actors[number % USERS]
        key = self.desk.policy.share_key(actor)
        is_first = key not in {task.share_key for task in self.tasks if not task.has_ended}
        job_id = self.desk.requested(actor, number=next(self.views)).id
        if is_first:
            self.behind[job_id] = Counter()
        return job_id

    def claim(self) -> UUID | None:
        if len(self.running) == self.workers:
            return None
        waiting, before = self.waiting, self.running_by_share
        attempt = attrs.evolve(self.desk.claims, max_running_per_user=self.limit).claim_next()
        if attempt is None:
            busy = Counter(each.job.requester_user_id for each in self.running)
            owners = {
                job.requester_user_id for job in self.desk.database.committed.jobs.values() if job.status == "queued"
            }
            assert self.limit if owners else not waiting, "a worker is idle although an export waits"
            assert all(busy[owner] >= self.limit for owner in owners)
            return None
        self.running.append(attempt)
        share = self.desk.task(attempt.job.id).share_key or ""
        if not self.limit:
            assert before[share] == min(before[each] for each in waiting)
        self.behind.pop(attempt.job.id, None)
        for others in self.behind.values():
            others[share] += 1
        return attempt.job.id

    def end(self, action: str, number: int) -> None:
        if self.running:
            attempt = self.running.pop(number % len(self.running))
            match action:
                case "end":
                    attempt.fail("It has ended.")
                case "lose":
                    attempt.lose("It is lost.", max_attempts=99)
                case _:
                    attempt.hand_back()

    @property
    def tasks(self) -> Collection[BackgroundTask]:
        return self.desk.database.committed.tasks.values()

    @property
    def waiting(self) -> set[str]:
        return {task.share_key or "" for task in self.tasks if task.status is BackgroundTaskStatus.ENQUEUED}

    @property
    def running_by_share(self) -> Counter[str]:
        return Counter(self.desk.task(each.job.id).share_key or "" for each in self.running)

    def step(self, action: str, number: int) -> None:
        self.desk.clock.advance(timedelta(seconds=1))
        if action == "request":
            self.request(number)
        elif action == "claim":
            self.claim()
        else:
            self.end(action, number)


@given(workers=st.integers(1, 4), steps=STEPS)
def test_an_export_waits_behind_one_start_of_each_other_share_at_most(
    workers: int, steps: list[tuple[str, int]]
) -> None:
    arena = Arena(workers)
    for action, number in steps:
        arena.step(action, number)
        for others in arena.behind.values():
            assert max(others.values(), default=0) <= 1


@given(workers=st.integers(1, 4), limit=st.integers(1, 2), steps=STEPS)
def test_no_user_has_more_running_exports_than_the_limit_and_no_worker_idles_meanwhile(
    workers: int, limit: int, steps: list[tuple[str, int]]
) -> None:
    arena = Arena(workers, limit)
    for action, number in steps:
        arena.step(action, number)
        assert max(Counter(each.job.requester_user_id for each in arena.running).values(), default=0) <= limit


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_small_export_is_the_next_to_start_although_twenty_of_another_user_wait(workers: int) -> None:
    arena = Arena(workers)
    for _ in range(20):
        arena.step("request", 0)
    for _ in range(workers):
        arena.step("claim", 0)
    small = arena.request(1)
    arena.step("end", 0)
    assert arena.claim() == small


def test_users_of_one_tenant_share_one_turn() -> None:
    arena = Arena(workers=3)
    for _ in range(3):
        arena.step("request", USERS - 1)
    arena.step("claim", 0)
    of_tenant = arena.request(USERS - 2)
    other = arena.request(0)
    assert arena.claim() == other
    assert arena.claim() != of_tenant


def test_limit_counts_the_requester_and_not_the_tenant() -> None:
    arena = Arena(workers=3, limit=1)
    for _ in range(2):
        arena.step("request", USERS - 1)
    arena.step("claim", 0)
    assert arena.claim() is None
    of_tenant = arena.request(USERS - 2)
    assert arena.claim() == of_tenant
