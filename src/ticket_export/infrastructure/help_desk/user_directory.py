"""Finds users with the permissions of their roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from sqlalchemy import Engine, Select, bindparam, func, select

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.application.safe_text import listed, require_storable
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES, HelpDeskTables
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.missing_tables import missing_among


class SqlAlchemyUserDirectory(UserDirectory, SupportsCheck):
    """Reads ``Users``, ``RoleUser`` and ``Roles`` at every call.

    A user has the permissions of all their roles. Bits that the library does not know are kept and have no effect. The
    methods raise `JobDatabaseError` if the database fails.
    """

    def __init__(self, engine: Engine, tables: HelpDeskTables = REFERENCE_TABLES) -> None:
        self._engine = engine
        self._tables = users, roles, role_user = tables.users, tables.roles, tables.role_user
        # Built once: every export looks up its requester, and building a statement takes longer than executing it.
        active = select(users.c.id, users.c.is_admin).where(users.c.is_active).limit(1)
        stored, asked = users.c.email_address, bindparam("email_address", type_=users.c.email_address.type)

        def with_roles(user: Select[UserId, bool]) -> Select[UserId, bool, int | None]:
            found = user.subquery("found")
            return (
                select(found.c.id, found.c.is_admin, roles.c.system_permissions)
                .select_from(found)
                .outerjoin(role_user, role_user.c.users_id == found.c.id)
                .outerjoin(roles, roles.c.id == role_user.c.roles_id)
            )

        self._by_id = with_roles(active.where(users.c.id == bindparam("user_id")))
        self._by_email = with_roles(
            active.where(func.lower(stored) == func.lower(asked)).order_by((stored == asked).desc(), users.c.id)
        )

    def find(self, user_id: UserId) -> Actor | None:
        """The active user of that id, or None."""
        return self._find(self._by_id, {"user_id": user_id})

    def find_by_email(self, email_address: str) -> Actor | None:
        """The active user of that e-mail address (any letter case), or None.

        If the table has an address in several spellings, an exact match comes first.
        """
        try:
            require_storable(email_address)
        except ValueError:
            # No user has it, and PostgreSQL would refuse to look for it.
            return None
        return self._find(self._by_email, {"email_address": email_address})

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: this directory fits only the reference schema."""
        missing = missing_among(self._engine, self._tables[1:])
        if missing:
            yield error(
                "users",
                f"the database lacks {listed(missing)}, which the user directory of the reference schema reads",
                "give the container your own: container.user_directory.override(YourUserDirectory()); "
                "without a host run: ticket-export migrate --reference-schema",
            )

    def _find(self, user: Select[UserId, bool, int | None], asked: Mapping[str, object]) -> Actor | None:
        with database_errors(tables=self._tables), quick_read(self._engine) as connection:
            found = connection.execute(user, asked).all()
        if not found:
            return None
        permissions = reduce(or_, (flags for _, _, flags in found if flags is not None), 0)
        return Actor(user_id=found[0].id, is_admin=found[0].is_admin, permissions=SystemPermissions(permissions))
