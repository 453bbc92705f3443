"""Users and rights from Django."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import InterfaceError, OperationalError, router

from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user_id import UserId
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.django.thread_connections import close_if_lost

if TYPE_CHECKING:
    # Models, which can only be imported once Django has loaded the applications.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

#: The permission to request and download exports, as Django names it.
PERMISSION: Final = "ticket_export.import_export_tickets"


class DjangoUserDirectory(UserDirectory, SupportsNames):
    """The users of ``AUTH_USER_MODEL``, as Django's authentication finds them.

    A user with the permission ``ticket_export.import_export_tickets``, their own or a group's, may export. A superuser
    is an administrator. A user who is not active has no rights, whatever an authentication backend says. A user model
    without ``is_active`` has active users only; one without ``has_perm`` grants nobody the permission, unless
    `may_export` says who has it. Override `attributes` to give the rules of your catalog more facts about a user.

    A lost database is a `JobDatabaseError`: another attempt of the worker finds the user. An error of an authentication
    backend is raised as it is, so a request or a run ends without a file.
    """

    def find(self, user_id: UserId) -> Actor | None:
        """See `UserDirectory.find`."""
        with _database_errors():
            user = self._users().filter(pk=user_id).first()
            return None if user is None or not _is_active(user) else self.actor_of(user)

    def find_by_email(self, email_address: str) -> Actor | None:
        """See `UserDirectory.find_by_email`. An address of several users, and a blank one, is nobody's."""
        model: Any = get_user_model()
        name = getattr(model, "EMAIL_FIELD", "") or "email"
        try:
            model._meta.get_field(name)
        except FieldDoesNotExist:
            return super().find_by_email(email_address)
        wanted = _folded(email_address)
        if not wanted:
            return None
        with _database_errors():
            users = self._users().filter(**{f"{name}__iexact": email_address})
            # A database may take letters for equal that are not, such as i with and without its dot.
            found = [user for user in users if _is_active(user) and _folded(getattr(user, name)) == wanted]
            return self.actor_of(found[0]) if len(found) == 1 else None

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """See `SupportsNames.names`: the full name, or without one the user name."""
        return {user.pk: self.name_of(user) for user in self._users().filter(pk__in=list(user_ids))}

    def actor_of(self, user: AbstractBaseUser | AnonymousUser) -> Actor:
        """Return the user as the acting user of a use case.

        Django remembers the permissions of a user in the object, so the rights are those that the user had when this
        object was first asked. In a request that is fresh; elsewhere use `find`.
        """
        known: Any = user
        is_active = _is_active(known)
        return Actor(
            user_id=known.pk,
            is_admin=is_active and getattr(known, "is_superuser", False) is True,
            permissions=SystemPermissions.IMPORT_EXPORT_TICKETS
            if is_active and self.may_export(known) is True
            else SystemPermissions.NONE,
            attributes=self.attributes(known),
        )

    def may_export(self, user: Any) -> bool:
        """Return whether an active user may request exports; by default, whether they have the permission."""
        return hasattr(user, "has_perm") and user.has_perm(PERMISSION)

    def attributes(self, user: Any) -> Mapping[str, Any]:
        """Return the facts about a user that rules may use; by default the ids of their groups, as ``groups``."""
        groups: Any = getattr(user, "groups", None)
        # A model of the host may have something else of this name.
        if not hasattr(groups, "values_list"):
            return {}
        return {"groups": tuple(groups.order_by("pk").values_list("pk", flat=True))}

    def name_of(self, user: Any) -> str:
        """Return the name of a user for lists of exports."""
        for method in ("get_full_name", "get_username"):
            if hasattr(user, method) and (name := getattr(user, method)()):
                return str(name)
        return str(user)

    @staticmethod
    def _users() -> Any:
        model: Any = get_user_model()
        close_if_lost(router.db_for_read(model))
        return model._default_manager


def _is_active(user: Any) -> bool:
    return bool(getattr(user, "is_active", True))


def _folded(text: object) -> str:
    """Return an address as Django compares those of users who forgot their password."""
    return unicodedata.normalize("NFKC", str(text or "")).casefold().strip()


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (InterfaceError, OperationalError) as error:
        raise JobDatabaseError("the database of users could not be read") from error
