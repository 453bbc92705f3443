"""The rights that users have by their roles."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ticket_export.application.actor import Actor
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.infrastructure.persistence.tables import REFERENCE_TABLES, Tables

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, Engine


class SqlAlchemyUserDirectory:
    """Reads ``Users``, ``RoleUser`` and ``Roles`` anew at every call.

    A user's permissions are those of all their roles together; bits that the library does not know
    are kept and mean nothing.
    """

    def __init__(self, engine: Engine, tables: Tables = REFERENCE_TABLES) -> None:
        self._engine = engine
        self._tables = tables

    def find(self, user_id: UUID) -> Actor | None:
        """The active user of that id, or None."""
        return self._find(self._tables.users.c.id == user_id)

    def find_by_email(self, email_address: str) -> Actor | None:
        """The active user of that e-mail address (any letter case), or None.

        Where the table holds one address in several spellings, an exact match goes first.
        """
        stored = self._tables.users.c.email_address
        return self._find(func.lower(stored) == func.lower(email_address), first=stored == email_address)

    def _find(self, which: ColumnElement[bool], first: ColumnElement[bool] | None = None) -> Actor | None:
        users, roles, role_user = self._tables.users, self._tables.roles, self._tables.role_user
        user = select(users.c.id, users.c.is_admin).where(which, users.c.is_active)
        if first is not None:
            user = user.order_by(first.desc(), users.c.id)
        granted = select(roles.c.system_permissions).join(role_user, role_user.c.roles_id == roles.c.id)
        with self._engine.connect() as connection:
            found = connection.execute(user.limit(1)).one_or_none()
            if found is None:
                return None
            flags = connection.execute(granted.where(role_user.c.users_id == found.id)).scalars()
            permissions = reduce(or_, flags, 0)
        return Actor(user_id=found.id, is_admin=found.is_admin, permissions=SystemPermissions(permissions))
