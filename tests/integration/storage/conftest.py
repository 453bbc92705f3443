from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_export.infrastructure.storage.local.storage import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "exports-root"


@pytest.fixture
def storage(root: Path) -> LocalStorage:
    return LocalStorage(root)
