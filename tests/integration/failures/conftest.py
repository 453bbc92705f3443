from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.failures.scene import FailureScene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[FailureScene]:
    scene = FailureScene(tmp_path)
    yield scene
    scene.close()
