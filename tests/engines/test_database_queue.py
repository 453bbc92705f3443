"""Chaos over ``ticket-export worker``, on both databases."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.engines.chaos_tests import ChaosTests
from tests.postgresql_server import PostgresqlServer
from ticket_export import Settings, TicketExportContainer
from ticket_export.testing import JobEngine, SupportsDatabaseRestart


class DatabaseQueue(JobEngine):
    def container(self, settings: Settings) -> TicketExportContainer:
        return TicketExportContainer(settings=settings)

    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        return [[sys.executable, "-m", "ticket_export.entrypoints.cli", "worker"]] * 2


class DatabaseQueueOnPostgresql(DatabaseQueue, SupportsDatabaseRestart):
    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server

    def restart_database(self) -> None:
        self._server.restart("fast")


class TestOnSqlite(ChaosTests):
    @pytest.fixture
    def engine(self) -> JobEngine:
        return DatabaseQueue()


class TestOnPostgresql(ChaosTests):
    @pytest.fixture
    def server(self) -> Iterator[EmbeddedServer]:
        with restartable_postgresql() as server:
            yield server

    @pytest.fixture
    def database_url(self, server: EmbeddedServer) -> Iterator[str]:
        with PostgresqlServer(server.url).database(migrated=False) as url:
            yield url

    @pytest.fixture
    def engine(self, server: EmbeddedServer) -> JobEngine:
        return DatabaseQueueOnPostgresql(server)
