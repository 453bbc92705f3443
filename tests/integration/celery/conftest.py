from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.broker_fixtures import BROKERS
from tests.brokers import Broker
from tests.integration.celery.scene import Scene

OpenScene: TypeAlias = Callable[..., Scene]


@pytest.fixture
def opened(broker: Broker, tmp_path: Path) -> Iterator[OpenScene]:
    """Opens a scene on SQLite, with each broker."""
    with ExitStack() as scenes:

        def opened(options: str = "hosts_options") -> Scene:
            return scenes.enter_context(Scene(tmp_path, broker, f"sqlite:///{tmp_path / 'desk.db'}", options))

        yield opened


@pytest.fixture
def scene(opened: OpenScene) -> Scene:
    """Without processes of Celery."""
    return opened()


@pytest.fixture(scope="module", params=BROKERS)
def of_all_tests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    broker: Broker = request.getfixturevalue(f"{request.param}_of_all_tests")
    folder = tmp_path_factory.mktemp("scene")
    with Scene(folder, broker, f"sqlite:///{folder / 'desk.db'}") as scene:
        scene.worker("--pool=prefork", "--concurrency=2")
        scene.beat()
        yield scene


@pytest.fixture
def running(of_all_tests: Scene) -> Iterator[Scene]:
    """With a worker of two processes, and beat, which the tests of a module share."""
    yield of_all_tests
    of_all_tests.release()
