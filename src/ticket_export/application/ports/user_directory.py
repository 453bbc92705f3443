"""The users of the host, with their permissions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from ticket_export.application.actor import Actor
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError


class UserDirectory(Protocol):
    """Finds active users with the permissions that they have now."""

    @abstractmethod
    def find(self, user_id: UserId) -> Actor | None:
        """Return the active user of that id, or None."""

    def find_by_email(self, email_address: str) -> Actor | None:
        """Return the active user of that e-mail address (in any letter case), or None.

        Only the command line calls it. A directory may leave it out: then the command line finds users by their key.

        Raises:
            ConfigurationError: the directory leaves it out.
        """
        raise ConfigurationError(
            f"{type(self).__name__} does not find users by their e-mail address; give the key of the user instead, or "
            "define find_by_email"
        )


@runtime_checkable
class SupportsNames(Protocol):
    """An optional ability of a user directory: the names of requesters whom the users table does not name."""

    @abstractmethod
    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """Return the display names of these users, by id; users without a name are left out.

        A list of exports calls it once a page, outside of a transaction, and waits for it. If it raises, the exports
        are shown without these names.
        """
