"""The contract of a `UnitOfWork` for the keys of users: each key is one user, and comes back as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import NOW, a_completed_job, a_job, a_media_item, a_task, a_user, a_user_id
from ticket_export.testing.stored_jobs.back_door import BackDoor, D, ids_of

#: Keys of different users that some comparison takes for the same.
ALIKE: Final[dict[UserKeyType, tuple[UserId, ...]]] = {
    UUID: (UUID(int=0), UUID(int=7), UUID(int=7 << 64), UUID(int=2**128 - 1)),
    int: (0, 7, -7, 70, 2**31, -(2**63), 2**63 - 1),
    str: (
        *("7", "07", " 7", "7 ", "7.0", "\uff17", "", " ", "%", "_", "'", "\\", "NULL"),
        *("ann", "Ann", "ANN", "stra\xdfe", "strasse", "\xe9", "e\u0301", "I", "\u0131", str(UUID(int=7))),
        *("a\tb", "a\nb", "\U0001f3ab" * 500, "\U0001f3ab" * 499),
    ),
}


class UserKeysContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`; alone, it suffices for another type of keys in a database that keeps the rest."""

    def test_users_whose_keys_are_alike_are_different_users(self, database: D) -> None:
        users = [attrs.evolve(a_user(self.user_key), id=user_id) for user_id in ALIKE[self.user_key]]
        tasks = [a_task() for _ in users]
        jobs = [a_job(user, background_task_id=task.id) for user, task in zip(users, tasks, strict=True)]
        for user in users:
            self.put_user_behind(database, user)
        with self.unit_of_work(database) as unit_of_work:
            for task, job in zip(tasks, jobs, strict=True):
                unit_of_work.tasks.add(task)
                unit_of_work.jobs.add(job)
            unit_of_work.commit()
        with self.unit_of_work(database) as unit_of_work:
            for user, job in zip(users, jobs, strict=True):
                found, total = unit_of_work.jobs.page(requester_ids=[user.id], offset=0, limit=10)
                assert (list(found), total) == ([job], 1)
                assert list(unit_of_work.jobs.active_of(user.id)) == [job]
                assert found[0].requester == self.in_table(user)
                assert type(found[0].requester_user_id) is type(user.id)
            every = [user.id for user in users]
            found, total = unit_of_work.jobs.page(requester_ids=every, offset=0, limit=100)
        assert (ids_of(found), total) == (ids_of(jobs), len(jobs))

    def test_every_key_of_a_job_and_its_file_comes_back_as_it_was(self, database: D, requester: User) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        job = a_completed_job(requester, media_item, task)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.media_items.add(media_item)
            unit_of_work.jobs.add(job)
            unit_of_work.commit()
        assert self.get_job_behind(database, job.id) == job
        assert self.get_media_item_behind(database, media_item.id) == media_item
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.find(job.id)
        assert found == job
        assert found is not None
        assert (found.requester, found.media_item) == (self.in_table(requester), media_item)

    def test_the_user_who_has_changed_a_job_is_stored(self, database: D, requester: User) -> None:
        job, by = a_job(requester), a_user_id(self.user_key)
        self.put_job_behind(database, job)
        cancelled = attrs.evolve(job)
        cancelled.cancel(NOW + timedelta(seconds=1), by=by)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.update(cancelled, was=ExportJobStatus.QUEUED)
            unit_of_work.commit()
        stored = self.get_job_behind(database, job.id)
        assert stored == cancelled
        assert stored is not None
        assert stored.last_modifier_user_id == by

    def test_every_key_of_an_audit_entry_comes_back_as_it_was(self, database: D) -> None:
        users = [*ALIKE[self.user_key], None]
        with self.unit_of_work(database) as unit_of_work:
            for user_id in users:
                unit_of_work.audit(self.audit_log(database), attrs.evolve(an_entry(), actor_id=user_id))
            unit_of_work.commit()
        kept = [entry.actor_id for entry in self.get_entries_behind(database)]
        assert sorted(map(repr, kept)) == sorted(map(repr, users))
