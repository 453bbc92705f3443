"""The library's settings, from Django's settings and the environment."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from ticket_export.application.secret_url import SecretUrl
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.databases import database_url
from ticket_export.settings import Settings

#: The beginning of the names of the library's settings.
PREFIX: Final = "TICKET_EXPORT_"
#: The setting that names the host's container.
APP: Final = f"{PREFIX}APP"

_DATABASES: Final = ("database_url", "tickets_database_url")


def app_setting() -> str:
    """Return the ``module:attribute`` of the host's container.

    Raises:
        ConfigurationError: Django's settings do not name it.
    """
    try:
        name = getattr(django_settings, APP, None)
    except ImproperlyConfigured as error:
        raise ConfigurationError(f"Django has no settings yet; set DJANGO_SETTINGS_MODULE: {error}") from error
    if not isinstance(name, str) or not name:
        raise ConfigurationError(
            f'the setting {APP} is missing; name your container in it, such as {APP} = "desk.exports:container"'
        )
    return name


@lru_cache(maxsize=4)
def library_settings(alias: str) -> Settings:
    """Return the settings for exports in Django's database `alias`.

    Django's settings win over the environment and over ``.env``. ``TICKET_EXPORT_DOWNLOAD_OWN`` is true unless it is
    set.

    Raises:
        ConfigurationError: a name is unknown, a value is invalid, or a database is set here and not in ``DATABASES``.
    """
    return settings_without_database().model_copy(update={"database_url": SecretUrl(database_url(alias))})


def settings_without_database() -> Settings:
    """Return the same settings with the default for the URL of the database, which `library_settings` finds.

    Raises:
        ConfigurationError: as for `library_settings`, except for what is wrong with ``DATABASES``.
    """
    found = Settings.load(**_given())
    if named := [each for each in _DATABASES if each in found.model_fields_set]:
        raise ConfigurationError(
            f"{PREFIX}{named[0].upper()}: Django's DATABASES names the databases, and its routers choose among them; "
            "remove this setting"
        )
    return found if "download_own" in found.model_fields_set else found.model_copy(update={"download_own": True})


def hide_secrets() -> None:
    """Let Django's debug page and its mails to administrators show the library's URLs without passwords.

    Django itself hides settings with names such as ``…_KEY`` or ``…_PASSWORD``.
    """
    for name in _names():
        value = getattr(django_settings, name)
        if type(value) is str and "URL" in name:
            setattr(django_settings, name, SecretUrl(value))
        elif isinstance(value, list | tuple) and "URL" in name:
            setattr(
                django_settings, name, type(value)(SecretUrl(each) if type(each) is str else each for each in value)
            )


def _given() -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in _names():
        value, field = getattr(django_settings, name), name.removeprefix(PREFIX).lower()
        if isinstance(value, Path):
            raise ConfigurationError(f"{name}: a path is not a URL; write {name} = (BASE_DIR / …).as_uri()")
        # An unknown setting keeps its name for the message.
        given[field if field in Settings.model_fields else name] = value
    return given


def _names() -> list[str]:
    return [name for name in dir(django_settings) if name.startswith(PREFIX)]
