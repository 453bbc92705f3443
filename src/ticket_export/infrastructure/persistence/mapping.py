"""Rows and entities: a column's key is the name of the entity's field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import RowMapping, Table

from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User

_Entity = TypeVar("_Entity", MediaItem, BackgroundTask)

# A task in ``ExportTasks`` refers to its job. The repository of jobs stores and reads this reference.
_JOB_OF_TASK = "export_job_id"


def entity_from(row: RowMapping, table: Table, kind: type[_Entity]) -> _Entity:
    """Return the entity that the row holds in the columns of `table`."""
    return kind(**{column.key: row[column] for column in table.columns if column.key != _JOB_OF_TASK})


def row_of(entity: ExportJob | MediaItem | BackgroundTask | User, table: Table) -> Mapping[str, object]:
    """Return the entity's row in `table`, as the parameters of a statement.

    Pass it to ``execute`` next to the statement, not to ``values``: the statement then stays the same for every entity,
    and SQLAlchemy neither builds nor inspects an expression for each value.
    """
    return {column.key: getattr(entity, column.key) for column in table.columns if column.key != _JOB_OF_TASK}


def changes_of(entity: ExportJob | BackgroundTask, table: Table) -> Mapping[str, object]:
    """Return `row_of` for an update: without the primary key and without a job's view, which never changes.

    If a statement sets a key, even to its present value, SQLite looks for rows that refer to it: for a task's key in
    all of ``ExportJobs``, which has no index for that.
    """
    return {key: value for key, value in row_of(entity, table).items() if key not in {"id", "snapshot_payload_json"}}
