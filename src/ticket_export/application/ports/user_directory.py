"""The users of the host, with their permissions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ticket_export.application.actor import Actor
from ticket_export.domain.user_id import UserId


class UserDirectory(Protocol):
    """Finds active users with the permissions that they have now."""

    @abstractmethod
    def find(self, user_id: UserId) -> Actor | None:
        """Return the active user of that id, or None."""

    @abstractmethod
    def find_by_email(self, email_address: str) -> Actor | None:
        """Return the active user of that e-mail address (in any letter case), or None."""
