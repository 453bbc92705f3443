"""The ids of a few users, for whom rules can be tried."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.tables import Tables

_MOST = 20


def some_user_ids(engine: Engine, tables: Tables) -> Sequence[UserId]:
    """Return the ids of a few users, first of those who have requested exports; none if the database fails."""
    requesters = select(tables.export_jobs.c.requester_user_id).distinct().limit(_MOST)
    users = select(tables.users.c.id).limit(_MOST)
    with suppress(SQLAlchemyError), quick_read(engine) as connection:
        return list(dict.fromkeys(each for ids in (requesters, users) for each in connection.execute(ids).scalars()))
    return []
