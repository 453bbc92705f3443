from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.checks.host import Host
from tests.postgresql_server import PostgresqlServer


@contextmanager
def _created(folder: Path, url: str) -> Iterator[Host]:
    host = Host.prepared(folder, url)
    try:
        host.create()
        yield host
    finally:
        host.close()


@pytest.fixture
def sqlite_host(tmp_path: Path) -> Iterator[Host]:
    """A host on SQLite without a mistake."""
    with _created(tmp_path, f"sqlite:///{tmp_path}/crm.db") as host:
        yield host


@pytest.fixture
def postgresql_host(tmp_path: Path, postgresql_server: PostgresqlServer) -> Iterator[Host]:
    """A host on PostgreSQL without a mistake."""
    with postgresql_server.database(migrated=False) as url, _created(tmp_path, url) as host:
        yield host
