"""The contract of a `UnitOfWork` that records its changes in an audit log of the same database."""

from __future__ import annotations

import attrs
import pytest

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_task
from ticket_export.testing.stored_jobs.back_door import BackDoor, D


class AuditedChangesContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def test_an_entry_is_permanent_with_the_changes_and_not_before(self, database: D) -> None:
        entry, task = an_entry(self.user_key), a_task()
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            assert unit_of_work.audit(self.audit_log(database), entry)
            assert self._behind(database, task) == ([], None)
            unit_of_work.commit()
            assert self._behind(database, task) == ([entry], task)

    def test_an_entry_is_recorded_without_any_other_change(self, database: D) -> None:
        entry = an_entry(self.user_key)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.audit(self.audit_log(database), entry)
            unit_of_work.commit()
        assert self.get_entries_behind(database) == [entry]

    def test_an_entry_is_undone_with_changes_that_are_not_committed(self, database: D) -> None:
        task = a_task()
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.audit(self.audit_log(database), an_entry(self.user_key))
        assert self._behind(database, task) == ([], None)

    def test_an_entry_is_undone_by_an_exception(self, database: D) -> None:
        task = a_task()
        with pytest.raises(KeyError), self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.audit(self.audit_log(database), an_entry(self.user_key))
            raise KeyError
        assert self._behind(database, task) == ([], None)

    def test_an_entry_that_follows_a_commit_is_undone_alone(self, database: D) -> None:
        kept = an_entry(self.user_key)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.audit(self.audit_log(database), kept)
            unit_of_work.commit()
            unit_of_work.commit()
            unit_of_work.audit(self.audit_log(database), an_entry(self.user_key))
        assert self.get_entries_behind(database) == [kept]

    def test_what_is_recorded_twice_is_kept_twice(self, database: D) -> None:
        entry = an_entry(self.user_key)
        with self.unit_of_work(database) as unit_of_work:
            for _ in range(2):
                unit_of_work.audit(self.audit_log(database), entry)
            unit_of_work.commit()
        assert self.get_entries_behind(database) == [entry, entry]

    def test_a_log_that_is_kept_elsewhere_is_left_to_the_caller(self, database: D) -> None:
        elsewhere = _Elsewhere()
        with self.unit_of_work(database) as unit_of_work:
            assert not unit_of_work.audit(elsewhere, an_entry(self.user_key))
            unit_of_work.commit()
        assert elsewhere.entries == []
        assert self.get_entries_behind(database) == []

    def _behind(self, database: D, task: BackgroundTask) -> tuple[list[AuditEntry], BackgroundTask | None]:
        return list(self.get_entries_behind(database)), self.get_task_behind(database, task.id)


@attrs.define
class _Elsewhere(AuditLog):
    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)
