"""The help desk in the tests' own process, on two databases at once: `SQLITE` is a file, `SERVER` is PostgreSQL.

Django's settings belong to the whole process, so all tests that use Django here share these. Models can be imported
after `set_up_django`, so a test module calls it before it imports them::

    set_up_django()
    from tests.django.desk.models import Ticket
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from sqlalchemy import make_url

if TYPE_CHECKING:
    # A plugin that pytest has not loaded yet.
    from tests.postgresql_server import PostgresqlServer

#: The aliases of the two databases.
SQLITE: Final = "default"
SERVER: Final = "server"


@cache
def set_up_django() -> Path:
    """Configure Django once, with the settings of the help desk; return the folder of its files."""
    import django
    from django.conf import settings

    folder = Path(mkdtemp(prefix="ticket-export-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with patch.dict(os.environ, {"DESK_FOLDER": str(folder)}):
        os.environ.pop("DESK_DATABASE", None)
        from tests.django import settings as desk
    own: dict[str, Any] = {name: value for name, value in vars(desk).items() if name.isupper()}
    own["INSTALLED_APPS"] = [*own["INSTALLED_APPS"], "tests.django.kinds"]
    own["DATABASES"] = {SQLITE: own["DATABASES"]["default"], SERVER: {"ENGINE": "django.db.backends.postgresql"}}
    settings.configure(**own)
    django.setup()
    return folder


@pytest.fixture(scope="session")
def desk_databases(postgresql_server: PostgresqlServer) -> Iterator[tuple[str, str]]:
    """The aliases of both databases, with the tables of all applications and without a row."""
    folder = set_up_django()
    from django.db import connections

    # The library's engines and the tests write at the same time.
    with sqlite3.connect(folder / "desk.db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with postgresql_server.database(migrated=False) as url:
        _use(url)
        for alias in (SQLITE, SERVER):
            _create_tables(alias)
        yield SQLITE, SERVER
        connections.close_all()


@pytest.fixture(params=[SQLITE, SERVER], ids=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest, desk_databases: tuple[str, str]) -> str:
    """The alias of each database. What the test writes through Django stays there until the test deletes it."""
    assert request.param in desk_databases
    return str(request.param)


def empty(alias: str) -> None:
    """Delete all rows of all models, and begin to count their keys again."""
    from django.core.management import call_command

    call_command("flush", database=alias, interactive=False, verbosity=0, inhibit_post_migrate=True)


def _use(url: str) -> None:
    from django.db import connections

    given = make_url(url)
    # The wrappers of all threads have this very dictionary.
    connections.settings[SERVER].update(
        NAME=given.database,
        USER=given.username or "",
        PASSWORD=given.password or "",
        HOST=given.host or given.query.get("host", ""),
        PORT=given.port or given.query.get("port", ""),
    )


def _create_tables(alias: str) -> None:
    from django.core.management import call_command

    # `kinds` has no migrations: its models change with the tests.
    call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
