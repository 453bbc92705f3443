"""The host's users, as far as permission needs them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from ticket_export.application.actor import Actor


class UserDirectory(Protocol):
    """Finds active users with the rights they have at this moment."""

    @abstractmethod
    def find(self, user_id: UUID) -> Actor | None:
        """The active user of that id, or None."""

    @abstractmethod
    def find_by_email(self, email_address: str) -> Actor | None:
        """The active user of that e-mail address (any letter case), or None."""
