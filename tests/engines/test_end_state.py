"""The kit notices every way in which an export may not be made exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, update

from ticket_export import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.persistence.tables import SEED_TABLES
from ticket_export.testing.engines.arena import Arena, settings_of
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

_JOBS, _TASKS = SEED_TABLES.export_jobs, SEED_TABLES.background_tasks
_ITEMS, _ENTRIES = SEED_TABLES.media_items, SEED_TABLES.export_audit_entries


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    """With two exports that were made."""
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'help-desk.db'}")
    arena = Arena(tmp_path, settings, TicketExportContainer(settings=settings))
    arena.fill(50)
    for view in distinct_views(2, 50, Random(1), formats=["csv"]):
        arena.request(view)
    arena.container.worker().drain()
    yield arena
    arena.close()


def _files(arena: Arena) -> list[Path]:
    return sorted((arena.folder / "storage").rglob("*.csv"))


def _unfinished(connection: Connection) -> None:
    connection.execute(update(_JOBS).values(status=ExportJobStatus.RUNNING))


def _failed(connection: Connection) -> None:
    connection.execute(update(_JOBS).values(status=ExportJobStatus.FAILED, error_message="The disk is full."))


def _open_task(connection: Connection) -> None:
    connection.execute(update(_TASKS).values(status=BackgroundTaskStatus.PROCESSING))


def _later_attempt(connection: Connection) -> None:
    connection.execute(update(_TASKS).values(fencing_token=_TASKS.c.fencing_token + 1))


def _copy_row(connection: Connection, table: Table, **changes: object) -> None:
    row = connection.execute(select(table)).mappings().first()
    assert row is not None
    connection.execute(insert(table).values({each.key: row[each] for each in table.c} | {"id": uuid4()} | changes))


def _second_item(connection: Connection) -> None:
    _copy_row(connection, _ITEMS, object_key="another")


def _no_entry(connection: Connection) -> None:
    connection.execute(delete(_ENTRIES).where(_ENTRIES.c.action == "completed"))


def _second_entry(connection: Connection) -> None:
    _copy_row(connection, _ENTRIES)


def _other_bytes(arena: Arena) -> None:
    with _files(arena)[0].open("ab") as file:
        file.write(b"1\n")


def _swapped(arena: Arena) -> None:
    first, second = _files(arena)
    first.write_bytes(second.read_bytes())


def _no_file(arena: Arena) -> None:
    _files(arena)[0].unlink()


def _orphan(arena: Arena) -> None:
    file = _files(arena)[0]
    attempt = file.parent.with_name("9")
    attempt.mkdir()
    (attempt / file.name).write_bytes(file.read_bytes())


def test_exports_that_were_made_once_are_whole(arena: Arena) -> None:
    end = EndState.of(arena)
    end.require_whole()
    assert (end.attempts, end.lost_attempts, end.handed_back) == (2, 0, 0)
    assert (arena.unfinished(), arena.holders(), arena.unfinished_files()) == (0, [], 0)


@pytest.mark.parametrize(
    "spoil", [_unfinished, _failed, _open_task, _later_attempt, _second_item, _no_entry, _second_entry]
)
def test_rows_that_say_anything_else_are_noticed(spoil: Callable[[Connection], None], arena: Arena) -> None:
    with arena.container.engine().begin() as connection:
        spoil(connection)
    with pytest.raises(AssertionError):
        EndState.of(arena).require_whole()


@pytest.mark.parametrize("spoil", [_other_bytes, _swapped, _no_file, _orphan])
def test_files_that_are_anything_else_are_noticed(spoil: Callable[[Arena], None], arena: Arena) -> None:
    spoil(arena)
    with pytest.raises(AssertionError):
        EndState.of(arena).require_whole()
