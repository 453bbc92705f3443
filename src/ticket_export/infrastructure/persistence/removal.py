"""Deleting rows, and the names of users in the rows that stay."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, case, delete, or_, select, update

from ticket_export.domain.user_id import UserId


def is_deleted(connection: Connection, table: Table, row_id: UUID) -> bool:
    """Delete the row; return False at once if another transaction keeps it, or if there is none."""
    # SQLAlchemy sends SQLite no such clause: there a unit of work holds the one write lock.
    free = select(table.c.id).where(table.c.id == row_id).with_for_update(skip_locked=True)
    return connection.execute(delete(table).where(table.c.id.in_(free))).rowcount > 0


def cleared_stamps(
    connection: Connection, table: Table, user_id: UserId, is_ours: ColumnElement[bool], limit: int
) -> int:
    """Empty the stamps (creator, last modifier) that name this user, in at most `limit` rows; return their number."""
    stamps = (table.c.creator_user_id, table.c.last_modifier_user_id)
    stamped = select(table.c.id).where(or_(*(stamp == user_id for stamp in stamps)), is_ours).limit(limit)
    others = {stamp.key: case((stamp == user_id, None), else_=stamp) for stamp in stamps}
    return connection.execute(update(table).where(table.c.id.in_(stamped)).values(others)).rowcount
