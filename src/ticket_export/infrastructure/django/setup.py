"""Django's applications, in a process that Django has not started."""

from __future__ import annotations

import django
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from ticket_export.errors import ConfigurationError


def set_up_django() -> bool:
    """Load the applications, as ``manage.py`` does. Return whether this call did it.

    Raises:
        ConfigurationError: ``DJANGO_SETTINGS_MODULE`` is not set, or names a module that cannot be imported.
    """
    if apps.ready:
        return False
    try:
        django.setup()
    except ImproperlyConfigured as error:
        if "DJANGO_SETTINGS_MODULE" not in str(error):
            raise
        raise ConfigurationError(
            "it needs Django's settings; set DJANGO_SETTINGS_MODULE, such as DJANGO_SETTINGS_MODULE=desk.settings"
        ) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"DJANGO_SETTINGS_MODULE, or an application that it installs: {error}") from error
    return True
