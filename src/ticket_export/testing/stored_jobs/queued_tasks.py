"""The contract of a `BackgroundTaskRepository` as a queue: order, names, leases, and no task taken twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from uuid import UUID

import attrs
import pytest

from ticket_export.application.ports.background_task_repository import Backlog
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.errors import LeaseLostError
from ticket_export.testing.entities import NOW, a_task
from ticket_export.testing.stored_jobs.back_door import BackDoor, D

LEASE = timedelta(seconds=30)
A_MOMENT = timedelta(microseconds=1)
TASKS = 40
ENDED = (BackgroundTaskStatus.COMPLETE, BackgroundTaskStatus.ERROR)


def enqueued(name: str = "export", *, later: int = 0) -> BackgroundTask:
    """A task that was put into the queue at `NOW`, or that many moments later."""
    return BackgroundTask(name=name, creation_time=NOW + later * A_MOMENT)


def processing(name: str = "export", *, later: int = 0) -> BackgroundTask:
    """A task whose lease runs out at `NOW`, or that many moments later."""
    return attrs.evolve(a_task(), id=enqueued().id, name=name, leased_until=NOW + later * A_MOMENT)


class QueuedTasksContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def test_the_next_task_is_the_one_that_has_waited_longest_field_by_field(self, database: D) -> None:
        oldest = attrs.evolve(
            processing(), status=BackgroundTaskStatus.ENQUEUED, creation_time=NOW, leased_by=None, leased_until=None
        )
        others = (attrs.evolve(enqueued(later=n), share_key=oldest.share_key) for n in (2, 1, 3))
        self.put_tasks(database, *others, oldest)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.next_enqueued("export") == oldest

    def test_the_next_task_has_the_name_that_was_asked_for(self, database: D) -> None:
        mine = enqueued(later=1)
        self.put_tasks(database, enqueued("send-mail"), mine)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.next_enqueued("export") == mine
            assert unit_of_work.tasks.next_enqueued("Export") is None

    def test_an_empty_queue_has_no_next_task(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.next_enqueued("export") is None

    def test_tasks_that_have_waited_since_before_a_moment_are_found_oldest_first(self, database: D) -> None:
        old = [enqueued(later=later) for later in (3, 1, 2)]
        handed_back = attrs.evolve(enqueued(), last_modification_time=NOW + 4 * A_MOMENT)
        others = [enqueued("send-mail"), processing(later=9), attrs.evolve(processing(), creation_time=NOW)]
        self.put_tasks(database, *old, handed_back, enqueued(later=4), *others)

        def found(later: int, limit: int = 10) -> list[BackgroundTask]:
            with self.unit_of_work(database) as unit_of_work:
                before = NOW + later * A_MOMENT
                return list(unit_of_work.tasks.enqueued_before("export", before=before, limit=limit))

        assert found(4) == [old[1], old[2], old[0]]
        assert found(4, limit=2) == [old[1], old[2]]
        assert found(3) == [old[1], old[2]]
        assert handed_back in found(5)
        assert found(1) == []

    def test_only_an_enqueued_task_is_the_next_and_only_one_in_work_has_lapsed(self, database: D) -> None:
        tasks = {status: attrs.evolve(processing(), status=status) for status in BackgroundTaskStatus}
        self.put_tasks(database, *tasks.values())
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.next_enqueued("export") == tasks[BackgroundTaskStatus.ENQUEUED]
            lapsed = unit_of_work.tasks.lapsed("export", now=NOW, limit=10)
            assert list(lapsed) == [tasks[BackgroundTaskStatus.PROCESSING]]

    def test_a_claimed_task_is_not_the_next_one_any_more(self, database: D) -> None:
        first, second = enqueued(), enqueued(later=1)
        self.put_tasks(database, first, second)
        with self.unit_of_work(database) as unit_of_work:
            assert self._claim_next(unit_of_work, worker="one") == first.id
            assert self._claim_next(unit_of_work, worker="one") == second.id
            assert self._claim_next(unit_of_work, worker="one") is None
            unit_of_work.commit()
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.next_enqueued("export") is None

    def test_a_task_that_was_only_looked_at_stays_in_the_queue(self, database: D) -> None:
        task = enqueued()
        self.put_tasks(database, task)
        for _ in range(2):
            with self.unit_of_work(database) as unit_of_work:
                found = unit_of_work.tasks.next_enqueued("export")
                assert found == task
                # The found task is a copy: a change of it stores nothing.
                assert found is not None
                found.claim(NOW, worker="one", lease=LEASE)
                unit_of_work.commit()
        assert self.get_task_behind(database, task.id) == task

    @pytest.mark.parametrize(("later", "is_lapsed"), [(-1, True), (0, True), (1, False)])
    def test_a_lease_has_lapsed_from_the_very_moment_that_it_ends(
        self, database: D, later: int, is_lapsed: bool
    ) -> None:
        task = processing(later=later)
        self.put_tasks(database, task)
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.tasks.lapsed("export", now=NOW, limit=10)) == ([task] if is_lapsed else [])

    def test_lapsed_tasks_come_oldest_lease_first_and_no_more_than_the_limit(self, database: D) -> None:
        second, third, first = processing(later=-2), processing(later=-1), processing(later=-3)
        # It is in work without a lease, so it comes first.
        without_lease = attrs.evolve(processing(), leased_by=None, leased_until=None)
        self.put_tasks(database, second, third, first, without_lease, processing("send-mail", later=-9))
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.tasks.lapsed("export", now=NOW, limit=9)) == [without_lease, first, second, third]
            assert list(unit_of_work.tasks.lapsed("export", now=NOW, limit=2)) == [without_lease, first]

    def test_tasks_that_are_named_as_passed_over_are(self, database: D) -> None:
        first, second = enqueued(), enqueued(later=1)
        lapsed = [processing(later=-2), processing(later=-1)]
        self.put_tasks(database, first, second, *lapsed)
        with self.unit_of_work(database) as unit_of_work:
            tasks = unit_of_work.tasks
            assert tasks.next_enqueued("export", besides=[first.id]) == second
            assert tasks.next_enqueued("export", besides=[first.id, second.id]) is None
            assert list(tasks.lapsed("export", now=NOW, limit=1, besides=[lapsed[0].id])) == [lapsed[1]]

    def test_the_backlog_counts_the_tasks_of_a_name_that_have_not_ended(self, database: D) -> None:
        ended = [attrs.evolve(a_task(), name="export", status=status) for status in ENDED]
        others = [enqueued("send-mail", later=-9), processing("send-mail")]
        self.put_tasks(database, enqueued(later=2), enqueued(later=1), processing(later=-9), *ended, *others)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.backlog("export") == Backlog(waiting=2, running=1, oldest=NOW + A_MOMENT)
            assert unit_of_work.tasks.backlog("Export") == Backlog()

    def test_a_task_that_another_attempt_has_taken_is_not_updated(self, database: D) -> None:
        task, other = a_task(), a_task()
        self.put_tasks(database, task, other)
        with self.unit_of_work(database) as unit_of_work:
            with pytest.raises(LeaseLostError):
                unit_of_work.tasks.update(attrs.evolve(task, percent_complete=99), fencing_token=2)
            unit_of_work.tasks.update(attrs.evolve(other, percent_complete=99), fencing_token=3)
            unit_of_work.commit()
        assert self.get_task_behind(database, task.id) == task

    def test_one_of_many_that_claim_a_task_at_once_wins(self, database: D) -> None:
        task = enqueued()
        self.put_tasks(database, task)

        def claims(racer: int) -> str | None:
            mine = attrs.evolve(task)
            mine.claim(NOW, worker=str(racer), lease=LEASE)
            try:
                with self.unit_of_work(database) as unit_of_work:
                    unit_of_work.tasks.update(mine, fencing_token=0)
                    unit_of_work.commit()
            except LeaseLostError:
                return None
            return mine.leased_by

        winners = [worker for worker in self.race(claims) if worker is not None]
        stored = self.get_task_behind(database, task.id)
        assert stored is not None
        assert winners == [stored.leased_by]

    def test_many_workers_at_once_claim_every_task_once_and_are_never_refused(self, database: D) -> None:
        tasks = [enqueued(later=n) for n in range(TASKS)]
        self.put_tasks(database, *tasks)

        def works(racer: int) -> list[UUID]:
            claimed: list[UUID] = []
            while len(claimed) <= TASKS:
                with self.unit_of_work(database) as unit_of_work:
                    task_id = self._claim_next(unit_of_work, worker=str(racer))
                    unit_of_work.commit()
                if task_id is None:
                    break
                claimed.append(task_id)
            return claimed

        claims = self.race(works)
        assert sorted(chain(*claims)) == sorted(task.id for task in tasks)
        for racer, claimed in enumerate(claims):
            for task_id in claimed:
                stored = self.get_task_behind(database, task_id)
                assert stored is not None
                assert (stored.leased_by, stored.fencing_token) == (str(racer), 1)

    def test_many_that_recover_at_once_count_each_lapsed_lease_once(self, database: D) -> None:
        tasks = [processing(later=-n) for n in range(TASKS)]
        self.put_tasks(database, *tasks)

        def recovers(_racer: int) -> list[UUID]:
            recovered: list[UUID] = []
            while len(recovered) <= TASKS:
                with self.unit_of_work(database) as unit_of_work:
                    lapsed = unit_of_work.tasks.lapsed("export", now=NOW, limit=3)
                    for task in lapsed:
                        task.recover(NOW)
                        unit_of_work.tasks.update(task, fencing_token=task.fencing_token)
                    unit_of_work.commit()
                if not lapsed:
                    break
                recovered += [task.id for task in lapsed]
            return recovered

        assert sorted(chain(*self.race(recovers))) == sorted(task.id for task in tasks)
        for task in tasks:
            stored = self.get_task_behind(database, task.id)
            assert stored is not None
            assert (stored.status, stored.number_of_retries) == ("enqueued", task.number_of_retries + 1)

    def _claim_next(self, unit_of_work: UnitOfWork, *, worker: str) -> UUID | None:
        task = unit_of_work.tasks.next_enqueued("export")
        if task is None:
            return None
        token = task.claim(NOW, worker=worker, lease=LEASE)
        unit_of_work.tasks.update(task, fencing_token=token - 1)
        return task.id
