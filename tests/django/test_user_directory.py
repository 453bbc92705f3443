"""A user has the rights that Django gives them: their own, a group's or a superuser's, and none while not active."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any, Final

import attrs
import pytest

from tests.django.in_process import SERVER, empty, set_up_django

set_up_django()

from django.contrib.auth.backends import BaseBackend  # noqa: E402 - once Django is configured
from django.contrib.auth.models import AnonymousUser, Group, Permission, User  # noqa: E402
from django.core.exceptions import PermissionDenied  # noqa: E402
from django.db import OperationalError, connections, models  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import override_settings  # noqa: E402

from ticket_export import Actor, SystemPermissions  # noqa: E402
from ticket_export.django import DjangoUserDirectory, current_actor  # noqa: E402
from ticket_export.errors import ConfigurationError, JobDatabaseError  # noqa: E402
from ticket_export.infrastructure.django.databases import engine_of  # noqa: E402
from ticket_export.infrastructure.django.users_table import host_table_names  # noqa: E402

MAY: Final = SystemPermissions.IMPORT_EXPORT_TICKETS
MODEL_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@attrs.define
class OneAlias:
    """A router that keeps everything in one database."""

    alias: str

    def db_for_read(self, model: object, **_: object) -> str:
        return self.alias

    db_for_write = db_for_read


@pytest.fixture
def directory(alias: str) -> Iterator[DjangoUserDirectory]:
    """The directory of users who are in the database of that alias."""
    empty(alias)
    with override_settings(DATABASE_ROUTERS=[OneAlias(alias)]):
        yield DjangoUserDirectory()
    empty(alias)


def permission() -> Permission:
    found, _ = Permission.objects.get_or_create(
        content_type=_content_type("exportjob"), codename="import_export_tickets", defaults={"name": "Export"}
    )
    return found


def other_permission() -> Permission:
    """A permission of the same codename, of another application."""
    found, _ = Permission.objects.get_or_create(
        content_type=_content_type("ticket", "desk"), codename="import_export_tickets", defaults={"name": "Other"}
    )
    return found


def _content_type(model: str, app: str = "ticket_export") -> Any:
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()
    return ContentType.objects.get_or_create(app_label=app, model=model)[0]


def test_rights_are_those_that_django_gives(directory: DjangoUserDirectory) -> None:
    granting, other, plain = (Group.objects.create(name=name) for name in ("granting", "other", "plain"))
    granting.permissions.add(permission())
    other.permissions.add(other_permission())
    chance = Random(1)
    groups = {"granting": granting, "other": other, "plain": plain}
    for place, (active, superuser, staff, own, wrong) in enumerate(product((True, False), repeat=5)):
        joined = [name for name in groups if chance.random() < 0.5]
        user = User.objects.create(username=f"{place}", is_active=active, is_superuser=superuser, is_staff=staff)
        user.groups.set([groups[name] for name in joined])
        user.user_permissions.set([permission()] * own + [other_permission()] * wrong)
        may = superuser or own or "granting" in joined
        facts = {"groups": tuple(sorted(groups[name].pk for name in joined))}
        rights = MAY if may and active else SystemPermissions.NONE
        wanted = Actor(user_id=user.pk, is_admin=superuser and active, permissions=rights, attributes=facts)
        fresh = User.objects.get(pk=user.pk)
        assert directory.actor_of(fresh) == wanted
        assert directory.find(user.pk) == (wanted if active else None)


def test_rights_are_read_again_for_each_use(directory: DjangoUserDirectory) -> None:
    group = Group.objects.create(name="granting")
    group.permissions.add(permission())
    user = User.objects.create(username="ada")
    user.groups.add(group)
    assert directory.find(user.pk) == Actor(user_id=user.pk, permissions=MAY, attributes={"groups": (group.pk,)})
    user.groups.clear()
    assert directory.find(user.pk) == Actor(user_id=user.pk, attributes={"groups": ()})
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    found = directory.find(user.pk)
    assert found is not None
    assert (found.is_admin, found.permissions) == (True, MAY)
    user.delete()
    assert directory.find(user.pk or 1) is None


@pytest.mark.parametrize("nobody", [-1, 0, 2**63 - 1, 2**80])
def test_nobody_is_found_by_a_key_that_no_user_has(directory: DjangoUserDirectory, nobody: int) -> None:
    User.objects.create(username="ada")
    assert directory.find(nobody) is None


def test_an_address_of_one_user_finds_them_in_any_letter_case(directory: DjangoUserDirectory) -> None:
    ada = User.objects.create(username="ada", email="Ada@Example.test")
    assert directory.find_by_email("aDA@example.TEST") == directory.find(ada.pk)


def test_an_address_that_looks_like_another_finds_nobody(directory: DjangoUserDirectory) -> None:
    User.objects.create(username="mike", email="mıke@example.test")
    assert directory.find_by_email("mike@example.test") is None


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_address_finds_nobody(directory: DjangoUserDirectory, blank: str) -> None:
    User.objects.create(username="ada", email="")
    assert directory.find_by_email(blank) is None


def test_an_address_of_several_active_users_finds_nobody(directory: DjangoUserDirectory) -> None:
    for name, is_active in (("one", False), ("two", True), ("three", True)):
        User.objects.create(username=name, email="desk@example.test", is_active=is_active)
    assert directory.find_by_email("desk@example.test") is None
    User.objects.filter(username="two").update(is_active=False)
    assert directory.find_by_email("desk@example.test") == directory.find(User.objects.get(username="three").pk)


class GrantsEverything(BaseBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        return True


class Denies(BaseBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        raise PermissionDenied


class IsAway(BaseBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        raise ConnectionError("ldap.example.test is away")


class LosesTheDatabase(BaseBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        raise OperationalError("server closed the connection unexpectedly")


def _backends(*backends: type[BaseBackend]) -> Any:
    return override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.{each.__name__}" for each in backends])


def test_a_backend_gives_rights_to_active_users_alone(directory: DjangoUserDirectory) -> None:
    user = User.objects.create(username="ada")
    with _backends(GrantsEverything):
        assert directory.actor_of(user).permissions == MAY
        user.is_active = False
        assert directory.actor_of(user).permissions == SystemPermissions.NONE
        assert directory.actor_of(AnonymousUser()).permissions == SystemPermissions.NONE


def test_a_backend_that_denies_ends_the_question(directory: DjangoUserDirectory) -> None:
    user = User.objects.create(username="ada")
    with _backends(Denies, GrantsEverything):
        assert directory.actor_of(user).permissions == SystemPermissions.NONE


def test_a_backend_that_fails_is_never_a_yes(directory: DjangoUserDirectory) -> None:
    user = User.objects.create(username="ada")
    with _backends(IsAway, GrantsEverything), pytest.raises(ConnectionError):
        directory.find(user.pk)


def test_a_lost_database_leaves_the_export_to_another_attempt(directory: DjangoUserDirectory) -> None:
    user = User.objects.create(username="ada")
    with _backends(LosesTheDatabase), pytest.raises(JobDatabaseError):
        directory.find(user.pk)


class Truthy(DjangoUserDirectory):
    def may_export(self, user: Any) -> Any:
        return "no"


def test_only_a_clear_yes_is_a_permission(directory: DjangoUserDirectory) -> None:
    user = User.objects.create(username="ada")
    assert Truthy().actor_of(user).permissions == SystemPermissions.NONE


def test_a_connection_that_the_server_has_ended_is_opened_again(desk_databases: tuple[str, str]) -> None:
    empty(SERVER)
    with override_settings(DATABASE_ROUTERS=[OneAlias(SERVER)]):
        user = User.objects.create(username="ada")
        with connections[SERVER].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (process,) = cursor.fetchone()
        with engine_of(SERVER).connect() as other:
            other.exec_driver_sql("SELECT pg_terminate_backend(%s, 10000)", (process,))
        assert DjangoUserDirectory().find(user.pk) == Actor(user_id=user.pk, attributes={"groups": ()})
    empty(SERVER)


def test_nobody_is_the_actor_of_a_request_without_login() -> None:
    request = HttpRequest()
    request.user = AnonymousUser()
    assert current_actor(request) is None


def test_a_request_without_the_middleware_names_it() -> None:
    with pytest.raises(ConfigurationError, match="AuthenticationMiddleware"):
        current_actor(HttpRequest())


def test_the_users_table_has_the_names_of_the_model() -> None:
    class Agent(models.Model):
        code = models.TextField(primary_key=True, db_column="agent code")
        mail = models.EmailField(db_column="mail address")
        EMAIL_FIELD = "mail"

        class Meta:
            app_label = "nowhere"
            db_table = "agents: all"

    names = host_table_names(Agent, "default")
    assert names.user_key is str
    assert names.users is not None
    assert names.users.name == "agents: all"
    assert dict(names.users.columns) == {"id": "agent code", "email_address": "mail address"}


def test_a_child_of_a_user_model_has_the_key_of_its_parent() -> None:
    class Engineer(User):
        class Meta:
            app_label = "nowhere"

    names = host_table_names(Engineer, "default")
    assert names.user_key is int
    assert names.users is not None
    assert dict(names.users.columns) == {"id": "user_ptr_id"}


@pytest.mark.parametrize(
    "field",
    [models.DateField(primary_key=True), models.BinaryField(primary_key=True), models.FloatField(primary_key=True)],
)
def test_a_key_of_another_type_is_refused_by_its_name(field: Any) -> None:
    model = type(
        f"With{type(field).__name__}",
        (models.Model,),
        {"__module__": __name__, "since": field, "Meta": type("Meta", (), {"app_label": "nowhere"})},
    )
    with pytest.raises(ConfigurationError, match=rf"since: a key of type {type(field).__name__} is not supported"):
        host_table_names(model, "default")
