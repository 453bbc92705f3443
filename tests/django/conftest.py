"""The help desk's project on each database, in processes of its own (`project`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.django.project import DeskProject
from tests.postgresql_server import PostgresqlServer

# The suites of a host, which `test_host_suites.py` runs in processes of their own.
collect_ignore_glob = ["suites/test_*.py"]


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskProject]:
    """The project on an empty database of each kind."""
    if request.param == "sqlite":
        yield DeskProject(tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    with server.database(migrated=False) as url:
        yield DeskProject(tmp_path, url)
