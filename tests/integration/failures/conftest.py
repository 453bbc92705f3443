from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.failures.scene import FailureScene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[FailureScene]:
    scene = FailureScene(tmp_path)
    yield scene
    scene.close()
