"""Where the records of stored files are kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from ticket_export.domain.media_item import MediaItem


class MediaItemRepository(Protocol):
    """The media library's rows."""

    @abstractmethod
    def add(self, media_item: MediaItem) -> None:
        """Store a new row."""

    @abstractmethod
    def find(self, media_item_id: UUID) -> MediaItem | None:
        """The row of that id, or None."""

    @abstractmethod
    def remove(self, media_item_id: UUID) -> None:
        """Delete the row; a job that points at it points at nothing from then on. Absent is fine."""
