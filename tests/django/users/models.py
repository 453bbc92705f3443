"""The model of users that ``DESK_USERS`` names, and one ticket for exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, PermissionsMixin
from django.db import models


def _uuid() -> Any:
    class User(AbstractUser):
        id = models.UUIDField(primary_key=True, default=uuid4)

    return User


def _text() -> Any:
    class User(AbstractUser):
        id = models.CharField(primary_key=True, max_length=50, default=lambda: f"Üser %s:'{uuid4().hex}")

    return User


def _email() -> Any:
    class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[misc]  # Django's own documented bases
        """Has neither a user name nor Django's name for its address."""

        address = models.EmailField(unique=True)
        is_active = models.BooleanField(default=True)
        USERNAME_FIELD = EMAIL_FIELD = "address"

    return User


def _bare() -> Any:
    class User(AbstractBaseUser):
        """Has no permissions and no groups of Django; what it calls groups is a text."""

        username = models.CharField(max_length=50, unique=True)
        is_active = models.BooleanField(default=True)
        groups = models.TextField(default="network")
        USERNAME_FIELD = "username"

    return User


def _plain() -> Any:
    class User(models.Model):
        """A model that no class of Django's authentication is a base of, without ``is_active``."""

        username = models.CharField(max_length=50, unique=True)
        is_authenticated = True
        is_anonymous = False
        USERNAME_FIELD = "username"
        REQUIRED_FIELDS = ()

        def __str__(self) -> str:
            return f"Plain {self.username}"

        def has_perm(self, name: str) -> bool:
            return name == "ticket_export.import_export_tickets" and self.username == "may"

    return User


_KINDS: Final[dict[str, Callable[[], Any]]] = {
    "uuid": _uuid,
    "text": _text,
    "email": _email,
    "bare": _bare,
    "plain": _plain,
}
User: Any = _KINDS[settings.DESK_USERS]()


class Ticket(models.Model):
    title = models.CharField(max_length=50)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
