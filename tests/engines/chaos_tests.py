"""The chaos kit as these tests run it: ``CHAOS_EXPORTS=200`` is the long form, ``CHAOS_SEED`` repeats a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.postgresql_server import PostgresqlServer
from ticket_export.testing import EngineContract, JobEngine, SupportsBroker, SupportsDatabaseRestart


class ChaosTests(EngineContract):
    exports = int(os.environ.get("CHAOS_EXPORTS", "10"))
    seed = int(os.environ["CHAOS_SEED"]) if "CHAOS_SEED" in os.environ else None


class Broker(Protocol):
    def stop(self) -> None: ...
    def start(self) -> None: ...
    def flush(self) -> None: ...


class DisturbedEngine(JobEngine, SupportsBroker, SupportsDatabaseRestart):
    """An engine whose broker and whose database the kit may disturb."""

    def __init__(self, broker: Broker, database: EmbeddedServer) -> None:
        self._broker = broker
        self._database = database

    def stop_broker(self) -> None:
        self._broker.stop()

    def start_broker(self) -> None:
        self._broker.start()

    def flush_broker(self) -> None:
        self._broker.flush()

    def restart_database(self) -> None:
        self._database.restart("fast")


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
