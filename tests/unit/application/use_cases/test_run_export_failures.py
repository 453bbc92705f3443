"""Whatever fails in the middle: a Failed job with a safe message, nothing readable, nobody else touched."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, PREFIX, HelpDesk, raising
from ticket_export import SystemPermissions
from ticket_export.application.actor import Actor
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import StorageError, TicketSourceError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import TicketColumns, User

SECRET = "/srv/secret: SELECT password FROM users"
UNEXPECTED = "The export failed unexpectedly. The log has the cause under {}."


class Scene:
    """A requested export among others: one completed, one failed, one queued and one running."""

    def __init__(self, desk: HelpDesk) -> None:
        self.desk = desk
        desk.fill(3)
        requester = desk.user()
        completed, failed, _, running, self.job_id = (
            desk.requested(requester, number=number).id for number in range(5)
        )
        desk.run_export(completed)
        desk.happen["source.count"] = raising(TicketSourceError("no"))
        desk.run_export(failed)
        del desk.happen["source.count"]
        job, task = desk.job(running), desk.task(running)
        job.start(desk.clock.now())
        task.claim(desk.clock.now(), worker="another", lease=desk.lease)
        desk.storage.objects[f"{PREFIX}{running}/1/half"] = b"another worker's"
        desk.audit_log.entries.clear()
        desk.fill(BLOCK_ROWS + 1)
        self._before = self._others()

    def _others(self) -> object:
        rows = self.desk.database.committed
        mine = self.desk.job(self.job_id)
        return copy.deepcopy(
            (
                {key: job for key, job in rows.jobs.items() if key != self.job_id},
                {key: task for key, task in rows.tasks.items() if key != mine.background_task_id},
                {key: item for key, item in rows.media_items.items() if key != mine.media_item_id},
                {key: data for key, data in self.desk.stored.items() if str(self.job_id) not in key},
            )
        )

    def claim_nothing_else_changed(self) -> None:
        assert self._others() == self._before

    def claim_nothing_is_readable(self) -> None:
        assert list(self.desk.storage.list(f"{PREFIX}{self.job_id}")) == []
        assert self.desk.job(self.job_id).media_item_id is None

    def claim_failed_safely(self, message: str) -> None:
        job, task = self.desk.job(self.job_id), self.desk.task(self.job_id)
        assert (job.status.developer_name, job.error_message) == ("failed", message)
        assert (task.status, task.error_message, task.leased_until) == ("error", message, None)
        assert (job.row_count, job.completed_at) == (None, self.desk.clock.now())
        assert self.desk.audited(self.job_id)[-1] == "failed"
        assert self.desk.audit_log.entries[-1].detail == message
        assert "secret" not in message
        assert "SELECT" not in message
        self.claim_nothing_is_readable()
        self.claim_nothing_else_changed()


@pytest.fixture
def scene(desk: HelpDesk) -> Scene:
    return Scene(desk)


def logged_causes(caplog: pytest.LogCaptureFixture, job_id: UUID) -> list[BaseException]:
    """What is in the log with a traceback, under the job's id."""
    return [
        record.exc_info[1]
        for record in caplog.records
        if record.exc_info and record.exc_info[1] and getattr(record, "job_id", None) == str(job_id)
    ]


EVERYWHERE = [
    "source.open",
    "source.count",
    "source.block",
    "source.close",
    "storage.open",
    "storage.write",
    "storage.publish",
    "storage.provider",
    "work.completed",
    "audit.started",
    "users.find",
]


@pytest.mark.parametrize("place", EVERYWHERE)
def test_unexpected_error_fails_the_job(scene: Scene, place: str, caplog: pytest.LogCaptureFixture) -> None:
    error = RuntimeError(SECRET)
    scene.desk.happen[place] = raising(error)
    answer = scene.desk.run_export(scene.job_id)
    assert answer.status == "failed"
    assert (answer.file_name, answer.length) == (None, None)
    scene.claim_failed_safely(UNEXPECTED.format(scene.job_id))
    assert logged_causes(caplog, scene.job_id) == [error]


