"""Users and rights from Django."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import connections, router

from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user_id import UserId

if TYPE_CHECKING:
    # Models, which can only be imported once Django has loaded the applications.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

#: The permission to request and download exports, as Django names it.
PERMISSION: Final = "ticket_export.import_export_tickets"


class DjangoUserDirectory(UserDirectory, SupportsNames):
    """The users of ``AUTH_USER_MODEL``, as Django's authentication finds them.

    A user with the permission ``ticket_export.import_export_tickets``, their own or a group's, may export. A superuser
    is an administrator. Override `attributes` to give the rules of your catalog more facts about a user.
    """

    def find(self, user_id: UserId) -> Actor | None:
        """See `UserDirectory.find`."""
        user = self._users().filter(pk=user_id).first()
        return None if user is None or not user.is_active else self.actor_of(user)

    def find_by_email(self, email_address: str) -> Actor | None:
        """See `UserDirectory.find_by_email`. An address of several users is nobody's."""
        field = get_user_model().get_email_field_name()
        found = [user for user in self._users().filter(**{f"{field}__iexact": email_address})[:2] if user.is_active]
        return self.actor_of(found[0]) if len(found) == 1 else None

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """See `SupportsNames.names`: the full name, or without one the user name."""
        return {user.pk: self.name_of(user) for user in self._users().filter(pk__in=list(user_ids))}

    def actor_of(self, user: AbstractBaseUser | AnonymousUser) -> Actor:
        """Return the user as the acting user of a use case, with the rights that they have now."""
        known: Any = user
        may_export = known.has_perm(PERMISSION)
        return Actor(
            user_id=known.pk,
            is_admin=bool(getattr(known, "is_superuser", False)),
            permissions=SystemPermissions.IMPORT_EXPORT_TICKETS if may_export else SystemPermissions.NONE,
            attributes=self.attributes(known),
        )

    def attributes(self, user: Any) -> Mapping[str, Any]:
        """Return the facts about a user that rules may use; by default the ids of their groups, as ``groups``."""
        groups = getattr(user, "groups", None)
        return {} if groups is None else {"groups": tuple(groups.order_by("pk").values_list("pk", flat=True))}

    def name_of(self, user: Any) -> str:
        """Return the name of a user for lists of exports."""
        get_full_name = getattr(user, "get_full_name", None)
        return str((get_full_name() if get_full_name else "") or user.get_username())

    @staticmethod
    def _users() -> Any:
        model: Any = get_user_model()
        # A worker is idle for hours, and its connection may have ended meanwhile. In a request Django looks after it.
        connection = connections[router.db_for_read(model)]
        if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
            connection.close()
        return model._default_manager
