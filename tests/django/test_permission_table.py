"""The design's table of rights with users of Django, who may download their own exports unless a setting says no."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest.mock import patch

import attrs
import pytest

from tests.django.in_process import SQLITE, empty, set_up_django

set_up_django()

from django.contrib.auth.models import Group, Permission, User  # noqa: E402 - once Django is configured
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.test import override_settings  # noqa: E402

from tests.django.desk.models import Ticket  # noqa: E402
from ticket_export import Actor, ExportJobDto  # noqa: E402
from ticket_export.django import DjangoUserDirectory, exports_container  # noqa: E402
from ticket_export.entrypoints.django.current_container import forget_settings  # noqa: E402
from ticket_export.errors import ExportNotFoundError, NotPermittedError  # noqa: E402

NAME: Final = "TICKET_EXPORT_DOWNLOAD_OWN"
VIEW: Final = {"columns": ["title"]}


@attrs.frozen
class Rights:
    user: str
    request: bool
    see_others: bool
    download_own: bool
    download_others: bool


#: With the default of the setting. Every user sees their own exports.
TABLE: Final = [
    Rights("superuser", request=True, see_others=True, download_own=True, download_others=True),
    Rights("permitted", request=True, see_others=False, download_own=True, download_others=False),
    Rights("of a group", request=True, see_others=False, download_own=True, download_others=False),
    Rights("without", request=False, see_others=False, download_own=False, download_others=False),
    Rights("inactive superuser", request=False, see_others=False, download_own=False, download_others=False),
]
#: The setting decides about downloads alone.
BY_DEFAULT = pytest.mark.parametrize("download_own", ["unset"], indirect=True)
ROWS = pytest.mark.parametrize("rights", TABLE, ids=lambda each: each.user)


@pytest.fixture(params=["unset", "True", "False", "environment", "both"])
def download_own(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether users may download their own exports; what Django's settings say wins over the environment."""
    how: str = request.param
    named: dict[str, Any] = {NAME: how != "False"} if how in ("True", "False", "both") else {}
    outside = {NAME: "false"} if how in ("environment", "both") else {}
    with patch.dict(os.environ, outside), override_settings(**named):
        forget_settings(NAME)
        yield how not in ("False", "environment")
    forget_settings(NAME)


@attrs.frozen
class Scene:
    """A user with an export that they made while they were permitted, and one of somebody else."""

    user: User
    own: ExportJobDto
    others: ExportJobDto

    def actor(self) -> Actor:
        return _directory().actor_of(User.objects.get(pk=self.user.pk))


@pytest.fixture
def scene(download_own: bool, rights: Rights, desk_databases: tuple[str, str]) -> Iterator[Scene]:
    empty(SQLITE)
    _, user, other = _permission(), User.objects.create(username="user"), User.objects.create(username="other")
    team = Group.objects.create(name="team")
    Ticket.objects.create(title="Wi-Fi", team=team)
    own, others = _completed(user), _completed(other)
    _give(user, rights.user, team)
    yield Scene(user, own, others)
    empty(SQLITE)


def _directory() -> DjangoUserDirectory:
    directory = exports_container().user_directory()
    assert isinstance(directory, DjangoUserDirectory)
    return directory


def _permission() -> Permission:
    kind, _ = ContentType.objects.get_or_create(app_label="ticket_export", model="exportjob")
    return Permission.objects.get_or_create(content_type=kind, codename="import_export_tickets")[0]


def _completed(user: User) -> ExportJobDto:
    user.user_permissions.add(_permission())
    container = exports_container()
    job = container.request_export()(_directory().actor_of(User.objects.get(pk=user.pk)), VIEW)
    container.worker().drain()
    user.user_permissions.clear()
    return job


def _give(user: User, kind: str, team: Group) -> None:
    if kind == "permitted":
        user.user_permissions.add(_permission())
    if kind == "of a group":
        team.permissions.add(_permission())
        user.groups.add(team)
    user.is_superuser, user.is_active = "superuser" in kind, "inactive" not in kind
    user.save()


def _told(call: Callable[[], object]) -> str:
    try:
        call()
    except (ExportNotFoundError, NotPermittedError) as error:
        return type(error).__name__
    return "allowed"


@BY_DEFAULT
@ROWS
def test_request(scene: Scene, rights: Rights) -> None:
    wanted = "allowed" if rights.request else "NotPermittedError"
    assert _told(lambda: exports_container().request_export()(scene.actor(), VIEW)) == wanted


@BY_DEFAULT
@ROWS
def test_see(scene: Scene, rights: Rights) -> None:
    container, actor = exports_container(), scene.actor()
    assert _told(lambda: container.get_export()(actor, scene.own.id)) == "allowed"
    wanted = "allowed" if rights.see_others else "ExportNotFoundError"
    assert _told(lambda: container.get_export()(actor, scene.others.id)) == wanted
    assert container.list_exports()(actor).total == (2 if rights.see_others else 1)


@ROWS
def test_download(scene: Scene, rights: Rights, download_own: bool) -> None:
    container, actor = exports_container(), scene.actor()

    def download(job: ExportJobDto) -> str:
        return _told(lambda: container.open_download()(actor, job.id).open().close())

    may = rights.download_others or (rights.download_own and download_own)
    assert download(scene.own) == ("allowed" if may else "NotPermittedError")
    others = "NotPermittedError" if rights.see_others else "ExportNotFoundError"
    assert download(scene.others) == ("allowed" if rights.download_others else others)
