"""Chaos over the workers and the beat of a host's Celery application, on each broker.

One worker has a pool of processes, the other one a pool of threads.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import pytest
from celery import Celery

from tests.brokers import Broker
from tests.engines.chaos_tests import ChaosTests
from ticket_export import Settings, TicketExportContainer
from ticket_export.celery import install
from ticket_export.testing import JobEngine, SupportsBroker


@attrs.frozen
class CeleryEngine(JobEngine, SupportsBroker):
    broker: Broker
    options: str

    def container(self, settings: Settings) -> TicketExportContainer:
        container = TicketExportContainer(settings=settings)
        install(Celery(broker=self.broker.url), container)
        return container

    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        celery = [sys.executable, "-m", "celery", "-A", "tests.integration.celery.app:app"]
        worker = [*celery, "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle", "-Q", "ticket-exports"]
        return [
            [*worker, "-n", "processes@%h", "--pool=prefork", "--concurrency=2"],
            [*worker, "-n", "threads@%h", "--pool=threads", "--concurrency=2"],
            [*celery, "beat", "--loglevel=INFO", "--schedule", str(folder / "beat"), "--pidfile="],
        ]

    def environment(self) -> Mapping[str, str]:
        return {"HOST_BROKER": self.broker.url, "HOST_OPTIONS": self.options}

    def stop_broker(self) -> None:
        self.broker.stop()

    def start_broker(self) -> None:
        self.broker.start()

    def flush_broker(self) -> None:
        self.broker.flush()


class TestOnValkey(ChaosTests):
    @pytest.fixture
    def engine(self, valkey: Broker) -> JobEngine:
        return CeleryEngine(valkey, "tests.integration.celery.hosts_options")


class TestOnRabbitMQ(ChaosTests):
    @pytest.fixture
    def engine(self, rabbitmq: Broker) -> JobEngine:
        return CeleryEngine(rabbitmq, "tests.integration.celery.hosts_options")
