"""Tickets that cannot be read, at the start or in the middle."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.integration.failures.scene import TICKETS, FailureScene, logged
from ticket_export.errors import JobDatabaseError

NOT_READ = "The tickets could not be read from the database."


def test_tickets_table_that_is_gone(scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    scene.sql('DROP TABLE "Tickets"')
    assert scene.run(scene.job_id).status == "failed"
    scene.claim_failed_safely(NOT_READ)
    assert "no such table: Tickets" in logged(caplog, scene)
    scene.claim_the_other_can_be_downloaded()


def test_column_of_the_tickets_that_is_gone(scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    scene.sql('ALTER TABLE "Tickets" DROP COLUMN "TagsJson"')
    scene.run(scene.job_id)
    scene.claim_failed_safely(NOT_READ)
    assert "TagsJson" in logged(caplog, scene)


def test_tickets_dropped_while_they_are_read_are_still_the_snapshots(scene: FailureScene) -> None:
    assert scene.run_with(lambda: drop(scene)).status == "completed"
    assert scene.download(scene.job_id) == scene.download(scene.completed)


def drop(scene: FailureScene) -> None:
    scene.sql('DROP TABLE "Tickets"')


# A truncated multi-byte character: SQLite stores it as TEXT.
@pytest.mark.parametrize("column", ["Title", "TagsJson"])
def test_undecodable_bytes_in_a_text_cell_end_no_export(scene: FailureScene, column: str) -> None:
    scene.sql(f'UPDATE "Tickets" SET "{column}" = CAST(x\'41c3\' AS TEXT) WHERE "Id" = 3999')
    assert scene.run(scene.job_id).status == "completed"
    assert scene.download(scene.job_id).count(b"\n") == TICKETS + 1


def test_database_file_corrupted_while_it_is_read(scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    scene.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    size = scene.sql("PRAGMA page_size")[0][0]
    stored = scene.database.read_bytes()
    pages = {stored.index(f"ticket {number} xx".encode()) // size for number in range(TICKETS // 2, TICKETS)}

    def corrupt() -> None:
        with scene.database.open("r+b") as file:
            for page in pages:
                file.seek(page * size)
                file.write(b"\xff" * size)

    engine = scene.container.engine()
    engine.dispose()
    # What the count has read must not be remembered.
    event.listen(engine, "connect", lambda connection, _entry: connection.execute("PRAGMA cache_size = 5"))
    scene.run_with(corrupt)
    scene.claim_failed_safely(NOT_READ)
    assert "malformed" in logged(caplog, scene)
    scene.claim_the_other_can_be_downloaded()


def test_job_that_cannot_be_stored_as_failed_is_logged_and_raised(
    scene: FailureScene, caplog: pytest.LogCaptureFixture
) -> None:
    def lose_everything() -> None:
        scene.sql('ALTER TABLE "BackgroundTasks" RENAME TO "Elsewhere"')
        raise RuntimeError("and then this")

    with pytest.raises(JobDatabaseError) as raised:
        scene.run_with(lose_everything)
    assert str(raised.value) == "the database lacks the table BackgroundTasks; run `ticket-export migrate`"
    assert "BackgroundTasks" in str(raised.value.__cause__)
    assert "and then this" in logged(caplog, scene)
    assert "could not be stored" in logged(caplog, scene)
    scene.sql('ALTER TABLE "Elsewhere" RENAME TO "BackgroundTasks"')
    assert scene.shown(scene.job_id).status == "running"
    scene.claim_nothing_readable()


def test_progress_that_cannot_be_written_is_logged_and_ends_nothing(
    scene: FailureScene, caplog: pytest.LogCaptureFixture
) -> None:
    engine = scene.container.engine()

    def refuse(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE"):
            event.remove(engine, "before_cursor_execute", refuse)
            raise OperationalError(statement, {}, Exception("disk I/O error"))

    def listen() -> None:
        event.listen(engine, "before_cursor_execute", refuse)
        clock = scene.container.clock()
        clock.set(clock.now().replace(hour=13))  # type: ignore[attr-defined]

    assert scene.run_with(listen).status == "completed"
    assert "disk I/O error" in logged(caplog, scene)
    assert scene.download(scene.job_id) == scene.download(scene.completed)


def test_interrupted_reader_releases_its_snapshot(scene: FailureScene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.run_with(interrupt)
    scene.claim_failed_safely("The export was interrupted.")
    # A reader that still held its snapshot would keep the log from being emptied.
    assert scene.sql("PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    scene.claim_another_export_works()
