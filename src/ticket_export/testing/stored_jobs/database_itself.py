"""The contract of what a database knows about itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from ticket_export.testing.entities import NOW
from ticket_export.testing.stored_jobs.back_door import RACERS, BackDoor, D

MINUTE, A_MOMENT = timedelta(minutes=1), timedelta(microseconds=1)


class DatabaseItselfContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def marks(self, database: D) -> list[str]:
        with self.unit_of_work(database) as unit_of_work:
            return list(unit_of_work.database.marks())

    def test_a_database_is_the_same_in_every_transaction(self, database: D) -> None:
        with self.unit_of_work(database) as first:
            identity = first.database.identity()
        with self.unit_of_work(database) as second:
            assert second.database.identity() == identity

    def test_a_database_has_issued_no_mark_at_first(self, database: D) -> None:
        assert self.marks(database) == []

    def test_marks_are_stored_in_their_order_by_the_commit(self, database: D) -> None:
        for marks in (["2-b", "1-a"], ["3-c"], []):
            with self.unit_of_work(database) as unit_of_work:
                before = list(unit_of_work.database.marks(to_change=True))
                unit_of_work.database.set_marks(marks)
                assert list(unit_of_work.database.marks()) == marks
            assert self.marks(database) == before
            with self.unit_of_work(database) as unit_of_work:
                unit_of_work.database.marks(to_change=True)
                unit_of_work.database.set_marks(marks)
                unit_of_work.commit()
            assert self.marks(database) == marks

    def test_marks_that_many_change_at_once_are_all_stored(self, database: D) -> None:
        def issue(racer: int) -> None:
            with self.unit_of_work(database) as unit_of_work:
                marks = unit_of_work.database.marks(to_change=True)
                unit_of_work.database.set_marks([*marks, str(racer)])
                unit_of_work.commit()

        self.race(issue)
        assert sorted(self.marks(database)) == sorted(map(str, range(RACERS)))

    def begin(self, database: D, chore: str, now: datetime, *, interval: timedelta = MINUTE) -> timedelta:
        with self.unit_of_work(database) as unit_of_work:
            due_in = unit_of_work.database.begin_chore(chore, now=now, interval=interval)
            unit_of_work.commit()
        return due_in

    def test_a_chore_that_was_never_begun_is_due(self, database: D) -> None:
        assert self.begin(database, "sweep", NOW) == timedelta(0)
        assert self.begin(database, "purge", NOW) == timedelta(0)

    def test_a_chore_is_due_again_after_its_interval(self, database: D) -> None:
        self.begin(database, "sweep", NOW)
        assert self.begin(database, "sweep", NOW) == MINUTE
        assert self.begin(database, "sweep", NOW + MINUTE - A_MOMENT) == A_MOMENT
        assert self.begin(database, "sweep", NOW + MINUTE) == timedelta(0)
        assert self.begin(database, "sweep", NOW + MINUTE) == MINUTE

    def test_a_chore_without_an_interval_is_always_due(self, database: D) -> None:
        self.begin(database, "sweep", NOW)
        assert self.begin(database, "sweep", NOW, interval=timedelta(0)) == timedelta(0)
        # And it counts as begun for those who have one.
        assert self.begin(database, "sweep", NOW) == MINUTE

    def test_a_chore_that_was_begun_by_a_wrong_clock_in_the_future_is_due(self, database: D) -> None:
        self.begin(database, "sweep", NOW + timedelta(days=1))
        assert self.begin(database, "sweep", NOW) == timedelta(0)
        assert self.begin(database, "sweep", NOW) == MINUTE

    def test_a_chore_that_another_caller_has_just_begun_is_not_due_for_one_who_asked_a_moment_before(
        self, database: D
    ) -> None:
        # That caller waited for the other one's transaction, or has a clock that is a moment behind.
        self.begin(database, "sweep", NOW + A_MOMENT)
        assert self.begin(database, "sweep", NOW) == MINUTE
        assert self.begin(database, "sweep", NOW + A_MOMENT + MINUTE) == timedelta(0)

    def test_a_chore_that_was_begun_in_a_transaction_that_was_undone_is_due(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.database.begin_chore("sweep", now=NOW, interval=MINUTE)
        assert self.begin(database, "sweep", NOW) == timedelta(0)

    def test_marks_and_chores_do_not_overwrite_each_other(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.database.marks(to_change=True)
            unit_of_work.database.set_marks(["1-a"])
            unit_of_work.commit()
        self.begin(database, "sweep", NOW)
        self.begin(database, "purge", NOW)
        assert self.marks(database) == ["1-a"]
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.database.marks(to_change=True)
            unit_of_work.database.set_marks([])
            unit_of_work.commit()
        assert (self.begin(database, "sweep", NOW), self.begin(database, "purge", NOW)) == (MINUTE, MINUTE)

    def test_of_many_who_begin_a_chore_at_once_one_does(self, database: D) -> None:
        began: list[timedelta] = []
        self.race(lambda _racer: began.append(self.begin(database, "sweep", NOW)))
        assert sorted(began) == [timedelta(0), *([MINUTE] * (RACERS - 1))]
