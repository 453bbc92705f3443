"""Brokers that the tests of a process share, each test with empty queues."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.brokers import Broker, RabbitMQ, Valkey, started
from tests.programs import VARIABLE


@pytest.fixture(scope="session")
def valkey_of_all_tests() -> Iterator[Broker]:
    with started(Valkey) as broker:
        yield broker


@pytest.fixture(scope="session")
def rabbitmq_of_all_tests() -> Iterator[Broker]:
    if not os.environ.get(VARIABLE):
        pytest.skip(f"RabbitMQ takes long to start; its tests run where {VARIABLE} is set")
    with started(RabbitMQ) as broker:
        yield broker


@pytest.fixture
def valkey(valkey_of_all_tests: Broker) -> Iterator[Broker]:
    """With empty queues; a test may stop it."""
    yield valkey_of_all_tests
    valkey_of_all_tests.renew()


@pytest.fixture
def rabbitmq(rabbitmq_of_all_tests: Broker) -> Iterator[Broker]:
    """As above."""
    yield rabbitmq_of_all_tests
    rabbitmq_of_all_tests.renew()


#: The names of the brokers that take part in tests of both. The chaos of `tests/engines` names it where one is missing.
BROKERS = ["valkey", "rabbitmq"] if os.environ.get(VARIABLE) else ["valkey"]


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of the two."""
    found: Broker = request.getfixturevalue(request.param)
    return found
