"""Django's settings are the library's settings."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import make_url

from tests.django.in_process import SERVER, SQLITE, set_up_django
from tests.django.own_settings import own_project
from tests.django.project import DeskProject

set_up_django()

from django.conf import settings as django_settings  # noqa: E402 - after the set-up
from django.db import connections  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.views.debug import get_default_exception_reporter_filter  # noqa: E402

from ticket_export import TicketExportContainer  # noqa: E402
from ticket_export.django import export_container, exports_container  # noqa: E402
from ticket_export.entrypoints.django.command_session import DjangoSession  # noqa: E402
from ticket_export.entrypoints.django.library_settings import hide_secrets  # noqa: E402
from ticket_export.errors import ConfigurationError  # noqa: E402
from ticket_export.infrastructure.django.databases import database_url, engine_of  # noqa: E402


def test_a_test_of_a_host_overrides_settings() -> None:
    container = exports_container()
    before = container.settings().retention_hours
    with override_settings(TICKET_EXPORT_RETENTION_HOURS=3):
        assert container.settings().retention_hours == 3
        assert container.request_export().retention == timedelta(hours=3)
    assert container.settings().retention_hours == before


@override_settings(
    TICKET_EXPORT_FORMATS=["ndjson", "csv"],
    TICKET_EXPORT_FORMER_STORAGE_URLS=("file:///srv/old",),
    TICKET_EXPORT_CSV_BOM=False,
    TICKET_EXPORT_MAX_ATTEMPTS=7,
    TICKET_EXPORT_S3_REGION=None,
)
def test_values_are_those_of_python() -> None:
    found = exports_container().settings()
    assert found.formats == ("ndjson", "csv")
    assert found.former_storage_urls == ("file:///srv/old",)
    assert (found.csv_bom, found.max_attempts, found.s3_region) == (False, 7, None)


def test_djangos_settings_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("TICKET_EXPORT_LEASE_SECONDS", "44")
    with override_settings(TICKET_EXPORT_MAX_ATTEMPTS=6):
        found = exports_container().settings()
    assert (found.max_attempts, found.lease_seconds) == (6, 44)


def test_users_may_download_unless_the_setting_says_otherwise() -> None:
    assert exports_container().settings().download_own
    with override_settings(TICKET_EXPORT_DOWNLOAD_OWN=False):
        assert not exports_container().settings().download_own


def test_a_database_in_the_environment_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", "postgresql://desk:hunter2@server/desk")
    with override_settings(TICKET_EXPORT_MAX_ATTEMPTS=6), pytest.raises(ConfigurationError) as refused:
        exports_container().settings()
    assert "Django's DATABASES" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_an_override_may_name_something_that_is_no_container() -> None:
    with override_settings(TICKET_EXPORT_APP="nothing:at_all"), pytest.raises(ConfigurationError, match="nothing"):
        exports_container()
    assert exports_container().settings().max_attempts == 3


def test_passwords_are_not_on_djangos_debug_page() -> None:
    secrets = {
        "TICKET_EXPORT_STORAGE_URL": "sftp://desk:hunter2@server/exports",
        "TICKET_EXPORT_FORMER_STORAGE_URLS": ["sftp://desk:hunter2@server/old"],
    }
    with override_settings(**secrets):
        hide_secrets()
        shown = get_default_exception_reporter_filter().get_safe_settings()
        assert "hunter2" not in repr({name: shown[name] for name in secrets})
        assert secrets["TICKET_EXPORT_STORAGE_URL"] == django_settings.TICKET_EXPORT_STORAGE_URL


def test_a_host_has_a_container_of_its_own_kind() -> None:
    class DeskContainer(TicketExportContainer):
        pass

    catalog = exports_container().catalog()
    container = export_container(DeskContainer, catalog=catalog)
    assert container.catalog() is catalog
    with pytest.raises(ConfigurationError, match="catalog is missing"):
        export_container(DeskContainer)
    with pytest.raises(ConfigurationError, match="did you mean storage"):
        export_container(catalog=catalog, strage=None)  # type: ignore[call-overload]


def test_messages_name_the_commands_of_django() -> None:
    session = DjangoSession()
    assert session.command_line("worker") == "python manage.py export_worker"
    assert session.command_line("migrate") == "python manage.py migrate"
    assert session.command_line("--debug check") == "python manage.py export_check --verbosity 3"
    assert session.command_line("storage take-over").startswith("ticket-export --app tests.django.desk.exports")


def test_threads_share_a_container() -> None:
    found: list[Any] = []
    with override_settings(TICKET_EXPORT_MAX_ATTEMPTS=4):
        threads = [Thread(target=lambda: found.append(exports_container().settings()), daemon=True) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
    assert [each.max_attempts for each in found] == [4] * 8


def test_a_container_that_is_asked_for_too_early_says_so(tmp_path: Path) -> None:
    project = DeskProject(tmp_path)
    code = "from ticket_export.django import exports_container\nexports_container()"
    ended = project.python("-c", code, check=False)
    assert "before Django has loaded the applications" in ended.stderr.splitlines()[-1]
    unset = {**project.environment, "DJANGO_SETTINGS_MODULE": ""}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=unset, capture_output=True, text=True, check=False, timeout=120
    )
    assert "set DJANGO_SETTINGS_MODULE" in ended.stderr.splitlines()[-1]


def test_the_command_line_sets_up_django(tmp_path: Path) -> None:
    project = own_project(DeskProject(tmp_path))
    project.manage("migrate", "--verbosity=0")
    command = ("-m", "ticket_export.entrypoints.cli", "--app", "tests.django.desk.exports:container", "check")
    assert project.python(*command).stdout == "no problem found\n"
    without = own_project(DeskProject(tmp_path), DJANGO_SETTINGS_MODULE="")
    ended = without.python(*command, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "set DJANGO_SETTINGS_MODULE" in ended.stderr


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"NAME": "desk"}, {"database": "desk"}),
        ({"NAME": "desk", "PASSWORD": "p@ss:w/ rd%&?#'\\"}, {"password": "p@ss:w/ rd%&?#'\\"}),
        ({"NAME": "desk", "USER": "me", "PASSWORD": "p@ss:w/ rd%&?#'\\"}, {"password": "p@ss:w/ rd%&?#'\\"}),
        (
            {"NAME": "desk", "HOST": "/var/run/postgresql", "PORT": "6432"},
            {"port": 6432, "host": "/var/run/postgresql"},
        ),
        ({"NAME": "desk", "HOST": "::1"}, {"host": "::1"}),
        (
            {"NAME": "", "OPTIONS": {"service": "desk", "passfile": ".pgpass"}},
            {"service": "desk", "passfile": ".pgpass"},
        ),
        ({"NAME": "desk", "OPTIONS": {"sslmode": "verify-full", "sslrootcert": None}}, {"sslmode": "verify-full"}),
        ({"NAME": "desk", "OPTIONS": {"options": "-c search_path=desk"}}, {"options": "-c search_path=desk"}),
        ({"NAME": "desk", "OPTIONS": {"assume_role": "my role"}}, {"options": "-c role=my\\ role"}),
        ({"NAME": "desk", "OPTIONS": {"pool": {"max_size": 4}}}, {"database": "desk"}),
        ({"NAME": "desk", "OPTIONS": {"isolation_level": 4, "server_side_binding": True}}, {"database": "desk"}),
        ({"NAME": "desk", "TIME_ZONE": "Asia/Tokyo", "TEST": {"NAME": "other"}}, {"database": "desk"}),
    ],
)
def test_a_database_of_postgresql_is_found_as_django_finds_it(given: dict[str, Any], expected: dict[str, Any]) -> None:
    defaults = {"USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {}}
    with patch.dict(connections[SERVER].settings_dict, {**defaults, **given}):
        text = database_url(SERVER)
    url = make_url(text)
    found = {"database": url.database, "password": url.password, "port": url.port, "host": url.host, **url.query}
    assert {name: found[name] for name in expected} == expected
    assert not {"pool", "isolation_level", "cursor_factory", "assume_role"} & url.query.keys()
    assert "p@ss" not in repr(text)


@pytest.mark.parametrize("name", ["desk.db", Path("other.db"), "a folder/dé%20sk.db"])
@pytest.mark.parametrize(
    "options", [{}, {"timeout": 5, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA cache_size=77;"}]
)
def test_a_file_of_sqlite_is_found_as_django_finds_it(
    name: Any, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder").mkdir()
    with patch.dict(connections[SQLITE].settings_dict, {"NAME": name, "OPTIONS": options}):
        engine = engine_of(SQLITE)
    with engine.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA cache_size").scalar()
        assert (size == 77) is bool(options)
    engine.dispose()
    assert (tmp_path / name).exists()


def test_other_databases_are_refused_by_name() -> None:
    with (
        patch.object(connections[SQLITE], "vendor", "mysql"),
        patch.object(connections[SQLITE], "display_name", "MySQL"),
        pytest.raises(ConfigurationError, match=r"DATABASES\['default'\]: MySQL is not supported"),
    ):
        database_url(SQLITE)
    with (
        patch.object(_driver(SERVER), "__name__", "psycopg2"),
        pytest.raises(ConfigurationError, match=r"psycopg2 is not supported; pip install"),
    ):
        database_url(SERVER)
    with (
        patch.dict(connections[SQLITE].settings_dict, {"NAME": "what?.db"}),
        pytest.raises(ConfigurationError, match="question mark"),
    ):
        database_url(SQLITE)


def _driver(alias: str) -> Any:
    connection: Any = connections[alias]
    return connection.Database
