"""The records of stored files in memory."""

from __future__ import annotations

from uuid import UUID

import attrs

from ticket_export.application.ports.media_item_repository import MediaItemRepository
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.memory.database import InMemoryTransaction


class InMemoryMediaItemRepository(MediaItemRepository):
    """The media items inside one in-memory transaction."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, media_item: MediaItem) -> None:
        """Store a new row; raise ``ValueError`` if its id is stored already."""
        media_items = self._transaction.writing().media_items
        if media_item.id in media_items:
            raise ValueError(f"media item {media_item.id} is stored already")
        media_items[media_item.id] = attrs.evolve(media_item)

    def find(self, media_item_id: UUID) -> MediaItem | None:
        media_item = self._transaction.reading().media_items.get(media_item_id)
        return None if media_item is None else attrs.evolve(media_item)

    def remove(self, media_item_id: UUID) -> bool:
        rows = self._transaction.writing()
        if rows.media_items.pop(media_item_id, None) is None:
            return False
        for job in list(rows.jobs.values()):
            if job.media_item_id == media_item_id:
                rows.jobs[job.id] = attrs.evolve(job, media_item_id=None)
        return True

    def clear_stamps_of(self, user_id: UserId, *, prefix: str, limit: int) -> int:
        items = self._transaction.writing().media_items
        ours = (item for item in items.values() if item.object_key.startswith(prefix))
        stamped = [item for item in ours if item.is_stamped_by(user_id)][:limit]
        items.update((item.id, item.without_stamps_of(user_id)) for item in stamped)
        return len(stamped)
