"""Chaos over the workers of a Celery application, with each broker, pool of processes and threads, and beat."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from celery import Celery

from tests.brokers import Broker
from tests.embedded_postgresql import EmbeddedServer
from tests.engines.chaos_tests import DisturbedEngine, PostgresqlChaosTests
from tests.integration.celery.hosts_options import environment
from ticket_export import Settings, TicketExportContainer
from ticket_export.celery import install
from ticket_export.testing import JobEngine


class CeleryEngine(DisturbedEngine):
    """A worker of each kind of pool, and beat; the application has the options of that module."""

    def __init__(self, broker: Broker, database: EmbeddedServer, options: str) -> None:
        super().__init__(broker, database)
        self._url = broker.url
        self._options = options

    def container(self, settings: Settings) -> TicketExportContainer:
        container = TicketExportContainer(settings=settings)
        install(Celery(broker=self._url), container)
        return container

    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        celery = (sys.executable, "-m", "celery", "-A", "tests.integration.celery.app:app")
        worker = (*celery, "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle")
        return [
            [*worker, "--hostname=processes@test", "--pool=prefork", "--concurrency=2"],
            [*worker, "--hostname=threads@test", "--pool=threads", "--concurrency=2"],
            [*celery, "beat", "--loglevel=INFO", "--schedule", str(folder / "beat")],
        ]

    def environment(self) -> Mapping[str, str]:
        return environment(self._url, f"tests.integration.celery.{self._options}")


class TestWithValkey(PostgresqlChaosTests):
    @pytest.fixture
    def engine(self, valkey: Broker, server: EmbeddedServer) -> JobEngine:
        return CeleryEngine(valkey, server, "hosts_options")


class TestWithRabbitMQ(PostgresqlChaosTests):
    # It takes long to start, and Celery then waits for up to half a minute before it connects again.
    patience = 180

    @pytest.fixture
    def engine(self, rabbitmq: Broker, server: EmbeddedServer) -> JobEngine:
        return CeleryEngine(rabbitmq, server, "hostile_options")
