"""The contract of `UnitOfWork`, with its three repositories and its part of the audit log.

Inherit it in your adapter's tests::

    class TestMyUnitOfWork(UnitOfWorkContract[MyDatabase]):
        @pytest.fixture
        def database(self) -> MyDatabase: ...
        def unit_of_work(self, database: MyDatabase) -> UnitOfWork: ...
        def put_user_behind(self, database: MyDatabase, user: User) -> None: ...
        ...

`BackDoor` lists the methods to override. The tests of the queue and its turns, of lists of jobs and of the audit log
are in files of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import attrs
import pytest

from ticket_export.application.ports.supports_reading import SupportsReading
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.errors import LeaseLostError
from ticket_export.testing.entities import NOW, a_completed_job, a_job, a_media_item, a_task
from ticket_export.testing.stored_jobs.audited_changes import AuditedChangesContract
from ticket_export.testing.stored_jobs.back_door import D
from ticket_export.testing.stored_jobs.database_itself import DatabaseItselfContract
from ticket_export.testing.stored_jobs.listed_jobs import ListedJobsContract
from ticket_export.testing.stored_jobs.queued_tasks import QueuedTasksContract
from ticket_export.testing.stored_jobs.removed_rows import RemovedRowsContract
from ticket_export.testing.stored_jobs.turns_of_shares import TurnsOfSharesContract
from ticket_export.testing.stored_jobs.user_keys import UserKeysContract


class UnitOfWorkContract(
    QueuedTasksContract[D],
    TurnsOfSharesContract[D],
    ListedJobsContract[D],
    RemovedRowsContract[D],
    AuditedChangesContract[D],
    UserKeysContract[D],
    DatabaseItselfContract[D],
):
    """The tests; override the fixture `database` and the ten methods of `BackDoor`."""

    def test_an_added_task_is_stored_field_by_field(self, database: D) -> None:
        task = a_task()
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.commit()
        assert self.get_task_behind(database, task.id) == task

    def test_a_task_is_found_field_by_field(self, database: D) -> None:
        task, plain = a_task(), BackgroundTask(name="export", creation_time=NOW)
        self.put_task_behind(database, task)
        self.put_task_behind(database, plain)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.find(task.id) == task
            assert unit_of_work.tasks.find(plain.id) == plain

    def test_an_added_media_item_is_stored_field_by_field(self, database: D) -> None:
        media_item = a_media_item(self.user_key)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.media_items.add(media_item)
            unit_of_work.commit()
        assert self.get_media_item_behind(database, media_item.id) == media_item

    def test_a_media_item_is_found_field_by_field(self, database: D) -> None:
        media_item = a_media_item(self.user_key)
        self.put_media_item_behind(database, media_item)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.media_items.find(media_item.id) == media_item

    def test_an_added_job_is_stored_field_by_field(self, database: D, requester: User) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        plain, completed = a_job(requester), a_completed_job(requester, media_item, task)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.media_items.add(media_item)
            unit_of_work.jobs.add(plain)
            unit_of_work.jobs.add(completed)
            unit_of_work.commit()
        assert self.get_job_behind(database, plain.id) == plain
        assert self.get_job_behind(database, completed.id) == completed

    def test_a_job_is_found_field_by_field_with_the_three_it_points_at(self, database: D, requester: User) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        self.put_media_item_behind(database, media_item)
        self.put_task_behind(database, task)
        job = a_completed_job(requester, media_item, task)
        self.put_job_behind(database, job)
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.find(job.id)
        assert found == job
        assert found is not None
        assert (found.requester, found.media_item, found.background_task) == (
            self.in_table(requester),
            media_item,
            task,
        )

    def test_a_block_that_only_reads_finds_what_is_stored_beside_a_writer(
        self, database: D, stored_job: ExportJob
    ) -> None:
        unit_of_work = self.unit_of_work(database)
        if not isinstance(unit_of_work, SupportsReading):
            pytest.skip(f"{type(unit_of_work).__name__} does not implement SupportsReading")
        with self.unit_of_work(database) as writer:
            writer.jobs.update(attrs.evolve(stored_job, row_count=7), was=stored_job.status)
            # A wait would never end, since the writer is in this thread.
            with unit_of_work.reading() as reader:
                assert reader.jobs.find(stored_job.id) == stored_job

    def test_a_job_without_file_and_task_is_found_with_its_requester_alone(
        self, database: D, requester: User, stored_job: ExportJob
    ) -> None:
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.find(stored_job.id)
        assert found == stored_job
        assert found is not None
        assert (found.requester, found.media_item, found.background_task) == (self.in_table(requester), None, None)

    @pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
    def test_every_status_is_stored_and_found(self, database: D, requester: User, status: ExportJobStatus) -> None:
        job = a_job(requester, status=status)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.add(job)
            unit_of_work.commit()
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.find(job.id) == job
        assert self.get_job_behind(database, job.id) == job

    # In the hours that clocks skip or show twice, in Berlin and in New York, whichever zone the database is in.
    @pytest.mark.parametrize(
        "moment",
        [
            datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
            datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
            datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=UTC),
            datetime(2025, 11, 2, 5, 30, tzinfo=UTC),
            datetime(2025, 11, 2, 6, 30, 0, 999_999, tzinfo=UTC),
            datetime(2026, 3, 8, 2, 30, tzinfo=UTC),
        ],
        ids=str,
    )
    def test_a_moment_comes_back_as_the_same_instant_in_utc(self, database: D, moment: datetime) -> None:
        task = attrs.evolve(a_task(), creation_time=moment, leased_until=moment)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.commit()
        assert self.get_task_behind(database, task.id) == task
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.tasks.find(task.id)
            assert found == task
            assert found.creation_time.utcoffset() == timedelta(0)
            just_before = moment - timedelta(microseconds=1)
            assert unit_of_work.tasks.lapsed(task.name, now=just_before, limit=1) == []
            assert unit_of_work.tasks.lapsed(task.name, now=moment, limit=1) == [task]

    def test_what_was_never_stored_is_not_found(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.find(uuid4()) is None
            assert unit_of_work.media_items.find(uuid4()) is None
            assert unit_of_work.tasks.find(uuid4()) is None

    @pytest.mark.parametrize("reference", ["media_item_id", "background_task_id"])
    def test_a_job_that_points_at_what_is_not_stored_is_refused(
        self, database: D, requester: User, reference: str
    ) -> None:
        job = a_job(requester)
        setattr(job, reference, uuid4())
        # Which error it is depends on the database: it is a mistake in the program, not an answer.
        with pytest.raises(Exception, match=r"(?i)foreign key|not stored"), self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.add(job)
            unit_of_work.commit()
        assert self.get_job_behind(database, job.id) is None

    def test_an_id_that_is_taken_is_refused(self, database: D, stored_job: ExportJob) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        self.put_media_item_behind(database, media_item)
        self.put_task_behind(database, task)
        taken = r"(?i)unique|stored already"
        with self.unit_of_work(database) as unit_of_work, pytest.raises(Exception, match=taken):
            unit_of_work.jobs.add(attrs.evolve(stored_job, row_count=7))
        with self.unit_of_work(database) as unit_of_work, pytest.raises(Exception, match=taken):
            unit_of_work.media_items.add(attrs.evolve(media_item, length=7))
        with self.unit_of_work(database) as unit_of_work, pytest.raises(Exception, match=taken):
            unit_of_work.tasks.add(attrs.evolve(task, percent_complete=7))
        assert self.get_job_behind(database, stored_job.id) == stored_job
        assert self.get_media_item_behind(database, media_item.id) == media_item
        assert self.get_task_behind(database, task.id) == task

    def test_an_updated_job_is_stored_field_by_field(self, database: D, requester: User, stored_job: ExportJob) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        changed = attrs.evolve(a_completed_job(requester, media_item, task), id=stored_job.id)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.media_items.add(media_item)
            unit_of_work.tasks.add(task)
            unit_of_work.jobs.update(changed, was=ExportJobStatus.QUEUED)
            unit_of_work.commit()
        assert self.get_job_behind(database, stored_job.id) == changed

    def test_an_update_changes_no_other_job(self, database: D, requester: User, stored_job: ExportJob) -> None:
        other = a_job(requester)
        self.put_job_behind(database, other)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.update(attrs.evolve(stored_job, row_count=7), was=ExportJobStatus.QUEUED)
            unit_of_work.commit()
        assert self.get_job_behind(database, other.id) == other

    def test_a_job_that_has_moved_on_is_not_updated(self, database: D, stored_job: ExportJob) -> None:
        late = attrs.evolve(stored_job, status=ExportJobStatus.COMPLETED, row_count=7)
        with self.unit_of_work(database) as unit_of_work:
            with pytest.raises(LeaseLostError):
                unit_of_work.jobs.update(late, was=ExportJobStatus.RUNNING)
            unit_of_work.commit()
        assert self.get_job_behind(database, stored_job.id) == stored_job

    @pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
    def test_a_job_that_is_cleaned_up_is_not_updated(
        self, database: D, requester: User, status: ExportJobStatus
    ) -> None:
        cleaned_up = attrs.evolve(a_job(requester, status=status), is_cleaned_up=True)
        self.put_job_behind(database, cleaned_up)
        with self.unit_of_work(database) as unit_of_work:
            for late in (attrs.evolve(cleaned_up, row_count=7), attrs.evolve(cleaned_up, is_cleaned_up=False)):
                with pytest.raises(LeaseLostError):
                    unit_of_work.jobs.update(late, was=status)
            unit_of_work.commit()
        assert self.get_job_behind(database, cleaned_up.id) == cleaned_up

    def test_a_job_that_is_not_there_is_not_updated(self, database: D, requester: User) -> None:
        with self.unit_of_work(database) as unit_of_work, pytest.raises(LeaseLostError):
            unit_of_work.jobs.update(a_job(requester), was=ExportJobStatus.QUEUED)

    def test_an_updated_task_is_stored_field_by_field(self, database: D) -> None:
        plain = BackgroundTask(name="export", creation_time=NOW)
        self.put_task_behind(database, plain)
        changed = attrs.evolve(a_task(), id=plain.id)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.update(changed, fencing_token=0)
            unit_of_work.commit()
        assert self.get_task_behind(database, plain.id) == changed

    def test_a_task_that_is_not_there_is_not_updated(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work, pytest.raises(LeaseLostError):
            unit_of_work.tasks.update(a_task(), fencing_token=3)

    def test_a_job_whose_media_item_is_removed_points_at_nothing(self, database: D, requester: User) -> None:
        media_item, kept, task = a_media_item(self.user_key), a_media_item(self.user_key), a_task()
        self.put_media_item_behind(database, media_item)
        self.put_media_item_behind(database, kept)
        self.put_task_behind(database, task)
        job, other = a_completed_job(requester, media_item, task), a_completed_job(requester, kept, task)
        self.put_job_behind(database, job)
        self.put_job_behind(database, other)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.media_items.remove(media_item.id)
            unit_of_work.commit()
        assert self.get_media_item_behind(database, media_item.id) is None
        assert self.get_job_behind(database, job.id) == attrs.evolve(job, media_item_id=None)
        assert self.get_media_item_behind(database, kept.id) == kept
        assert self.get_job_behind(database, other.id) == other

    def test_removing_an_absent_media_item_is_fine(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            assert not unit_of_work.media_items.remove(uuid4())
            unit_of_work.commit()

    def test_what_was_not_committed_is_undone(self, database: D, requester: User, stored_job: ExportJob) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        self.put_media_item_behind(database, media_item)
        self.put_task_behind(database, task)
        self._change_everything(database, requester, stored_job, media_item, task)
        assert self.get_job_behind(database, stored_job.id) == stored_job
        assert self.get_media_item_behind(database, media_item.id) == media_item
        assert self.get_task_behind(database, task.id) == task

    def test_an_exception_undoes_everything(self, database: D, stored_job: ExportJob) -> None:
        task = a_task()
        with pytest.raises(KeyError), self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.jobs.update(attrs.evolve(stored_job, row_count=7), was=ExportJobStatus.QUEUED)
            raise KeyError
        assert self.get_task_behind(database, task.id) is None
        assert self.get_job_behind(database, stored_job.id) == stored_job

    def test_what_follows_a_commit_is_undone_alone(self, database: D) -> None:
        first, second = a_task(), a_task()
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(first)
            unit_of_work.commit()
            unit_of_work.tasks.add(second)
        assert self.get_task_behind(database, first.id) == first
        assert self.get_task_behind(database, second.id) is None

    def test_changes_are_seen_inside_at_once_and_outside_after_the_commit(self, database: D) -> None:
        task = a_task()
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            assert unit_of_work.tasks.find(task.id) == task
            assert self.get_task_behind(database, task.id) is None
            unit_of_work.commit()
            assert self.get_task_behind(database, task.id) == task

    def test_changing_an_entity_stores_nothing_by_itself(
        self, database: D, requester: User, stored_job: ExportJob
    ) -> None:
        job, media_item, task = a_job(requester), a_media_item(self.user_key), a_task()
        as_added = attrs.evolve(job), attrs.evolve(media_item), attrs.evolve(task)
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.find(stored_job.id)
            assert found is not None
            found.row_count = 7
            unit_of_work.jobs.add(job)
            unit_of_work.media_items.add(media_item)
            unit_of_work.tasks.add(task)
            job.row_count = media_item.length = task.percent_complete = 7
            unit_of_work.commit()
        assert self.get_job_behind(database, stored_job.id) == stored_job
        assert (
            self.get_job_behind(database, job.id),
            self.get_media_item_behind(database, media_item.id),
            self.get_task_behind(database, task.id),
        ) == as_added

    def test_changing_what_a_job_points_at_stores_nothing_by_itself(self, database: D, requester: User) -> None:
        media_item, task = a_media_item(self.user_key), a_task()
        job = a_completed_job(requester, media_item, task)
        self.put_media_item_behind(database, media_item)
        self.put_task_behind(database, task)
        self.put_job_behind(database, job)
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.find(job.id)
            assert found is not None
            assert found.media_item is not None
            assert found.background_task is not None
            found.media_item.length = found.background_task.percent_complete = 7
            unit_of_work.commit()
        assert self.get_media_item_behind(database, media_item.id) == media_item
        assert self.get_task_behind(database, task.id) == task

    def test_after_commit_actions_run_in_order_once_the_changes_are_permanent(self, database: D) -> None:
        task = a_task()
        seen: list[tuple[str, BackgroundTask | None]] = []
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.after_commit(lambda: seen.append(("first", self.get_task_behind(database, task.id))))
            unit_of_work.after_commit(lambda: seen.append(("second", self.get_task_behind(database, task.id))))
            unit_of_work.tasks.add(task)
            assert seen == []
            unit_of_work.commit()
            unit_of_work.commit()
        assert seen == [("first", task), ("second", task)]

    def test_an_after_commit_action_can_do_work_of_its_own(self, database: D) -> None:
        task = a_task()

        def finish() -> None:
            with self.unit_of_work(database) as another:
                another.tasks.update(attrs.evolve(task, percent_complete=100), fencing_token=3)
                another.commit()

        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.after_commit(finish)
            unit_of_work.commit()
        assert self.get_task_behind(database, task.id) == attrs.evolve(task, percent_complete=100)

    def test_after_commit_actions_of_undone_changes_never_run(self, database: D) -> None:
        seen: list[str] = []
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.tasks.add(a_task())
            unit_of_work.after_commit(lambda: seen.append("left"))
        with pytest.raises(KeyError), self.unit_of_work(database) as unit_of_work:
            unit_of_work.after_commit(lambda: seen.append("raised"))
            raise KeyError
        assert seen == []

    def test_one_of_many_that_update_a_job_at_once_wins(self, database: D, stored_job: ExportJob) -> None:
        def updates(racer: int) -> int | None:
            mine = attrs.evolve(stored_job, status=ExportJobStatus.RUNNING, row_count=racer)
            try:
                with self.unit_of_work(database) as unit_of_work:
                    unit_of_work.jobs.update(mine, was=ExportJobStatus.QUEUED)
                    unit_of_work.commit()
            except LeaseLostError:
                return None
            return racer

        winners = [racer for racer in self.race(updates) if racer is not None]
        stored = self.get_job_behind(database, stored_job.id)
        assert stored is not None
        assert winners == [stored.row_count]

    def _change_everything(
        self, database: D, requester: User, job: ExportJob, media_item: MediaItem, task: BackgroundTask
    ) -> None:
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.add(a_job(requester))
            unit_of_work.jobs.update(attrs.evolve(job, row_count=7), was=ExportJobStatus.QUEUED)
            unit_of_work.media_items.remove(media_item.id)
            unit_of_work.tasks.update(attrs.evolve(task, percent_complete=99), fencing_token=3)
