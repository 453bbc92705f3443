"""The chaos kit as these tests run it: ``CHAOS_EXPORTS=200`` is the long form, ``CHAOS_SEED`` repeats a run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.postgresql_server import PostgresqlServer
from ticket_export.testing import EngineContract


class ChaosTests(EngineContract):
    exports = int(os.environ.get("CHAOS_EXPORTS", "10"))
    seed = int(os.environ["CHAOS_SEED"]) if "CHAOS_SEED" in os.environ else None


class PostgresqlChaosTests(ChaosTests):
    """On a PostgreSQL that no other test uses, so that the engine may restart it."""

    @pytest.fixture
    def server(self) -> Iterator[EmbeddedServer]:
        with restartable_postgresql() as server:
            yield server

    @pytest.fixture
    def database_url(self, server: EmbeddedServer) -> Iterator[str]:
        with PostgresqlServer(server.url).database(migrated=False) as url:
            yield url
