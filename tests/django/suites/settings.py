"""The settings of the help desk for suites of a host.

The tests' SQLite is in memory, or with ``DESK_TEST_FILE`` a file. There is also another database.
"""

import os

from tests.django.settings import *  # noqa: F403
from tests.django.settings import DATABASES as _DATABASES
from tests.django.settings import FOLDER

_IS_FILE = "DESK_TEST_FILE" in os.environ
ROOT_URLCONF = "tests.django.suites.urls"
DATABASES = {
    "default": {**_DATABASES["default"], "TEST": {"NAME": FOLDER / "test.db" if _IS_FILE else None}},
    "other": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "other.db",
        "TEST": {"NAME": FOLDER / "other_test.db"},
    },
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
