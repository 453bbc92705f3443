"""Committing on a connection that somebody else will be given next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def commit(connection: Connection) -> None:
    """Commit; a connection that cannot is never used again.

    `Connection.close` would give it back to the pool as it is. On SQLite its transaction is open still,
    for instance where the disk was full, and the write lock would keep everybody from writing.
    """
    try:
        connection.commit()
    except BaseException:
        connection.invalidate()
        raise
