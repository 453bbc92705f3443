"""Chaos over ``ticket-export worker``, on both databases."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.embedded_postgresql import EmbeddedServer
from tests.engines.chaos_tests import ChaosTests, PostgresqlChaosTests
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


class TestOnPostgresql(PostgresqlChaosTests):
    @pytest.fixture
    def engine(self, server: EmbeddedServer) -> JobEngine:
        return DatabaseQueueOnPostgresql(server)
