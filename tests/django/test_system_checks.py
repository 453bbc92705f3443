"""``manage.py check`` tells what is wrong with the settings of exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.django.in_process import set_up_django
from tests.django.own_settings import own_project
from tests.django.project import DeskProject

folder = set_up_django()

from django.core.checks import CheckMessage, run_checks  # noqa: E402 - after the set-up
from django.test import override_settings  # noqa: E402


def _messages(**settings: Any) -> list[CheckMessage]:
    with override_settings(**settings):
        return [each for each in run_checks() if (each.id or "").startswith("ticket_export.")]


def test_a_sound_project_has_no_message() -> None:
    assert _messages() == []


@pytest.mark.parametrize(
    ("settings", "identity", "what", "hint"),
    [
        ({"TICKET_EXPORT_APP": None}, "E002", "TICKET_EXPORT_APP is missing", "desk.exports:container"),
        ({"TICKET_EXPORT_APP": "desk.nothing:container"}, "E002", "No module named 'desk'", ""),
        ({"TICKET_EXPORT_APP": "tests.django.desk.exports:nothing"}, "E002", "does not define", ""),
        ({"TICKET_EXPORT_APP": "tests.django.desk.exports:catalog"}, "E002", "not a container", "export_container"),
        ({"TICKET_EXPORT_APP": "tests.django.test_system_checks:lazy"}, "E004", "no field 'titel'", ""),
        ({"TICKET_EXPORT_RETENTION_HOUR": 1}, "E003", "unknown setting", "did you mean TICKET_EXPORT_RETENTION_HOURS"),
        ({"TICKET_EXPORT_RETENTION_HOURS": "soon"}, "E003", "TICKET_EXPORT_RETENTION_HOURS: Input should be", ""),
        ({"TICKET_EXPORT_DATABASE_URL": "sqlite:///x.db"}, "E003", "Django's DATABASES", "remove this setting"),
        ({"TICKET_EXPORT_STORAGE_URL": Path("/srv/exports")}, "E003", "a path is not a URL", "as_uri()"),
        ({"TICKET_EXPORT_APP": "tests.django.test_system_checks:open_to_all"}, "W001", "no row rule", "visible_to="),
    ],
)
def test_each_mistake_has_a_message(settings: Mapping[str, Any], identity: str, what: str, hint: str) -> None:
    (message,) = _messages(**settings)
    assert message.id == f"ticket_export.{identity}"
    assert message.is_serious() is identity.startswith("E")
    assert what in f"{message.msg} {message.hint}"
    assert hint in f"{message.msg} {message.hint}"


@pytest.mark.parametrize("name", ["MEDIA_ROOT", "STATIC_ROOT"])
def test_a_storage_that_the_web_server_publishes_is_a_warning(name: str) -> None:
    storage = (folder / "public" / "exports").as_uri()
    (message,) = _messages(**{name: folder / "public", "TICKET_EXPORT_STORAGE_URL": storage})
    assert (message.id, message.is_serious()) == ("ticket_export.W002", False)
    assert name in message.msg
    assert _messages(**{name: folder / "other", "TICKET_EXPORT_STORAGE_URL": storage}) == []


def test_a_module_that_fails_is_named_and_its_text_is_not_shown(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "failing_exports.py").write_text("raise RuntimeError('secret')")
    monkeypatch.syspath_prepend(tmp_path)
    (message,) = _messages(TICKET_EXPORT_APP="failing_exports:container")
    assert "RuntimeError" in message.msg
    assert "secret" not in f"{message.msg} {message.hint}"


def test_checks_are_silent_until_the_migrations_are_applied(project: DeskProject) -> None:
    (project.folder / "a-file").touch()
    broken = own_project(project, "TICKET_EXPORT_STORAGE_URL = (FOLDER / 'a-file' / 'exports').as_uri()")
    assert "no issues" in broken.manage("check", "--database=default").stdout
    broken.manage("migrate", "--verbosity=0")
    told = broken.manage("check", "--database=default").stderr
    assert "(ticket_export.W020) storage: " in told
    # What mends a setup must not wait for it.
    broken.manage("migrate", "--verbosity=0")


_SAFE = """
DEBUG = False
SECURE_HSTS_SECONDS = 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *MIDDLEWARE,
              "django.middleware.clickjacking.XFrameOptionsMiddleware"]
"""


def test_a_sound_project_can_be_deployed(tmp_path: Path) -> None:
    project = own_project(DeskProject(tmp_path), _SAFE)
    project.manage("migrate", "--verbosity=0")
    assert "no issues" in project.manage("check", "--deploy", "--database=default", "--fail-level=INFO").stdout


def test_an_application_that_is_missing_is_named(tmp_path: Path) -> None:
    project = own_project(DeskProject(tmp_path), "INSTALLED_APPS.remove('ticket_export.django')")
    code = """
from ticket_export.django import exports_container
try:
    exports_container()
except Exception as error:
    print(error)
"""
    assert 'add "ticket_export.django" to it' in project.run(code).stdout


def _lazy() -> Any:
    from dependency_injector.providers import Callable

    from tests.django.desk.models import Ticket
    from ticket_export.django import catalog_for, export_container

    def catalog() -> Any:
        return catalog_for(Ticket.objects.all(), columns=["titel"], created_at="opened_at")

    return export_container(catalog=Callable(catalog))


def _open_to_all() -> Any:
    from tests.django.desk.models import Ticket
    from ticket_export.django import catalog_for, export_container

    return export_container(catalog=catalog_for(Ticket.objects.all(), columns=["title"], created_at="opened_at"))


lazy, open_to_all = _lazy(), _open_to_all()


def test_each_wrong_setting_is_a_message_of_its_own() -> None:
    with override_settings(TICKET_EXPORT_RETENTION_HOURS="soon", TICKET_EXPORT_MAX_ATTEMPTS=0):
        found = _messages()
    assert len(found) == 2
    assert all("TICKET_EXPORT_" in each.msg and "TICKET_EXPORT_" not in str(each.hint) for each in found)
