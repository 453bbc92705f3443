"""Users and their rights in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.memory.database import InMemoryDatabase


class InMemoryUserDirectory(UserDirectory, SupportsNames):
    """The users of an `InMemoryDatabase`, who are also the requesters of its jobs.

    Without a `database`, the users are in no table of it, as with ``users=None``.
    """

    def __init__(self, database: InMemoryDatabase | None = None) -> None:
        self._users = (database or InMemoryDatabase()).users
        self._permissions: dict[UserId, SystemPermissions] = {}
        self._attributes: dict[UserId, Mapping[str, Any]] = {}

    def add(
        self,
        user: User,
        permissions: SystemPermissions = SystemPermissions.NONE,
        *,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a user with their permissions and the attributes of their `Actor`, or replace the user of that id."""
        self._users[user.id] = user
        self._permissions[user.id] = permissions
        self._attributes[user.id] = attributes or {}

    def find(self, user_id: UserId) -> Actor | None:
        user = self._users.get(user_id)
        return None if user is None else self._actor(user)

    def find_by_email(self, email_address: str) -> Actor | None:
        wanted = email_address.lower()
        actors = (self._actor(user) for user in self._users.values() if _address_of(user) == wanted)
        return next((actor for actor in actors if actor is not None), None)

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        found = {user_id: self._users[user_id].full_name for user_id in user_ids if user_id in self._users}
        return {user_id: name for user_id, name in found.items() if name}

    def _actor(self, user: User) -> Actor | None:
        if not user.is_active:
            return None
        permissions = self._permissions.get(user.id, SystemPermissions.NONE)
        attributes = self._attributes.get(user.id, {})
        return Actor(user_id=user.id, is_admin=user.is_admin, permissions=permissions, attributes=attributes)


def _address_of(user: User) -> str | None:
    return None if user.email_address is None else user.email_address.lower()
