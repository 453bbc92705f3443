"""Users whose rights change, and the directory that reads them again for each use."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User

from tests.rights.on_django.models import Profile
from tests.rights.on_django.world import NAMES, TOKENS
from ticket_export.django import DjangoUserDirectory

FACTS: Final = ("region", "level", "token")


class Directory(DjangoUserDirectory):
    """Gives the rules the facts of the user's profile too."""

    def attributes(self, user: Any) -> Mapping[str, Any]:
        """Return the facts of the profile, next to the ids of the groups."""
        profile = Profile.objects.get(user_id=user.pk)
        return {**super().attributes(user), **{name: getattr(profile, name) for name in FACTS}}


def permission() -> Permission:
    """Return the permission to export."""
    return Permission.objects.get(content_type__app_label="ticket_export", codename="import_export_tickets")


def change_rights(chance: Random, user: User) -> None:
    """Give the user random rights and facts; nearly always with the permission to export."""
    granting, *groups = Group.objects.order_by("pk")
    how = chance.choice(("own", "own", "own", "group", "group", "group", "superuser", "superuser", "superuser", "none"))
    joined = chance.sample(groups, chance.choice((0, 1, 1, 2, 3)))
    user.groups.set([granting, *joined] if how == "group" else joined)
    user.user_permissions.set([permission()] if how == "own" else [])
    user.is_superuser = how == "superuser"
    user.is_active = True
    user.save()
    Profile.objects.filter(user_id=user.pk).update(
        region=chance.choice((None, *NAMES)),
        level=chance.choice((None, 0, 1, 2, 3)),
        token=chance.choice((None, *TOKENS)),
    )


def leave_a_group(chance: Random, user: User) -> None:
    """Remove the user from one of their groups, which may be the one that has granted the permission."""
    if groups := list(user.groups.order_by("pk")):
        user.groups.remove(chance.choice(groups))


def everybody() -> list[User]:
    """Return all users, in the order of their keys."""
    return list(get_user_model()._default_manager.order_by("pk"))