@pytest.mark.parametrize("place", EVERYWHERE)
@pytest.mark.parametrize("kind", [TicketSourceError, StorageError])
def test_expected_error_fails_the_job_with_its_own_message(
    scene: Scene, place: str, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    error = kind("The storage is full.")
    error.__cause__ = OSError(28, SECRET)
    scene.desk.happen[place] = raising(error)
    assert scene.desk.run_export(scene.job_id).error_message == "The storage is full."
    scene.claim_failed_safely("The storage is full.")
    assert logged_causes(caplog, scene.job_id) == [error]
    assert SECRET in caplog.text


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("place", EVERYWHERE)
def test_interrupt_fails_the_job_and_goes_on(scene: Scene, place: str, interrupt: type[BaseException]) -> None:
    scene.desk.happen[place] = raising(interrupt())
    with pytest.raises(interrupt):
        scene.desk.run_export(scene.job_id)
    scene.claim_failed_safely("The export was interrupted.")


def test_listener_that_raises_fails_the_job(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError(SECRET)

    def refuse(progress: object) -> None:
        raise error

    assert scene.desk.run_export(scene.job_id, on_progress=refuse).status == "failed"
    scene.claim_failed_safely(UNEXPECTED.format(scene.job_id))
    assert logged_causes(caplog, scene.job_id) == [error]


@attrs.frozen
class LyingSource:
    shown: TicketColumns
    counted: int
    written: int

    def columns(self, actor: Actor) -> TicketColumns:
        return self.shown

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        yield self  # it is its own reader

    def count(self) -> int:
        return self.counted

    def blocks(self) -> Iterator[RowBlock]:
        for _ in range(self.written):
            yield RowBlock(b"1,x\n", 1)


@pytest.mark.parametrize(("counted", "written"), [(3, 2), (2, 3), (0, 1), (1, 0)])
def test_rows_that_differ_from_the_count_fail_the_job(scene: Scene, counted: int, written: int) -> None:
    run: RunExport = attrs.evolve(scene.desk.run_export, ticket_source=LyingSource(COLUMNS, counted, written))
    run(scene.job_id)
    scene.claim_failed_safely(f"{written} rows were written but {counted} were counted; the file was discarded")


def test_requester_who_lost_the_permission_gets_no_file(scene: Scene) -> None:
    desk = scene.desk
    user = desk.database.users[desk.job(scene.job_id).requester_user_id]
    desk.users.add(user, SystemPermissions(511))
    desk.happen["source.open"] = lambda: pytest.fail("the tickets must not be read")
    desk.run_export(scene.job_id)
    scene.claim_failed_safely("The requester no longer has the permission to export tickets.")


@pytest.mark.parametrize("gone", ["deactivated", "deleted"])
def test_requester_who_left_gets_no_file(scene: Scene, gone: str) -> None:
    desk = scene.desk
    user: User = desk.database.users.pop(desk.job(scene.job_id).requester_user_id)
    if gone == "deactivated":
        desk.users.add(attrs.evolve(user, is_active=False), SystemPermissions(1023))
    desk.run_export(scene.job_id)
    scene.claim_failed_safely("The requester no longer has the permission to export tickets.")


def test_column_that_left_the_catalog_is_named(scene: Scene) -> None:
    scene.desk.columns = TicketColumns(column for column in COLUMNS if column.name != "title")
    scene.desk.run_export(scene.job_id)
    message = scene.desk.job(scene.job_id).error_message or ""
    assert message.startswith("The view no longer fits the tickets: columns[1]: unknown column 'title'")
    scene.claim_failed_safely(message)


@pytest.mark.parametrize("stored", ["", "[]", '{"columns": ["id"', '{"columns": ["id"], "colour": 1}'])
def test_stored_view_that_cannot_be_read_fails_the_job(scene: Scene, stored: str) -> None:
    scene.desk.job(scene.job_id).snapshot_payload_json = stored
    scene.desk.run_export(scene.job_id)
    message = scene.desk.job(scene.job_id).error_message or ""
    assert message.startswith("The view no longer fits the tickets: ")
    scene.claim_failed_safely(message)


def test_failure_that_cannot_be_stored_is_logged_and_raised(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    first, second = TicketSourceError("The tickets could not be read."), ConnectionError("the database is gone")
    scene.desk.happen |= {"source.block": raising(first), "work.failed": raising(second)}
    with pytest.raises(ConnectionError) as caught:
        scene.desk.run_export(scene.job_id)
    assert caught.value is second
    assert caught.value.__context__ is first
    assert logged_causes(caplog, scene.job_id) == [first, second]
    assert f"the end of export {scene.job_id} could not be stored" in caplog.text
    # It is left to whoever finds that the lease has ended.
    assert scene.desk.job(scene.job_id).status.developer_name == "running"
    scene.claim_nothing_is_readable()
    scene.claim_nothing_else_changed()


def test_interrupt_is_not_masked_by_a_failure_that_cannot_be_stored(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    second = ConnectionError("the database is gone")
    scene.desk.happen |= {"source.block": raising(KeyboardInterrupt()), "work.failed": raising(second)}
    with pytest.raises(KeyboardInterrupt):
        scene.desk.run_export(scene.job_id)
    assert logged_causes(caplog, scene.job_id) == [second]
    scene.claim_nothing_is_readable()


@pytest.mark.parametrize(("place", "status"), [("audit.completed", "completed"), ("audit.failed", "failed")])
def test_job_whose_end_cannot_be_audited_keeps_it_and_the_log_says_so(
    scene: Scene, caplog: pytest.LogCaptureFixture, place: str, status: str
) -> None:
    scene.desk.use_own_audit_log()
    scene.desk.happen[place] = raising(ConnectionError("the audit log is gone"))
    if status == "failed":
        scene.desk.happen["source.count"] = raising(TicketSourceError("no"))
    assert scene.desk.run_export(scene.job_id).status == status
    assert "the audit log is gone" in caplog.text
    assert scene.desk.job(scene.job_id).status.developer_name == status
    scene.claim_nothing_else_changed()


def test_commit_whose_answer_was_lost_keeps_the_file_it_made_known(scene: Scene) -> None:
    scene.desk.happen["work.completed.committed"] = raising(ConnectionError("the answer never came"))
    answer = scene.desk.run_export(scene.job_id)
    job = scene.desk.job(scene.job_id)
    assert (answer.status, job.status.developer_name) == ("completed", "completed")
    assert job.media_item_id is not None
    assert scene.desk.database.committed.media_items[job.media_item_id].object_key in scene.desk.storage.objects
    assert scene.desk.audited(scene.job_id) == ["started", "completed"]
    scene.claim_nothing_else_changed()


def test_interrupt_after_the_completing_commit_keeps_the_file(scene: Scene) -> None:
    scene.desk.happen["work.completed.committed"] = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        scene.desk.run_export(scene.job_id)
    job = scene.desk.job(scene.job_id)
    assert job.status.developer_name == "completed"
    assert job.media_item_id is not None
    assert scene.desk.database.committed.media_items[job.media_item_id].object_key in scene.desk.storage.objects


def test_file_stays_while_nobody_can_tell_whether_the_job_points_at_it(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    desk, gone = scene.desk, ConnectionError("the database is gone")

    def die() -> None:
        desk.happen["work.enter"] = raising(gone)
        raise gone

    desk.happen["work.completed"] = die
    with pytest.raises(ConnectionError):
        desk.run_export(scene.job_id)
    key, manifest = desk.storage.list(f"{PREFIX}{scene.job_id}")
    assert manifest == manifest_key(key)
    assert f"left an object behind: {key}" in caplog.text
    assert desk.job(scene.job_id).status.developer_name == "running"
    scene.claim_nothing_else_changed()


@pytest.mark.parametrize("error", [StorageError("refused"), RuntimeError("a plugin's own")], ids=["own", "foreign"])
def test_file_that_cannot_be_removed_does_not_keep_the_job_from_failing(
    scene: Scene, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    cause = RuntimeError(SECRET)
    scene.desk.happen |= {"work.completed": raising(cause), "storage.delete": raising(error)}
    assert scene.desk.run_export(scene.job_id).status == "failed"
    assert logged_causes(caplog, scene.job_id) == [error, cause]
    # The object is there, but no job points at it.
    assert scene.desk.job(scene.job_id).media_item_id is None


def test_file_that_cannot_be_removed_does_not_swallow_an_interrupt(scene: Scene) -> None:
    scene.desk.happen |= {
        "work.completed": raising(KeyboardInterrupt()),
        "storage.delete": raising(RuntimeError("a plugin's own")),
    }
    with pytest.raises(KeyboardInterrupt):
        scene.desk.run_export(scene.job_id)
    assert scene.desk.job(scene.job_id).error_message == "The export was interrupted."


def test_failures_are_warnings_when_expected_and_errors_when_not(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.desk.happen["source.count"] = raising(TicketSourceError("no"))
    scene.desk.run_export(scene.job_id)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
