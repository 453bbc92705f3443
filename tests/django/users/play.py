"""Claims what holds of every model of users: ``python -m tests.django.users.play``."""

from __future__ import annotations

from typing import Any

import django
import pytest

django.setup()

from django.conf import settings  # noqa: E402 - once Django is set up
from django.contrib.auth.models import Permission  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest  # noqa: E402

from tests.django.users.exports import container  # noqa: E402
from tests.django.users.models import Ticket, User  # noqa: E402
from ticket_export import Actor, SystemPermissions  # noqa: E402
from ticket_export.django import current_actor  # noqa: E402
from ticket_export.errors import ConfigurationError, NotPermittedError  # noqa: E402

KIND: str = settings.DESK_USERS
MAY = SystemPermissions.IMPORT_EXPORT_TICKETS
VIEW = {"columns": ["title"]}
directory: Any = container.user_directory()


def main() -> None:
    call_command("migrate", "auth", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(User)
        editor.create_model(Ticket)
    call_command("migrate", verbosity=0)
    ann, bob = _user("may"), _user("other")
    if hasattr(User, "user_permissions"):
        ann.user_permissions.add(Permission.objects.get(codename="import_export_tickets"))
    for user in (ann, bob):
        Ticket._default_manager.create(title=f"of {user.pk}", owner=user)
    _claim_found(ann, bob)
    _claim_names(ann)
    _claim_addresses(ann)
    if KIND == "bare":
        _claim_nobody_may_by_default(ann)
        directory.may_export = lambda user: user.get_username() == "may"
    _claim_export(ann, bob)
    _claim_inactive(ann)


def _user(name: str) -> Any:
    if KIND == "email":
        return User._default_manager.create(address=f"{name}@example.test")
    known = {"email": f"{name}@example.test"} if hasattr(User, "email") else {}
    return User._default_manager.create(username=name, **known)


def _claim_found(ann: Any, bob: Any) -> None:
    groups: dict[str, tuple[int, ...]] = {"groups": ()} if hasattr(User, "user_permissions") else {}
    granted = SystemPermissions.NONE if KIND == "bare" else MAY
    assert directory.find(ann.pk) == Actor(user_id=ann.pk, permissions=granted, attributes=groups)
    assert directory.find(bob.pk) == Actor(user_id=bob.pk, attributes=groups)
    request = HttpRequest()
    request.user = User._default_manager.get(pk=ann.pk)
    assert current_actor(request) == directory.find(ann.pk)


def _claim_names(ann: Any) -> None:
    name = {"email": "may@example.test", "plain": "Plain may"}.get(KIND, "may")
    assert directory.names([ann.pk]) == {ann.pk: name}


def _claim_addresses(ann: Any) -> None:
    if KIND in ("bare", "plain"):
        with pytest.raises(ConfigurationError, match="find_by_email"):
            directory.find_by_email("may@example.test")
        return
    assert directory.find_by_email("MAY@example.test") == directory.find(ann.pk)
    assert directory.find_by_email("") is None


def _claim_nobody_may_by_default(ann: Any) -> None:
    with pytest.raises(NotPermittedError):
        container.request_export()(directory.find(ann.pk), VIEW)


def _claim_export(ann: Any, bob: Any) -> None:
    with transaction.atomic():
        job = container.request_export()(directory.find(ann.pk), VIEW)
    container.worker().drain()
    shown = container.get_export()(directory.find(ann.pk), job.id)
    assert (shown.status, shown.requester_user_id) == ("completed", ann.pk), shown
    with container.open_download()(directory.find(ann.pk), job.id).open() as file:
        assert file.read().decode("utf-8-sig").splitlines() == ["Title", f"of {ann.pk}"]
    assert container.list_exports()(directory.find(bob.pk)).total == 0


def _claim_inactive(ann: Any) -> None:
    if KIND == "plain":
        return
    job = container.request_export()(directory.find(ann.pk), VIEW)
    User._default_manager.filter(pk=ann.pk).update(is_active=False)
    assert directory.find(ann.pk) is None
    container.worker().drain()
    shown = container.get_export()(Actor(user_id=ann.pk), job.id)
    assert (shown.status, shown.row_count) == ("failed", None), shown


main()
