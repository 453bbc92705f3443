"""A row to an entity and back: column keys and field names are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Label, RowMapping, Table, Text, case, cast, func

from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.tables import Tables

_VIEW: Final = "snapshot_payload_json"
_SHORT_VIEW: Final = "short_view"


def row_of(entity: ExportJob | MediaItem | BackgroundTask | User, table: Table) -> Mapping[str, object]:
    """What the entity's row in `table` holds: the parameters of a statement.

    Given to ``execute`` beside the statement, not to its ``values``, the statement stays the same from
    entity to entity, and SQLAlchemy neither builds nor inspects an expression for each value.
    """
    return {column.key: getattr(entity, column.key) for column in table.columns}


def changes_of(entity: ExportJob | BackgroundTask, table: Table) -> Mapping[str, object]:
    """`row_of` for an update: without the primary key, and without a job's view, which never changes.

    A statement that sets a key, be it to what it is already, makes SQLite look for rows that refer to it:
    a task's in all of ``ExportJobs``, which has no index for that.
    """
    return {
        column.key: getattr(entity, column.key)
        for column in table.columns
        if not column.primary_key and column.key != _VIEW
    }


def user_from(row: RowMapping, users: Table) -> User:
    """The user in the row."""
    return User(**_fields(row, users))


def media_item_from(row: RowMapping, media_items: Table) -> MediaItem:
    """The stored file in the row."""
    return MediaItem(**_fields(row, media_items))


def background_task_from(row: RowMapping, background_tasks: Table) -> BackgroundTask:
    """The task in the row."""
    return BackgroundTask(**_fields(row, background_tasks))


def short_view(jobs: Table, dialect: str) -> Label[str | None]:
    """A job's view where it is short, otherwise NULL."""
    view = jobs.c[_VIEW]
    short = (func.length(cast(view, Text)) <= SHORT_VIEW, view)
    # To tell the length of a text that it keeps out of line, PostgreSQL would read it first.
    unread = ((func.pg_column_size(view) > SHORT_VIEW, None),) if dialect == "postgresql" else ()
    return case(*unread, short).label(_SHORT_VIEW)


def export_job_from(row: RowMapping, tables: Tables) -> ExportJob:
    """The job in a row of the join, with the three that it points at, and with what the row holds of its view."""
    jobs = tables.export_jobs
    return ExportJob(
        **{column.key: row[column] for column in jobs.columns if column.key != _VIEW},
        snapshot_payload_json=(row[_SHORT_VIEW] or "") if _SHORT_VIEW in row else row[jobs.c[_VIEW]],
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
