"""User models as hosts have them."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, BaseUserManager, PermissionsMixin
from django.db import models


class _Manager(BaseUserManager["TextPerson"]):
    def create_superuser(self, login: str, **fields: object) -> TextPerson:
        return self.create(login=login, is_superuser=True, **fields)


class UuidPerson(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid4)
    groups = models.ManyToManyField("auth.Group", related_name="+")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="+")


class TextPerson(AbstractBaseUser, PermissionsMixin):  # type: ignore[misc]  # as Django documents it
    """Nothing that the library could read, except the key."""

    login = models.CharField(max_length=30, primary_key=True)
    groups = models.ManyToManyField("auth.Group", related_name="+")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="+")
    USERNAME_FIELD = "login"
    objects = _Manager()


class Agent(UuidPerson):
    """Has its key, and every column but one, in another table."""

    desk = models.CharField(max_length=50, blank=True)


class OddPerson(AbstractUser):
    groups = models.ManyToManyField("auth.Group", related_name="+", db_table="odd_groups")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="+", db_table="odd_permissions")
    number = models.AutoField(primary_key=True, db_column="order by")

    class Meta:
        db_table = "Our people, all"


class QuotedPerson(AbstractUser):
    groups = models.ManyToManyField("auth.Group", related_name="+", db_table="quoted_groups")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="+", db_table="quoted_permissions")

    class Meta:
        # Django takes a name in quotes as it is.
        db_table = '"Quoted people"'
