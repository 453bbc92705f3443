"""The ids of a few users, for whom the rules of a host can be tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import Engine, select, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.host_users import key_column_type
from ticket_export.infrastructure.persistence.tables import Tables

_MOST = 10


def some_user_ids(engine: Engine, tables: Tables) -> Iterator[UserId]:
    """Return the ids of a few users, first of those who have requested exports; none if the database fails."""
    ids = [tables.export_jobs.c.requester_user_id]
    if tables.host_users is not None:
        ids.append(tables.host_users.id)
    found: list[UserId] = []
    with suppress(SQLAlchemyError), quick_read(engine) as connection:
        for each in ids:
            key = type_coerce(each, key_column_type(tables.user_key))
            found += connection.execute(select(key).limit(_MOST)).scalars()
    yield from dict.fromkeys(found)
