"""A row to an entity and back: column keys and field names are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import RowMapping, Table

    from ticket_export.infrastructure.persistence.tables import Tables


def row_of(entity: ExportJob | MediaItem | BackgroundTask | User, table: Table) -> Mapping[str, object]:
    """What the entity's row in `table` holds: the parameters of a statement.

    Given to ``execute`` beside the statement, not to its ``values``, the statement stays the same from
    entity to entity, and SQLAlchemy neither builds nor inspects an expression for each value.
    """
    return {column.key: getattr(entity, column.key) for column in table.columns}


def changes_of(entity: ExportJob | BackgroundTask, table: Table) -> Mapping[str, object]:
    """`row_of` without the primary key, for an update.

    A statement that sets a key, be it to what it is already, makes SQLite look for rows that refer to it:
    a task's in all of ``ExportJobs``, which has no index for that.
    """
    return {column.key: getattr(entity, column.key) for column in table.columns if not column.primary_key}


def user_from(row: RowMapping, users: Table) -> User:
    """The user in the row."""
    return User(**_fields(row, users))


def media_item_from(row: RowMapping, media_items: Table) -> MediaItem:
    """The stored file in the row."""
    return MediaItem(**_fields(row, media_items))


def background_task_from(row: RowMapping, background_tasks: Table) -> BackgroundTask:
    """The task in the row."""
    return BackgroundTask(**_fields(row, background_tasks))


def export_job_from(row: RowMapping, tables: Tables) -> ExportJob:
    """The job in a row of the join, with the three that it points at."""
    return ExportJob(
        **_fields(row, tables.export_jobs),
        requester=user_from(row, tables.users) if _has(row, tables.users) else None,
        media_item=media_item_from(row, tables.media_items) if _has(row, tables.media_items) else None,
        background_task=background_task_from(row, tables.background_tasks)
        if _has(row, tables.background_tasks)
        else None,
    )


def _has(row: RowMapping, table: Table) -> bool:
    # An outer join that found nothing leaves the primary key empty.
    return row[table.c.id] is not None


def _fields(row: RowMapping, table: Table) -> dict[str, Any]:
    return {column.key: row[column] for column in table.columns}
