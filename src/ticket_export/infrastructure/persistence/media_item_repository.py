"""The records of stored files in the host's table of media items."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from ticket_export.application.ports.media_item_repository import MediaItemRepository
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.persistence.mapping import entity_from, row_of
from ticket_export.infrastructure.persistence.removal import cleared_stamps, is_deleted
from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyMediaItemRepository(MediaItemRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._media_items = tables.media_items

    def add(self, media_item: MediaItem) -> None:
        self._connection.execute(insert(self._media_items), row_of(media_item, self._media_items))

    def find(self, media_item_id: UUID) -> MediaItem | None:
        statement = select(self._media_items).where(self._media_items.c.id == media_item_id)
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else entity_from(row, self._media_items, MediaItem)

    def remove(self, media_item_id: UUID) -> bool:
        # The foreign key empties a job's reference to the row.
        return is_deleted(self._connection, self._media_items, media_item_id)

    def clear_stamps_of(self, user_id: UserId, *, prefix: str, limit: int) -> int:
        # In the exact letter case, which LIKE of SQLite ignores.
        is_ours = func.substr(self._media_items.c.object_key, 1, len(prefix)) == prefix
        return cleared_stamps(self._connection, self._media_items, user_id, is_ours, limit)
