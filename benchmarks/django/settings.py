"""The settings of the help desk, from the environment of each measured process (`Project`)."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import make_url

SECRET_KEY = "of the benchmarks"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "benchmarks.django",
    *os.environ["DESK_APPS"].split(),
]


def _database() -> dict[str, object]:
    url = make_url(os.environ["DESK_DATABASE"])
    if url.drivername == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.database}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.query.get("host", url.host or ""),
        "PORT": url.query.get("port", url.port or ""),
    }


DATABASES = {"default": _database()}
TICKET_EXPORT_APP = "benchmarks.django.exports:container"
TICKET_EXPORT_STORAGE_URL = Path(os.environ["DESK_STORAGE"]).as_uri()
# The benchmark of requests makes many.
TICKET_EXPORT_MAX_ACTIVE_JOBS_PER_USER = 0
