"""The contract of what a database knows about itself."""

from __future__ import annotations

from ticket_export.testing.stored_jobs.back_door import RACERS, BackDoor, D


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
