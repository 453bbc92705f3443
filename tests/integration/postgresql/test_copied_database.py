"""A database, a copy of it and a snapshot of its disk, on one storage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import update

from tests.chaos.arena import Arena
from tests.integration.storage.file_tree import files_below
from tests.postgresql_server import PostgresqlServer
from ticket_export.application.file.export_file import attempt_of
from ticket_export.infrastructure.persistence.tables import SEED_TABLES
from ticket_export.testing.engines.views import distinct_views

_VIEWS = distinct_views(3, 100, Random(1))


def export(arena: Arena, number: int) -> UUID:
    job_id = arena.request(_VIEWS[number])
    assert arena.container.run_export()(job_id).status == "completed"
    return job_id


def files(arena: Arena) -> set[str]:
    return set(filter(attempt_of, files_below(arena.folder / "storage")))


@pytest.fixture
def original(tmp_path: Path, postgresql_url: str) -> Iterator[Arena]:
    """With one export."""
    arena = Arena.open(tmp_path, postgresql_url)
    arena.fill(100)
    export(arena, 0)
    arena.close()
    yield arena
    arena.close()


def test_copy_of_a_database_deletes_nothing_until_it_takes_the_storage_over(
    original: Arena, tmp_path: Path, postgresql_server: PostgresqlServer, postgresql_url: str
) -> None:
    with postgresql_server.copy_of(postgresql_url) as url:
        copy = Arena.open(tmp_path, url)
        export(original, 1)
        # Both run the same request, and neither writes over the file of the other.
        same = [export(arena, 2) for arena in (original, copy)]
        assert len(files(original)) == 2 * (2 + len(same))
        before = files(original)
        copy.container.worker().drain()
        assert copy.container.sweep_orphaned_objects()().refused
        assert files(original) == before
        original.container.worker().drain()
        (means,) = copy.container.take_over_storage()()
        assert means.unknown == 4
        assert copy.container.sweep_orphaned_objects()().removed == 4
        original.container.ownership_memory.reset()
        assert original.container.sweep_orphaned_objects()().refused
        copy.close()


def test_database_of_a_disk_that_was_set_back_deletes_nothing(original: Arena) -> None:
    with original.container.unit_of_work() as work:
        marks = work.database.marks()
    original.container.sweep_orphaned_objects()()
    assert original.container.sweep_orphaned_objects()().refused is None
    with original.container.engine().begin() as connection:
        connection.execute(update(SEED_TABLES.export_database).values(chores=None))
    assert original.container.sweep_orphaned_objects()().refused
    with original.container.unit_of_work() as work:
        work.database.marks(to_change=True)
        work.database.set_marks(marks)
        work.commit()
    assert original.container.sweep_orphaned_objects()().refused
    original.container.take_over_storage()()
    assert original.container.sweep_orphaned_objects()().refused is None
