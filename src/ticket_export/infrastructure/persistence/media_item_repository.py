"""The records of stored files in the host's table of media items."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from ticket_export.application.ports.media_item_repository import MediaItemRepository
from ticket_export.domain.media_item import MediaItem
from ticket_export.infrastructure.persistence.mapping import media_item_from, row_of
from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyMediaItemRepository(MediaItemRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._media_items = tables.media_items

    def add(self, media_item: MediaItem) -> None:
        """Store a new row."""
        self._connection.execute(insert(self._media_items), row_of(media_item, self._media_items))

    def find(self, media_item_id: UUID) -> MediaItem | None:
        """The row of that id, or None."""
        statement = select(self._media_items).where(self._media_items.c.id == media_item_id)
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else media_item_from(row, self._media_items)

    def remove(self, media_item_id: UUID) -> None:
        """Delete the row; the foreign key empties a job's reference to it. Absent is fine."""
        self._connection.execute(delete(self._media_items).where(self._media_items.c.id == media_item_id))
