"""The settings of the help desk, from the environment: for processes that a test starts, as a host's own are.

``DESK_FOLDER`` is an empty folder for its files. ``DESK_DATABASE`` is the URL of a PostgreSQL database; without it,
the database is a SQLite file. ``DESK_POOL`` switches on Django's pool of psycopg, ``DESK_ATOMIC`` ATOMIC_REQUESTS,
and ``DESK_NAIVE`` off USE_TZ.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import make_url

FOLDER = Path(os.environ["DESK_FOLDER"])
SECRET_KEY = "of the tests, and long enough, and of many different letters 0123456789"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "tests.django.desk.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "tests.django.desk",
    "ticket_export.django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
if "DESK_NAIVE" in os.environ:
    USE_TZ, TIME_ZONE = False, "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"


def _database() -> dict[str, object]:
    if "DESK_DATABASE" not in os.environ:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "desk.db"}
    url = make_url(os.environ["DESK_DATABASE"])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or url.query.get("host", ""),
        "PORT": url.port or url.query.get("port", ""),
        "OPTIONS": {"pool": True} if "DESK_POOL" in os.environ else {},
    }


DATABASES = {"default": {**_database(), "ATOMIC_REQUESTS": "DESK_ATOMIC" in os.environ}}
TICKET_EXPORT_APP = "tests.django.desk.exports:container"
TICKET_EXPORT_STORAGE_URL = (FOLDER / "exports").as_uri()
