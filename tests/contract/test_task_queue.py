"""Every task queue that ships keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from tests.contract.conftest import SharedDatabase
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from tests.unit.application.use_cases.help_desk import VIEW, HelpDesk
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.unreliable_task_queue import UnreliableTaskQueue
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue
from ticket_export.infrastructure.tasks.notifications import notifications_on
from ticket_export.testing.entities import NOW
from ticket_export.testing.task_queue import HINT_LIMIT, SLACK, TaskQueueContract


class TestInMemoryTaskQueue(TaskQueueContract[InMemoryTaskQueue]):
    @pytest.fixture
    def queue(self) -> InMemoryTaskQueue:
        return InMemoryTaskQueue()

    def commit_task_behind(self, queue: InMemoryTaskQueue) -> BackgroundTask:
        return BackgroundTask(name=TASK_NAME, creation_time=NOW)

    def is_on_its_way_behind(self, queue: InMemoryTaskQueue, task: BackgroundTask) -> bool:
        return task in queue.dispatched


class TestUnreliableTaskQueue(TaskQueueContract[UnreliableTaskQueue]):
    @pytest.fixture
    def queue(self) -> UnreliableTaskQueue:
        return UnreliableTaskQueue()

    def commit_task_behind(self, queue: UnreliableTaskQueue) -> BackgroundTask:
        return BackgroundTask(name=TASK_NAME, creation_time=NOW)

    def is_on_its_way_behind(self, queue: UnreliableTaskQueue, task: BackgroundTask) -> bool:
        assert isinstance(queue.queue, InMemoryTaskQueue)
        return task in queue.queue.dispatched


class TestInlineTaskQueue(TaskQueueContract[InlineTaskQueue]):
    desk: HelpDesk

    @pytest.fixture
    def queue(self) -> InlineTaskQueue:
        self.desk = HelpDesk()
        return InlineTaskQueue(self.desk.run_export)

    def commit_task_behind(self, queue: InlineTaskQueue) -> BackgroundTask:
        self.desk.request_export(self.desk.user(), VIEW)
        return self.desk.queue.dispatched[-1]

    def is_on_its_way_behind(self, queue: InlineTaskQueue, task: BackgroundTask) -> bool:
        # It waits for nobody, so that what is dispatched has been run.
        return self.desk.database.committed.tasks[task.id].status is BackgroundTaskStatus.COMPLETE


class DatabaseTaskQueueContract(TaskQueueContract[DatabaseTaskQueue]):
    rows: SqliteRows | PostgresqlRows

    def commit_task_behind(self, queue: DatabaseTaskQueue) -> BackgroundTask:
        task = BackgroundTask(name=TASK_NAME, creation_time=NOW)
        self.rows.put(task)
        return task

    def is_on_its_way_behind(self, queue: DatabaseTaskQueue, task: BackgroundTask) -> bool:
        stored = self.rows.get(BackgroundTask, task.id)
        return stored is not None and stored.status is BackgroundTaskStatus.ENQUEUED


class TestDatabaseTaskQueueOnSqlite(DatabaseTaskQueueContract):
    @pytest.fixture
    def queue(self, tmp_path: Path) -> Iterator[DatabaseTaskQueue]:
        engine = migrated_sqlite(tmp_path / "help-desk.db")
        self.rows = SqliteRows(tmp_path / "help-desk.db")
        yield DatabaseTaskQueue(engine, build_help_desk_tables(), notifications_on(engine))
        engine.dispose()


class TestDatabaseTaskQueueOnPostgresql(DatabaseTaskQueueContract):
    @pytest.fixture
    def queue(self, each_emptied_database: SharedDatabase) -> Iterator[DatabaseTaskQueue]:
        # Of its own: what listens ends with it.
        engine = create_engine(each_emptied_database.url)
        self.rows = each_emptied_database.rows
        yield DatabaseTaskQueue(engine, build_help_desk_tables(), notifications_on(engine))
        engine.dispose()


class Deaf(InMemoryTaskQueue):
    """Loses every hint."""

    def dispatch(self, task: BackgroundTask) -> None: ...


class Picky(InMemoryTaskQueue):
    """Takes no task that is there already, nor one that it cannot read."""

    def dispatch(self, task: BackgroundTask) -> None:
        if task in self.dispatched or task.args:
            raise ValueError("what is this?")
        super().dispatch(task)


class Slow(InMemoryTaskQueue):
    """Waits for a broker that is away, as long as it takes."""

    def dispatch(self, task: BackgroundTask) -> None:
        sleep(HINT_LIMIT + SLACK)
        super().dispatch(task)


class Refused(InMemoryTaskQueue):
    """Raises the error of a broker that is away."""

    is_away = False

    def dispatch(self, task: BackgroundTask) -> None:
        if self.is_away:
            raise ConnectionRefusedError
        super().dispatch(task)


class OfBroker(TestInMemoryTaskQueue):
    @contextmanager
    def away_behind(self, queue: InMemoryTaskQueue) -> Iterator[None]:
        assert isinstance(queue, Refused)
        queue.is_away = True
        yield
        queue.is_away = False


class Meddling(InMemoryTaskQueue):
    def dispatch(self, task: BackgroundTask) -> None:
        task.status_info = "sent"
        super().dispatch(task)


class Waiting(InMemoryTaskQueue):
    """Gives the same answer always."""

    def __init__(self, *, answer: bool) -> None:
        super().__init__()
        self._answer = answer

    def wait(self, timeout: float) -> bool:
        return self._answer


_contract = TestInMemoryTaskQueue()


@pytest.mark.parametrize(
    ("queue", "claim"),
    [
        (Deaf(), _contract.test_hint_that_is_sent_again_and_again_arrives),
        (Picky(), _contract.test_hint_may_be_sent_after_it_has_arrived),
        (Slow(), _contract.test_hint_takes_two_seconds_at_most),
        (Refused(), OfBroker().test_broker_that_is_away_is_no_error_and_costs_two_seconds_at_most),
        (
            Picky(),
            lambda it: _contract.test_what_is_wrong_with_a_task_is_not_raised_and_keeps_no_other_from_its_way(it, "{}"),
        ),
        (Meddling(), _contract.test_dispatching_changes_nothing_of_the_task_it_is_given),
        (
            Waiting(answer=True),
            lambda it: _contract.test_waiting_at_an_empty_queue_ends_and_says_that_there_is_nothing(it, 0),
        ),
        (Waiting(answer=False), _contract.test_task_that_is_there_is_not_waited_for),
        (Waiting(answer=False), _contract.test_whoever_waits_is_told_of_a_task_that_is_dispatched_meanwhile),
    ],
    ids=["deaf", "picky", "slow", "refused", "reading", "meddling", "eager", "blind", "unheard"],
)
def test_contract_notices_a_queue_that_breaks_it(
    queue: InMemoryTaskQueue, claim: Callable[[InMemoryTaskQueue], None]
) -> None:
    with pytest.raises((AssertionError, ConnectionRefusedError, ValueError)):
        claim(queue)


def test_ability_that_a_queue_lacks_is_skipped_with_its_name() -> None:
    with pytest.raises(pytest.skip.Exception, match="InMemoryTaskQueue does not implement SupportsWaiting"):
        _contract.test_task_that_is_there_is_not_waited_for(InMemoryTaskQueue())
    with pytest.raises(pytest.skip.Exception, match="InMemoryTaskQueue does not implement SupportsListening"):
        _contract.test_listening_can_begin_anew_and_waiting_goes_on_in_it(InMemoryTaskQueue())
