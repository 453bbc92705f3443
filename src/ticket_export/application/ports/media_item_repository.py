"""The stored records of files."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user_id import UserId


class MediaItemRepository(Protocol):
    """The rows of the media library, inside one transaction."""

    @abstractmethod
    def add(self, media_item: MediaItem) -> None:
        """Store a new row."""

    @abstractmethod
    def find(self, media_item_id: UUID) -> MediaItem | None:
        """Return the row of that id, or None."""

    @abstractmethod
    def remove(self, media_item_id: UUID) -> bool:
        """Delete the row, and the job's reference to it.

        Return False at once if another transaction keeps it, or if there is none.
        """

    @abstractmethod
    def clear_stamps_of(self, user_id: UserId, *, prefix: str, limit: int) -> int:
        """Empty the stamps (creator, last modifier) that name this user, in at most `limit` rows; return their number.

        Only rows of files whose object keys begin with `prefix`: the media library is the host's.

        Raises:
            JobDatabaseError: another transaction keeps one of the rows for some seconds.
        """
