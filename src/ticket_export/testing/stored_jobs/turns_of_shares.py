"""The contract of `BackgroundTaskRepository.next_enqueued`: whose turn it is, and who must wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from threading import Event, Thread
from uuid import UUID

import attrs
import pytest

from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.testing.entities import NOW, a_job, a_task, a_user
from ticket_export.testing.stored_jobs.back_door import BackDoor, D

_A_MOMENT = timedelta(microseconds=1)
_LEASE = timedelta(seconds=30)
_TASKS = 60
# Seconds.
_LONG, _LONGEST = 0.2, 60.0


def waiting(share_key: str | None, *, later: int = 0, name: str = "export") -> BackgroundTask:
    """A task of that share that was put into the queue at `NOW`, or that many moments later."""
    return BackgroundTask(name=name, share_key=share_key, creation_time=NOW + later * _A_MOMENT)


def running(share_key: str | None, *, name: str = "export") -> BackgroundTask:
    """A task of that share that is being processed, and was started at `NOW`."""
    return attrs.evolve(a_task(), id=waiting(None).id, name=name, share_key=share_key, started_at=NOW)


def ended(share_key: str | None, *, started: int, name: str = "export") -> BackgroundTask:
    """A task of that share that was started so many moments after `NOW`, and is done."""
    done = BackgroundTaskStatus.COMPLETE
    return attrs.evolve(running(share_key, name=name), status=done, started_at=NOW + started * _A_MOMENT)


class TurnsOfSharesContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def test_the_share_with_the_fewest_running_tasks_is_next(self, database: D) -> None:
        turn = waiting("a", later=9)
        self.put_tasks(database, waiting("b"), running("b"), running("b"), running("a"), turn)
        assert self._next(database) == turn

    def test_among_shares_that_run_as_many_the_one_that_started_longest_ago_is_next(self, database: D) -> None:
        turn = waiting("a", later=9)
        self.put_tasks(
            database, waiting("b"), ended("b", started=2), ended("a", started=1), ended("a", started=0), turn
        )
        assert self._next(database) == turn

    @pytest.mark.parametrize("new", ["a", None])
    @pytest.mark.parametrize("served", ["b", None])
    def test_a_share_that_has_never_started_one_comes_before_the_others(
        self, database: D, new: str | None, served: str | None
    ) -> None:
        turn = waiting(new, later=9)
        self.put_tasks(database, waiting(served), ended(served, started=-9), turn)
        # Tasks without a key are one share.
        assert (self._next(database) == turn) is bool(new or served)

    def test_among_new_shares_the_oldest_task_is_next_and_within_a_share_too(self, database: D) -> None:
        tasks = [waiting("b", later=2), waiting("a", later=1), waiting("b"), waiting(None, later=3)]
        self.put_tasks(database, *tasks)
        assert self._next(database) == tasks[2]

    def test_tasks_of_another_name_count_for_no_share(self, database: D) -> None:
        turn, other = waiting("a"), "send-mail"
        self.put_tasks(database, running("a", name=other), ended("a", started=9, name=other), running("b"))
        self.put_tasks(database, waiting("b", later=-9), ended("b", started=0), turn, waiting("c", later=1))
        assert self._next(database) == turn

    def test_a_share_of_which_every_task_is_passed_over_leaves_its_turn_to_the_next(self, database: D) -> None:
        first, second, turn = waiting("a"), waiting("a", later=1), waiting("b", later=2)
        self.put_tasks(database, first, second, turn, running("b"))
        assert self._next(database, besides=[first.id, second.id]) == turn
        assert self._next(database, besides=[first.id, second.id, turn.id]) is None

    def test_shares_take_turns_and_each_one_in_the_order_of_its_tasks(self, database: D) -> None:
        greedy = [waiting("a", later=n) for n in range(4)]
        others = [waiting("b", later=7), waiting(None, later=8), waiting("b", later=9)]
        self.put_tasks(database, *greedy, *others)
        expected = [greedy[0], others[0], others[1], greedy[1], others[2], greedy[2], greedy[3]]
        assert self._order(database) == [task.id for task in expected]

    def test_a_start_by_a_clock_that_was_wrong_does_not_cost_a_share_its_turns(self, database: D) -> None:
        wrong = attrs.evolve(ended("a", started=0), started_at=NOW + timedelta(days=3650))
        turn, other = waiting("a", later=1), waiting("b")
        self.put_tasks(database, turn, other, wrong, ended("b", started=0))
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.tasks.next_enqueued("export", started_before=NOW + timedelta(days=1))
        assert found == turn

    @pytest.mark.parametrize("seed", range(5))
    def test_any_tasks_come_in_the_order_of_the_rule(self, database: D, seed: int) -> None:
        tasks = list(_any_tasks(Random(seed)))  # noqa: S311 - no secret
        self.put_tasks(database, *tasks)
        found = []
        while (turn := _by_the_rule(tasks)) is not None:
            with self.unit_of_work(database) as unit_of_work:
                task = unit_of_work.tasks.next_enqueued("export")
                assert task is not None
                assert (task.share_key or "") == (turn.share_key or "")
                assert task.creation_time == turn.creation_time
                found.append(task.id)
                _claim(unit_of_work, task, later=len(found))
                unit_of_work.commit()
            tasks = [task if each.id == task.id else each for each in tasks]
        assert self._next(database) is None

    def test_one_transaction_at_a_time_chooses(self, database: D) -> None:
        self.put_tasks(database, waiting("a"), waiting("a", later=1), waiting("b", later=2))
        chosen: list[str | None] = []
        has_begun = Event()

        def chooses() -> None:
            has_begun.set()
            with self.unit_of_work(database) as unit_of_work:
                task = unit_of_work.tasks.next_enqueued("export")
                chosen.append(task.share_key if task else None)

        other = Thread(target=chooses, daemon=True)
        with self.unit_of_work(database) as unit_of_work:
            task = unit_of_work.tasks.next_enqueued("export")
            assert task is not None
            other.start()
            assert has_begun.wait(_LONGEST)
            other.join(_LONG)
            assert chosen == []
            _claim(unit_of_work, task, later=0)
            unit_of_work.commit()
        other.join(_LONGEST)
        # It has seen the claim.
        assert (task.share_key, chosen) == ("a", ["b"])

    def test_users_with_as_many_running_exports_as_they_may_wait_and_others_do_not(
        self, database: D, requester: User
    ) -> None:
        other = a_user(self.user_key)
        self.put_user_behind(database, other)
        mine, theirs = [waiting("tenant", later=n) for n in range(2)], waiting("tenant", later=9)
        active = [running("tenant"), running("tenant")]
        self._put_exports(database, requester, [*mine, *active])
        self._put_exports(database, other, [theirs])
        assert self._next(database, limit=3) == mine[0]
        assert self._next(database, limit=2) == theirs
        assert self._next(database, limit=1, besides=[theirs.id]) is None
        assert self._next(database) == mine[0]

    def test_only_exports_that_run_with_tasks_of_that_name_count_for_the_limit(
        self, database: D, requester: User
    ) -> None:
        turn = waiting("a")
        self._put_exports(database, requester, [turn, waiting("a", later=1), ended("a", started=0)])
        self._put_exports(database, requester, [running("a", name="send-mail")])
        assert self._next(database, limit=1) == turn

    def test_a_task_whose_export_has_ended_without_it_does_not_wait_for_the_limit(
        self, database: D, requester: User
    ) -> None:
        left = waiting("a")
        self._put_exports(database, requester, [running("a")])
        self.put_tasks(database, left)
        self.put_jobs(database, a_job(requester, status=ExportJobStatus.FAILED, background_task_id=left.id))
        assert self._next(database, limit=1) == left

    def _put_exports(self, database: D, requester: User, tasks: Sequence[BackgroundTask]) -> None:
        status = {
            BackgroundTaskStatus.ENQUEUED: ExportJobStatus.QUEUED,
            BackgroundTaskStatus.PROCESSING: ExportJobStatus.RUNNING,
            BackgroundTaskStatus.COMPLETE: ExportJobStatus.COMPLETED,
        }
        self.put_tasks(database, *tasks)
        jobs = (a_job(requester, status=status[task.status], background_task_id=task.id) for task in tasks)
        self.put_jobs(database, *jobs)

    def _next(self, database: D, *, besides: Sequence[UUID] = (), limit: int = 0) -> BackgroundTask | None:
        with self.unit_of_work(database) as unit_of_work:
            return unit_of_work.tasks.next_enqueued("export", besides=besides, max_running_per_user=limit)

    def _order(self, database: D) -> list[UUID]:
        """Claim and complete one task after the other."""
        order: list[UUID] = []
        while True:
            with self.unit_of_work(database) as unit_of_work:
                task = unit_of_work.tasks.next_enqueued("export")
                if task is None:
                    return order
                order.append(task.id)
                _claim(unit_of_work, task, later=len(order))
                task.complete(NOW)
                unit_of_work.tasks.update(task, fencing_token=task.fencing_token)
                unit_of_work.commit()


def _claim(unit_of_work: UnitOfWork, task: BackgroundTask, *, later: int) -> None:
    token = task.claim(NOW + later * _A_MOMENT, worker="one", lease=_LEASE)
    unit_of_work.tasks.update(task, fencing_token=token - 1)


def _any_tasks(random: Random) -> Sequence[BackgroundTask]:
    moments = list(range(-_TASKS, 0))
    random.shuffle(moments)
    made = []
    for moment in moments:
        share = random.choice([None, "a", "b", "c ☃", "d"])
        new = attrs.evolve(waiting(share, later=moment), started_at=None)
        done, again = ended(share, started=moment), attrs.evolve(new, started_at=NOW + moment * _A_MOMENT)
        made.append(random.choice([new, new, again, running(share), done]))
    return made


def _by_the_rule(tasks: Sequence[BackgroundTask]) -> BackgroundTask | None:
    """The next task, written down as the port says it."""
    shares: dict[str, list[BackgroundTask]] = {}
    for task in tasks:
        shares.setdefault(task.share_key or "", []).append(task)
    turns = []
    for of_share in shares.values():
        enqueued = [task for task in of_share if task.status is BackgroundTaskStatus.ENQUEUED]
        starts = [task.started_at for task in of_share if task.started_at is not None]
        if enqueued:
            oldest = min(enqueued, key=lambda task: task.creation_time)
            processing = sum(task.status is BackgroundTaskStatus.PROCESSING for task in of_share)
            last_start = max(starts) if starts else NOW - timedelta(days=1)
            turns.append((processing, last_start, oldest.creation_time, oldest))
    return min(turns, key=lambda turn: turn[:3])[3] if turns else None
