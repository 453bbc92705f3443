"""The settings of the help desk, changed by a JSON object in ``DESK_SETTINGS``."""

from __future__ import annotations

import json
import os

from tests.django import settings as desk

INSTALLED_APPS = [*desk.INSTALLED_APPS, "tests.django.tables.people"]
DATABASES = {**desk.DATABASES, "other": {**desk.DATABASES["default"], "NAME": str(desk.FOLDER / "other.db")}}
if "DESK_OTHER" in os.environ:
    DATABASES["other"]["NAME"] = os.environ["DESK_OTHER"]
globals().update(
    {
        name: value
        for name, value in vars(desk).items()
        if name.isupper() and name not in {"INSTALLED_APPS", "DATABASES"}
    }
)
globals().update(json.loads(os.environ.get("DESK_SETTINGS", "{}")))
if "DESK_TIME_ZONE" in globals():
    # The zone of each session.
    DATABASES["default"]["TIME_ZONE"] = globals()["DESK_TIME_ZONE"]
