from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.brokers import Broker
from tests.integration.celery.scene import Scene

OpenScene: TypeAlias = Callable[..., Scene]


@pytest.fixture
def opened(broker: Broker, tmp_path: Path) -> Iterator[OpenScene]:
    """Opens a scene on SQLite, with each broker."""
    with ExitStack() as scenes:

        def opened(options: str = "hosts_options", database_url: str | None = None) -> Scene:
            url = database_url or f"sqlite:///{tmp_path / 'desk.db'}"
            return scenes.enter_context(Scene(tmp_path, broker, url, options))

        yield opened


@pytest.fixture
def scene(opened: OpenScene) -> Scene:
    return opened()
