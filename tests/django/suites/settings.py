"""The settings of the help desk for suites of a host.

The tests' SQLite is in memory, or with ``DESK_TEST_FILE`` a file.
"""

from tests.django.settings import *  # noqa: F403
from tests.django.settings import DATABASES as _DATABASES
from tests.django.settings import FOLDER, os

ROOT_URLCONF = "tests.django.suites.urls"
DATABASES = {
    "default": {
        **_DATABASES["default"],
        "TEST": {"NAME": FOLDER / "test.db" if "DESK_TEST_FILE" in os.environ else None},
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
