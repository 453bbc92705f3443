"""The settings of the help desk, with models of odd names and values; the time zone is not UTC."""

import os

from tests.django.settings import *  # noqa: F403 - as Django's own settings do

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "tests.rights.on_django",
    "ticket_export.django",
]
MIDDLEWARE = []
ROOT_URLCONF = "tests.rights.on_django.settings"
urlpatterns: list[object] = []
TIME_ZONE = "America/Sao_Paulo"
TICKET_EXPORT_APP = "tests.rights.on_django.scene:CONTAINER"
if "DESK_DATABASE" not in os.environ:
    # Thousands of small transactions: no file need survive a crash.
    DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"}  # noqa: F405
